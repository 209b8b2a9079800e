package protocol

import "github.com/everwire/everwire/websocket/frame"

// A Tap looks on while a [Receiver] takes frames that break no rule of framing. Begin is called with each header; then Payload
// with the pieces of the frame's payload, unmasked, and compressed if they came so, until there is all of it. A control frame's
// comes in one piece. They must not keep what they are given.
type Tap interface {
	Begin(h frame.Header)
	Payload(p []byte)
}

// SetTap has t look on, from the next frame on; nil takes it off. It belongs to whoever calls Next. In the middle of a frame t is
// given the rest of its payload, without a header.
func (r *Receiver) SetTap(t Tap) { r.tap = t }

// show has the tap look at a frame that came whole.
func (r *Receiver) show(header, payload []byte) {
	var h frame.Header
	h.Parse(header) // it was judged
	r.tap.Begin(h)
	r.tap.Payload(payload)
}
