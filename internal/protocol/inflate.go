package protocol

import (
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// inflater is what a Receiver has where compression was agreed on (RFC 7692, or per frame).
type inflater struct {
	deflate.Decompressor
	perFrame bool

	active bool  // the message in progress is compressed; with perFrame, the frame
	full   bool  // there is more to come of the input so far
	taken  int64 // octets announced by the message's compressed frames
}

// Inflate lets messages be compressed, with what p says of the peer's direction. Call it after Init.
func (r *Receiver) Inflate(p deflate.Params) {
	r.inflater = &inflater{perFrame: p.PerFrame}
	if r.role == Server {
		r.inflater.Init(p.ClientMaxWindowBits, !p.ClientNoContextTakeover)
	} else {
		r.inflater.Init(p.ServerMaxWindowBits, !p.ServerNoContextTakeover)
	}
}

// Pending reports whether Next has more events without further input. Until it has not, the input of the
// last call must stay as it is, unless Keep was called.
func (r *Receiver) Pending() bool { return r.inflater != nil && r.inflater.full && !r.done }

// Effort returns how much work it was to inflate the last piece, as [deflate.Decompressor.Effort] does. Call it while a
// compressed message is in progress.
func (r *Receiver) Effort() int { return r.inflater.Effort() }

// Keep copies what is unread of the input of the last call, which from then on may change.
func (r *Receiver) Keep() {
	if r.Pending() {
		r.inflater.Keep()
	}
}

// Release gives back the memory that the payload of the last event lies in, if that was the end of its
// message, or the input has ended.
func (r *Receiver) Release() {
	if r.inflater != nil && (r.done || !r.InMessage()) {
		r.inflater.Release()
	}
}

// Holds returns about how many octets of memory a compressed message in progress takes.
func (r *Receiver) Holds() int {
	if r.inflater == nil {
		return 0
	}
	return r.inflater.Holds()
}

// mayBeCompressed reports whether RSV1, and nothing else, is set where it has a meaning (RFC 7692 §6).
func (r *Receiver) mayBeCompressed(h *frame.Header) bool {
	return r.inflater != nil && h.Rsv == frame.Rsv1 && !h.Opcode.Control() &&
		(h.Opcode != frame.Continuation || r.inflater.perFrame)
}

// judgeReserved says what is wrong about a frame's reserved bits.
func judgeReserved(h *frame.Header, i *inflater) *frame.Violation {
	switch {
	case i == nil || h.Rsv != frame.Rsv1:
		return violation("RFC 6455 §5.2", "a reserved bit is set and no extension gives it a meaning")
	case h.Opcode.Control():
		return violation("RFC 7692 §6", "a control frame has RSV1 set")
	}
	return violation("RFC 7692 §6", "a continuation frame has RSV1 set")
}

// willInflate reports whether the frame that h begins is compressed.
func (i *inflater) willInflate(h *frame.Header) bool {
	if h.Opcode == frame.Continuation && !i.perFrame {
		return i.active
	}
	return h.Rsv&frame.Rsv1 != 0
}

// judgeSize bounds what a message takes while it is compressed, which says little about its size, but
// that data which does not compress grows hardly at all.
func (i *inflater) judgeSize(h *frame.Header, max int64) *frame.Violation {
	taken := i.taken
	if h.Opcode != frame.Continuation {
		taken = 0
	}
	if max > 0 && taken > max+max/64+1024-h.Length {
		return largerThan(max)
	}
	if taken+h.Length < 0 {
		return tooBig("a message is larger than can be counted")
	}
	return nil
}

func (i *inflater) begin(h *frame.Header) {
	i.active = i.willInflate(h)
	if h.Opcode != frame.Continuation {
		i.taken = 0
	}
	if i.active {
		i.taken += h.Length
	}
}

// inflate hands on what comes of the octets that are here of the compressed frame in progress.
func (r *Receiver) inflate(in []byte) (Event, []byte) {
	var input []byte
	i := r.inflater
	rest := in
	if !i.full {
		input, rest = r.take(in)
	}
	piece, state, err := i.Next(input, r.left == 0 && (r.fin || i.perFrame))
	if err != nil {
		return r.fail(&frame.Violation{
			Code: frame.CloseInvalidPayload, Section: "RFC 7692 §7.2.2", Detail: "a message's compressed data is corrupt",
		}), nil
	}
	i.full = state == deflate.Full
	r.inFrame = r.left > 0 || i.full
	r.size += int64(len(piece))
	if max := r.limits.MessageSize; max > 0 && r.size > max {
		return r.fail(largerThan(max)), nil
	}
	last := r.fin && !r.inFrame
	switch {
	case len(piece) > 0 || last:
		return r.handOn(piece, last), rest
	case i.full:
		return Event{Kind: Working}, rest
	}
	return Event{}, rest
}
