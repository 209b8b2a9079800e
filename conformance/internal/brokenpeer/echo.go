package brokenpeer

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/everwire/everwire/websocket/deflate"
)

// linger is how long the end of the other's stream is waited for, once the connection is over.
const linger = time.Second

// obstinacy is how long a peer that does not end a connection keeps it: more than any suite's patience with
// it.
const obstinacy = 4 * time.Second

// after is how long a peer that minds frames behind a Close frame looks for them: less than any suite's patience with it.
const after = 400 * time.Millisecond

// A conn is one connection.
type conn struct {
	nc     net.Conn
	in     *bufio.Reader
	client bool
	fault  Fault

	params   *params // nil without compression
	inflate  *inflater
	compress *deflate.Compressor

	takeover bool          // of what it compresses
	wide     *flate.Writer // whose window is the largest, whatever was agreed on
	wideOut  bytes.Buffer

	message message
	pings   [][]byte // to be answered
	late    []byte   // the payload of the last, if that is answered by the next Pong
	split   bool     // the last control frame was not final, and that was taken
	closing bool     // Close frames were exchanged
}

// A message is the one in progress.
type message struct {
	op         byte // 0 between messages
	compressed bool
	data       []byte
	cuts       []int // where fragments ended
	utf8       checker
}

// serve echoes until the connection is over, and ends it.
func (c *conn) serve() {
	if p := c.params; p != nil {
		ours, theirs := p.serverBits, !p.clientNoTakeover
		takeover := !p.serverNoTakeover
		if c.client {
			ours, theirs, takeover = p.clientBits, !p.serverNoTakeover, !p.clientNoTakeover
		}
		c.takeover = takeover
		c.inflate = &inflater{fault: c.fault, takeover: theirs}
		c.compress = new(deflate.Compressor)
		c.compress.Init(ours, 6, takeover || c.fault == KeepsContext)
		defer c.compress.Abandon()
	}
	if c.fault == LosesPipelined {
		c.in.Discard(c.in.Buffered())
	}
	err := c.loop()
	var f *failure
	switch {
	case errors.As(err, &f):
		c.fail(f)
	case (err == io.EOF || err == io.ErrUnexpectedEOF) && c.fault == IgnoresHalfClose:
		c.stay()
	}
	c.end()
}

// fail sends a Close frame because of a failure.
func (c *conn) fail(f *failure) {
	code := f.code
	switch c.fault {
	case FailsWithoutClose:
		return
	case FailsWith1000:
		code = 1000
	case NeverFails:
		c.stay()
		return
	}
	c.send(0x80|opClose, append([]byte{byte(code >> 8), byte(code)}, f.reason...))
}

// stay keeps the connection open for a time, and takes no notice of what comes, be it the end of the other's
// stream.
func (c *conn) stay() {
	until := time.Now().Add(obstinacy)
	c.nc.SetReadDeadline(until)
	if _, err := io.Copy(io.Discard, c.in); err == nil {
		time.Sleep(time.Until(until))
	}
}

// end ends the stream: a server at once, a client after the server (RFC 6455 §7.1.1). What arrives meanwhile
// is read, as an unread octet would make the end a reset, which may overtake the Close frame.
func (c *conn) end() {
	c.nc.SetReadDeadline(time.Now().Add(linger))
	if c.closing && c.fault == NeverEndsStream {
		c.stay()
		return
	}
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok && (!c.client || !c.closing) {
		half.CloseWrite()
	}
	io.Copy(io.Discard, c.in)
}

var errClosed = errors.New("the connection is closed")

// loop reads frames until there is a reason to stop.
func (c *conn) loop() error {
	for {
		h, err := c.header(c.message.op == 0)
		if err != nil {
			return err
		}
		if h.op > opBinary && h.op < opClose || h.op > opPong {
			_, err = c.payload(&h)
		} else if h.control() {
			err = c.control(&h)
		} else {
			err = c.data(&h)
		}
		if err == nil {
			err = c.answerPings()
		}
		if err != nil {
			return err
		}
	}
}

// control does what a control frame asks for.
func (c *conn) control(h *header) error {
	p, err := c.payload(h)
	if err != nil {
		return err
	}
	if c.message.op != 0 && h.op != opClose {
		switch c.fault {
		case ForgetsAtControl:
			c.message.data, c.message.cuts = nil, nil
		case ControlEndsMessage:
			c.split = true
			if err := c.whole(); err != nil {
				return err
			}
		}
	}
	switch {
	case h.op == opClose:
		return c.closed(p)
	case h.op == opPing, c.fault == PongIsPing:
		c.pings = append(c.pings, p)
	case c.fault == PongIsError:
		return failed(1002, "a Pong that answers nothing")
	}
	return nil
}

// answerPings sends the Pongs that are due.
func (c *conn) answerPings() error {
	switch c.fault {
	case NeverPongs:
		return nil
	case PongsBetweenMessages:
		if c.message.op != 0 {
			return nil
		}
	case PongsReversed:
		if c.in.Buffered() > 0 {
			return nil
		}
		slices.Reverse(c.pings)
	case PongsLate:
		for i := range c.pings {
			c.late, c.pings[i] = c.pings[i], c.late
		}
	}
	for _, p := range c.pings {
		switch {
		case c.fault == PongsEmpty:
			p = nil
		case c.fault == CutsPongs:
			p = p[:min(len(p), 124)]
		case c.fault == SendsFragmentedPong:
			if err := c.send(opPong, p[:len(p)/2]); err != nil {
				return err
			}
			if err := c.send(0x80, p[len(p)/2:]); err != nil {
				return err
			}
			continue
		}
		if err := c.send(0x80|opPong, p); err != nil {
			return err
		}
	}
	c.pings = nil
	return nil
}

// closed answers a Close frame.
func (c *conn) closed(p []byte) error {
	if len(p) == 1 && c.fault != AcceptsShortClose {
		return failed(1002, "a Close frame of 1 octet")
	}
	if len(p) == 1 {
		p = []byte{1000 >> 8, 1000 & 0xff}
	}
	if len(p) > 0 {
		code := int(p[0])<<8 | int(p[1])
		private := code >= 3000 && code <= 4999
		known := code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)
		switch {
		case !known && !private && c.fault != AcceptsCloseCodes, private && c.fault == RejectsPrivateCodes:
			return failed(1002, "a code that must not be sent")
		case !valid(p[2:]) && c.fault != ChecksNoReason:
			return failed(1007, "a reason that is not UTF-8")
		case c.fault == EmptyCloseOnly:
			return failed(1002, "a Close frame with a payload")
		}
		p = p[:2]
	}
	switch c.fault {
	case NeverRepliesToClose:
		return errClosed
	case Sends1006:
		p = []byte{1006 >> 8, 1006 & 0xff}
	case ShortCloseReply:
		p = []byte{3}
	}
	c.closing = true
	if err := c.send(0x80|opClose, p); err != nil {
		return err
	}
	switch c.fault {
	case PongsAfterClose, EchoesAfterClose, FailsAfterClose:
		c.nc.SetReadDeadline(time.Now().Add(after))
		return c.goOn()
	}
	return errClosed
}

// goOn minds what comes behind a Close frame.
func (c *conn) goOn() error {
	if c.fault == FailsAfterClose {
		c.message = message{}
	}
	for {
		h, err := c.header(c.message.op == 0)
		switch {
		case err != nil && c.fault != FailsAfterClose:
			return errClosed
		case err != nil:
			return err
		case h.op == opPing && c.fault == PongsAfterClose:
			if err = c.control(&h); err == nil {
				err = c.answerPings()
			}
		case !h.control() && c.fault == EchoesAfterClose:
			err = c.data(&h)
		case c.fault == FailsAfterClose:
			return failed(1002, "a frame after a Close frame")
		default:
			_, err = c.payload(&h)
		}
		if err != nil {
			return errClosed
		}
	}
}

// data reads a message's frame, and echoes the message if it was the last.
func (c *conn) data(h *header) error {
	m := &c.message
	if h.op != opContinuation {
		*m = message{op: h.op, compressed: h.rsv&rsv1 != 0 && c.params != nil, utf8: checker{fault: c.fault}}
		if c.params != nil && c.fault == ForgetsUncompressed {
			m.compressed = true
		}
	}
	if m.op == 0 { // nothing to continue
		_, err := c.payload(h)
		return err
	}
	buf := make([]byte, min(h.length, 64<<10))
	fresh := len(m.data)
	for left := h.length; left > 0; {
		n, err := c.read(h, buf[:min(uint64(len(buf)), left)])
		if err != nil {
			return err
		}
		left -= uint64(n)
		m.data = append(m.data, buf[:n]...)
		if len(m.data) > maxMessage || len(m.data) > 65535 && c.fault == LimitsTo64K {
			return failed(1009, "the message is too large")
		}
		early := c.fault != ChecksUTF8AtEnd && c.fault != ChecksUTF8AtFrameEnd && c.fault != ChecksUTF8PerFragment
		if m.op == opText && !m.compressed && early && c.fault != ChecksNoUTF8 && !m.utf8.take(buf[:n]) {
			return failed(1007, "text that is not UTF-8")
		}
	}
	if m.op == opText && !m.compressed {
		switch {
		case c.fault == ChecksUTF8AtFrameEnd && !m.utf8.take(m.data[fresh:]),
			c.fault == ChecksUTF8PerFragment && !valid(m.data[fresh:]):
			return failed(1007, "text that is not UTF-8")
		}
	}
	m.cuts = append(m.cuts, len(m.data))
	if len(m.cuts) > 4 && c.fault == LimitsFragments {
		return failed(1009, "too many fragments")
	}
	if !h.fin {
		return nil
	}
	return c.whole()
}

// whole echoes the message that is there.
func (c *conn) whole() error {
	m := c.message
	c.message = message{}
	content := m.data
	if m.compressed {
		var err error
		switch content, err = c.inflate.message(m.data); {
		case err == errTooLarge:
			return failed(1009, "the message is too large")
		case err != nil:
			return failed(1007, err.Error())
		}
	}
	if m.op == opText && c.fault != ChecksNoUTF8 {
		switch {
		case m.compressed, c.fault == ChecksUTF8AtEnd:
			check := checker{fault: c.fault}
			if !check.take(content) || !check.whole() {
				return failed(1007, "text that is not UTF-8")
			}
		case !m.utf8.whole():
			return failed(1007, "text that is not UTF-8")
		}
	}
	switch {
	case c.fault == DropsEmpty && len(content) == 0:
		return nil
	case c.fault == TextAsBinary:
		m.op = opBinary
	case c.fault == LosesLastFragment && !m.compressed && len(m.cuts) > 1:
		content = content[:m.cuts[len(m.cuts)-2]]
	case c.fault == EchoesFragments && !m.compressed:
		from := 0
		for _, to := range m.cuts {
			if err := c.echo(m.op, content[from:to]); err != nil {
				return err
			}
			from = to
		}
		return nil
	}
	return c.echo(m.op, content)
}

// echo sends a message.
func (c *conn) echo(op byte, content []byte) error {
	if c.compress == nil {
		if err := c.send(0x80|op, content); err != nil {
			return err
		}
		if c.fault == SendsStray {
			return c.send(0x80, nil)
		}
		return nil
	}
	if c.fault == MarksUncompressed {
		return c.send(0x80|rsv1|op, content)
	}
	var data []byte
	if c.fault == IgnoresWindow {
		data = c.widely(content)
	} else {
		data = c.compress.AppendFragment(nil, content, true)
		c.compress.Remember(content)
	}
	switch c.fault {
	case KeepsTail:
		data = append(data, 0, 0, 0xff, 0xff)
	case MarksContinuations:
		if err := c.send(rsv1|op, data[:len(data)/2]); err != nil {
			return err
		}
		return c.send(0x80|rsv1, data[len(data)/2:])
	}
	if err := c.send(0x80|rsv1|op, data); err != nil {
		return err
	}
	if c.fault == SendsStray {
		return c.send(0x80, nil)
	}
	return nil
}

// widely compresses a message with distances of up to 32 KiB.
func (c *conn) widely(content []byte) []byte {
	c.wideOut.Reset()
	if c.wide == nil {
		c.wide, _ = flate.NewWriter(&c.wideOut, flate.BestCompression)
	} else if !c.takeover {
		c.wide.Reset(&c.wideOut)
	}
	c.wide.Write(content)
	c.wide.Flush()
	return bytes.Clone(bytes.TrimSuffix(c.wideOut.Bytes(), []byte{0, 0, 0xff, 0xff}))
}
