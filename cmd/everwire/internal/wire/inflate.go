package wire

import (
	"errors"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// errLost is Message.Err where the context that a message refers to is not known.
var errLost = errors.New("an earlier message could not be inflated, and this one may refer to it")

// inflate feeds a piece of a compressed message, or its end, and takes what comes out as its content.
func (d *Decoder) inflate(s *side, p []byte, last bool) {
	m := &s.message
	if !d.config.Messages || m.Err != nil {
		return
	}
	if m.Err = s.given; m.Err != nil {
		return
	}
	for {
		out, state, err := s.inflater.Next(p, last)
		if err != nil {
			s.broken = append(s.broken, violation(frame.CloseInvalidPayload, "RFC 7692 §7.2.2", "compressed data that is corrupt"))
			s.lose(err)
			return
		}
		d.content(s, out)
		p = nil
		if m.Length > d.config.Inflate {
			s.lose(errTooLarge)
			return
		}
		if state != deflate.Full {
			return
		}
	}
}

// lose gives up a message, and with context takeover all that come after it.
func (s *side) lose(err error) {
	s.inflater.Release()
	s.message.Err = err
	if s.takeover {
		s.given = errLost
	}
}

// stopInflating gives up a message that ends before its end.
func (s *side) stopInflating() {
	s.inflating = false
	s.inflater.Release()
	if s.takeover && s.given == nil {
		s.given = errLost
	}
}
