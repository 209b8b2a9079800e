package protocol

import (
	"sync"

	"github.com/everwire/everwire/websocket/frame"
)

// partial keeps the beginning of a header or of a control frame that has not arrived whole. Only a
// connection in that state has one.
type partial struct {
	n      int  // octets kept
	spent  bool // the frame was yielded; its payload is on loan until the next call
	octets [frame.MaxHeaderSize + frame.MaxControlPayload]byte
}

var partials = sync.Pool{New: func() any { return new(partial) }}

// keep puts aside input that is not yet a header, or not yet a whole control frame.
func (r *Receiver) keep(in []byte) {
	r.partial = partials.Get().(*partial)
	r.partial.n = copy(r.partial.octets[:], in)
}

// release gives the kept octets' memory back.
func (r *Receiver) release() {
	r.partial.spent = false
	partials.Put(r.partial)
	r.partial = nil
}

// resume adds input to what was kept. It returns an event if that completes a control frame, or breaks
// a rule; otherwise None, and as input what is left of it.
func (r *Receiver) resume(in []byte) (Event, []byte) {
	p := r.partial
	if p.spent || r.done {
		r.release()
		return Event{}, in
	}
	for {
		var hdr frame.Header
		n, err := hdr.Parse(p.octets[:p.n])
		if err != nil {
			r.release()
			return r.fail(err.(*frame.Violation)), nil
		}
		want := p.n + 1 // a header's length shows only octet by octet
		if n > 0 {
			if v := r.judge(&hdr); v != nil {
				r.release()
				return r.fail(v), nil
			}
			if !hdr.Opcode.Control() {
				r.release()
				r.begin(&hdr)
				return Event{}, in
			}
			if want = n + int(hdr.Length); p.n == want {
				p.spent = true
				return r.control(&hdr, p.octets[n:want]), in
			}
		}
		if len(in) == 0 {
			return Event{}, nil
		}
		took := copy(p.octets[p.n:want], in)
		p.n += took
		in = in[took:]
	}
}
