package websocket

import "github.com/everwire/everwire/websocket/frame"

// A Prepared is a message that goes to many sockets: it is encoded once, and every socket's queue
// refers to the same octets. It never changes and is safe for concurrent use.
type Prepared struct {
	typ   MessageType
	frame []byte // as a server sends it, in one unmasked frame
	at    int    // where in frame the payload begins
}

// Prepare copies data into a [Prepared]. Text that is not UTF-8 is [ErrInvalidUTF8]; a type other than
// Text and Binary is another error.
func Prepare(t MessageType, data []byte) (*Prepared, error) {
	if err := checkMessage(t, data); err != nil {
		return nil, err
	}
	h := frame.Header{Fin: true, Opcode: frame.Opcode(t), Length: int64(len(data))}
	b := h.Append(make([]byte, 0, h.Size()+len(data)))
	return &Prepared{typ: t, frame: append(b, data...), at: len(b)}, nil
}

// Type returns whether the message is text or binary.
func (p *Prepared) Type() MessageType { return p.typ }

// Len returns the size of the message in octets, before framing.
func (p *Prepared) Len() int { return len(p.frame) - p.at }

func (p *Prepared) payload() []byte { return p.frame[p.at:] }
