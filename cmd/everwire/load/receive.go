package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// sampled says every how many messages the content is compared.
const sampled = 64

// slack is how many octets longer than the message a compressed one may be: what the stored blocks of DEFLATE add.
func slack(n int) int64 { return int64(n/1000 + 64) }

// A receiver takes what a server sends apart and judges it. It keeps no octet of a message unless that is to be
// inflated.
type receiver struct {
	left    int64 // octets of the frame's payload that are to come
	pos     int64 // octets of the message's payload that came
	seen    int64 // messages that came whole
	head    [maxHead]byte
	headLen uint8 // octets of head that came, where a header came in parts
	opcode  uint8 // of the frame
	state   receiveState
	rare    *rare
}

// receiveState is a set of flags.
type receiveState uint8

const (
	inFrame    receiveState = 1 << iota // the header has come and the payload has not ended
	inMessage                           // a data frame has come and the message has not ended
	final                               // the frame is its message's last
	compressed                          // the message is
	comparing                           // its content is looked at
)

// rare is what few connections need at a time.
type rare struct {
	control  []byte // the payload of a control frame that came in parts
	gathered []byte // a compressed message
	inflater *inflater
	pongs    []byte // control frames that wait for the socket
	midPong  bool   // one of them was written in part
	box      *outbox
}

func (r *rare) outbox() *outbox {
	if r.box == nil {
		r.box = new(outbox)
	}
	return r.box
}

func (r *receiver) more() *rare {
	if r.rare == nil {
		r.rare = new(rare)
	}
	return r.rare
}

// A control is a control frame that came whole. Its payload is valid until the next call.
type control struct {
	opcode  byte
	payload []byte
}

// next takes in apart, up to its end, to the end of a control frame, or of a message where c is for a single one; rest is
// what it did not look at. It returns how many messages ended, and how many of those were compared octet by octet.
func (r *receiver) next(c *content, in []byte) (rest []byte, messages, checked int, ctl control, err error) {
	for len(in) > 0 {
		if r.state == 0 && r.headLen == 0 && len(in) >= c.replyLen && c.headMask != 0 &&
			binary.LittleEndian.Uint64(in)&c.headMask == c.head {
			if r.seen%sampled == 0 {
				if err := compare(in[c.headLen:c.replyLen], c.message, 0); err != nil {
					return in, messages, checked, ctl, err
				}
				checked++
			}
			r.seen++
			messages++
			in = in[c.replyLen:]
			continue
		}
		if r.state&inFrame == 0 {
			n, err := r.header(c, in)
			if err != nil {
				return in, messages, checked, ctl, err
			}
			in = in[n:]
			if r.state&inFrame == 0 {
				break
			}
		}
		n := int(min(int64(len(in)), r.left))
		piece := in[:n]
		in = in[n:]
		r.left -= int64(n)
		if r.opcode >= opClose {
			if ctl, err = r.control(piece); err != nil || ctl.opcode != 0 {
				return in, messages, checked, ctl, err
			}
			continue
		}
		if err := r.data(c, piece); err != nil {
			return in, messages, checked, ctl, err
		}
		if r.left > 0 {
			continue
		}
		r.state &^= inFrame
		if r.state&final == 0 {
			continue
		}
		did, err := r.ended(c)
		if err != nil {
			return in, messages, checked, ctl, err
		}
		if did {
			checked++
		}
		messages++
		if c.single {
			break
		}
	}
	return in, messages, checked, ctl, nil
}

// header takes a frame's header, perhaps with what of it came before, and says how many octets of in it was.
func (r *receiver) header(c *content, in []byte) (int, error) {
	before := int(r.headLen)
	var whole [maxHead]byte
	copy(whole[:], r.head[:before])
	there := before + copy(whole[before:], in)
	need := 2
	if there >= 2 {
		switch whole[1] &^ maskBit {
		case 126:
			need = 4
		case 127:
			need = 10
		}
	}
	if there < need {
		r.head = whole
		r.headLen = uint8(there)
		return there - before, nil
	}
	r.headLen = 0
	return need - before, r.begin(c, whole[:need])
}

// begin judges a header and starts its frame.
func (r *receiver) begin(c *content, head []byte) error {
	fin, opcode, short := head[0]&finBit != 0, head[0]&0x0f, head[1]&^maskBit
	n := int64(short)
	switch short {
	case 126:
		n = int64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		n = int64(binary.BigEndian.Uint64(head[2:]))
	}
	switch {
	case head[1]&maskBit != 0:
		return errors.New("the server masked a frame (RFC 6455 §5.1)")
	case n < 0 || short == 126 && n < 126 || short == 127 && n < 1<<16:
		return fmt.Errorf("a payload's length is not encoded as it must be: % x (RFC 6455 §5.2)", head)
	case head[0]&0x30 != 0:
		return fmt.Errorf("a frame has reserved bits set: % x (RFC 6455 §5.2)", head)
	case opcode >= opClose:
		if opcode > opPong || !fin || n > maxControl || head[0]&rsv1Bit != 0 {
			return fmt.Errorf("not a control frame that may be sent: % x (RFC 6455 §5.5)", head)
		}
	case opcode == opContinuation:
		if r.state&inMessage == 0 || head[0]&rsv1Bit != 0 {
			return fmt.Errorf("a continuation frame where there is nothing to continue, or with RSV1: % x (RFC 6455 §5.4)", head)
		}
	case r.state&inMessage != 0:
		return fmt.Errorf("a message started within another: % x (RFC 6455 §5.4)", head)
	case c.surplus:
		return errors.New("got a message more than were sent")
	case opcode != c.opcode && !(c.lenient && opcode <= opBinary):
		return fmt.Errorf("got a message with opcode %d, expected %d", opcode, c.opcode)
	case head[0]&rsv1Bit != 0 && (r.rare == nil || r.rare.inflater == nil):
		return errors.New("got a compressed message where that was not agreed on")
	}
	r.opcode, r.left = opcode, n
	r.state |= inFrame
	if opcode >= opClose {
		return nil
	}
	if r.state&inMessage == 0 {
		r.startMessage(c, head[0]&rsv1Bit != 0)
	}
	if fin {
		r.state |= final
	}
	if c.lenient {
		return nil
	}
	limit := int64(len(c.message))
	if r.state&compressed != 0 {
		limit += slack(len(c.message))
	}
	if n > limit-r.pos { // n may be anything up to 2^63
		return fmt.Errorf("got a message of %d octets or more, expected %d", uint64(r.pos)+uint64(n), len(c.message))
	}
	return nil
}

func (r *receiver) startMessage(c *content, deflated bool) {
	r.state |= inMessage
	r.pos = 0
	if c.lenient {
		return
	}
	if c.single || r.seen%sampled == 0 {
		r.state |= comparing
	}
	if deflated {
		r.state |= compressed
		if r.rare.inflater.takeover { // the next message may refer to this one
			r.state |= comparing
		}
		r.rare.gathered = r.rare.gathered[:0]
	}
}

// control takes a piece of a control frame. A control frame without an opcode says that it has not ended.
func (r *receiver) control(piece []byte) (control, error) {
	if r.rare != nil && len(r.rare.control) > 0 {
		r.rare.control = append(r.rare.control, piece...)
		piece = r.rare.control
	}
	if r.left > 0 {
		if r.more(); len(r.rare.control) == 0 {
			r.rare.control = append(r.rare.control, piece...)
		}
		return control{}, nil
	}
	if r.rare != nil {
		r.rare.control = r.rare.control[:0]
	}
	r.state &^= inFrame
	return control{r.opcode, piece}, nil
}

// data takes a piece of a message's payload.
func (r *receiver) data(c *content, piece []byte) error {
	at := r.pos
	r.pos += int64(len(piece))
	switch {
	case r.state&comparing == 0:
		return nil
	case r.state&compressed != 0:
		r.rare.gathered = append(r.rare.gathered, piece...)
		return nil
	}
	return compare(piece, c.message[at:r.pos], at)
}

// ended ends a message and says whether it was compared.
func (r *receiver) ended(c *content) (bool, error) {
	was := r.state
	r.state = 0
	r.seen++
	switch {
	case c.lenient:
	case was&compressed == 0:
		if r.pos != int64(len(c.message)) {
			return false, fmt.Errorf("got a message of %d octets, expected %d", r.pos, len(c.message))
		}
	case was&comparing != 0:
		if err := r.rare.inflater.inflate(r.rare.gathered, c.message); err != nil {
			return false, err
		}
		if !r.rare.inflater.takeover {
			r.rare.gathered = nil // it is not needed for long
		}
	}
	return was&comparing != 0, nil
}

// discardable says how many octets from here on are a payload that nobody will look at.
func (r *receiver) discardable() int64 {
	if r.state&(inFrame|comparing) != inFrame || r.opcode >= opClose {
		return 0
	}
	return r.left
}

// compare says where got, which starts at an offset of a message, is not what was expected.
func compare(got, want []byte, offset int64) error {
	if bytes.Equal(got, want) {
		return nil
	}
	if len(got) != len(want) {
		return fmt.Errorf("got a message of %d octets, expected %d", len(got), len(want))
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	end := min(len(got), i+8)
	return fmt.Errorf("wrong content at octet %d: got % x, expected % x", offset+int64(i), got[i:end], want[i:end])
}
