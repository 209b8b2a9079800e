package websocket

import (
	"bytes"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// A TapEvent is a frame that a [Socket.Tap] has seen.
type TapEvent struct {
	Time   time.Time    // when its header came, or when it was given to the operating system
	Sent   bool         // by this end; else it was received
	Header frame.Header // as on the wire
	Lost   uint64       // how many frames before this one the tap has not shown, all in all, because too many waited

	// Payload is the beginning of the frame's payload, at most 4 KiB, unmasked; Header.Length says how much there was. Of a
	// message that is compressed it is compressed. It may be kept, but not changed, since others may have it too.
	Payload []byte

	// Compressed says that the payload is compressed. Of a continuation frame the header does not tell; nor does this of one
	// whose message began before the tap.
	Compressed bool
}

// Tap shows f the frames of a live connection, both ways, from the next one of each on, until remove is called or the
// connection ends. It is for operators: nothing waits for f, which runs on a goroutine of its own, for one frame at a time. Up
// to 256 frames wait for it; further ones are lost, and counted in the next event.
//
// A socket that nobody taps pays nothing for it. It may have several taps. Remove ends one at once, and may be called
// more than once, and in f: frames that wait are not shown any more, but f may be running right now. Frames that were seen before the
// connection ended are still shown afterwards. A panic in f is logged, and ends the tap but not the connection.
//
// A received frame is shown when it has come as far as Payload goes, one that is sent when it is first offered to the operating
// system, which may not take it. A frame whose header breaks the protocol is not shown; see OnError.
func (s *Socket) Tap(f func(TapEvent)) (remove func()) {
	t := &tap{events: make(chan TapEvent, tapQueue), over: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return func() {}
	}
	if s.taps == nil {
		s.more().taps = &taps{s: s}
	}
	s.taps.add(t)
	s.state.Or(tapped)
	s.post(event{kind: eventTapped})
	remove = func() { s.untap(t) }
	go t.run(f, remove)
	return remove
}

const (
	tapQueue   = 256
	tapPayload = 4 << 10
)

// untap takes a tap off.
func (s *Socket) untap(t *tap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.removed.Store(true)
	if s.taps == nil || !s.taps.remove(t) {
		return
	}
	if len(s.taps.now()) == 0 {
		s.noTaps()
	}
}

// noTaps ends the tapping of a socket. Call with mu held.
func (s *Socket) noTaps() {
	s.extra.taps = nil
	s.restExtra()
	s.state.And(^uint32(tapped))
	s.post(event{kind: eventTapped})
}

// endTaps has the taps of a socket that has ended show what waits, and end. Call with mu held.
func (s *Socket) endTaps() {
	if s.taps == nil {
		return
	}
	for _, t := range s.taps.now() {
		close(t.over)
	}
	s.noTaps()
}

// tapInput has the receiver shown, or not any more, to who taps. Call with the delivery token.
func (s *Socket) tapInput() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.arrival == &noArrival:
	case s.taps == nil:
		s.receiver.SetTap(nil)
	default:
		s.receiver.SetTap(s.taps)
	}
}

// tapOutput shows a batch, before it is first offered to the stream, to who taps. Call with mu held.
func (s *Socket) tapOutput(b *batch) {
	if s.state.Load()&tapped != 0 {
		s.taps.sent(b)
	}
}

// A tap is one who looks on.
type tap struct {
	events  chan TapEvent
	lost    atomic.Uint64
	removed atomic.Bool
	over    chan struct{} // closed when no more events come
}

// offer has an event shown, if not too many wait.
func (t *tap) offer(ev *TapEvent) {
	ev.Lost = t.lost.Load()
	select {
	case t.events <- *ev:
	default:
		t.lost.Add(1)
	}
}

// run shows events until there are no more.
func (t *tap) run(f func(TapEvent), remove func()) {
	defer remove()
	defer func() {
		if v := recover(); v != nil {
			slog.Error("websocket: panic in a Tap", "value", v, "stack", string(debug.Stack()))
		}
	}()
	for !t.removed.Load() {
		select {
		case ev := <-t.events:
			f(ev)
			continue
		default:
		}
		select {
		case ev := <-t.events:
			if !t.removed.Load() {
				f(ev)
			}
		case <-t.over:
			if len(t.events) == 0 {
				return
			}
		}
	}
}

// taps are those who look on at a socket. The list changes with Socket.mu held.
type taps struct {
	s    *Socket
	list atomic.Pointer[[]*tap]

	in      TapEvent // being put together; owned by who holds the delivery token
	missing int64    // octets of its payload to come
	inRun   compressedRun
	outRun  compressedRun // guarded by Socket.mu
}

func (x *taps) now() []*tap {
	if list := x.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (x *taps) add(t *tap) {
	list := append(x.now()[:len(x.now()):len(x.now())], t)
	x.list.Store(&list)
}

// remove reports whether t was among them.
func (x *taps) remove(t *tap) bool {
	var list []*tap
	for _, other := range x.now() {
		if other != t {
			list = append(list, other)
		}
	}
	was := len(list) < len(x.now())
	x.list.Store(&list)
	if was {
		close(t.over)
	}
	return was
}

func (x *taps) offer(ev *TapEvent) {
	for _, t := range x.now() {
		t.offer(ev)
	}
}

// A compressedRun tells which frames are compressed, from header to header.
type compressedRun bool

func (r *compressedRun) next(h *frame.Header, perFrame bool) bool {
	own := h.Rsv&frame.Rsv1 != 0
	switch {
	case h.Opcode.Control() || perFrame:
		return own
	case h.Opcode != frame.Continuation:
		*r = compressedRun(own)
	}
	return bool(*r)
}

// Begin is the Receiver's word of a frame.
func (x *taps) Begin(h frame.Header) {
	compressed := x.inRun.next(&h, x.s.info.deflate.PerFrame)
	x.in = TapEvent{Time: time.Now(), Header: h, Compressed: compressed}
	x.missing = min(h.Length, tapPayload)
	if x.missing == 0 {
		x.offer(&x.in)
		return
	}
	x.in.Payload = make([]byte, 0, x.missing)
}

// Payload is the Receiver's word of a piece of it.
func (x *taps) Payload(p []byte) {
	if x.missing == 0 { // there is enough, or the frame began before
		return
	}
	p = p[:min(int64(len(p)), x.missing)]
	x.in.Payload = append(x.in.Payload, p...)
	if x.missing -= int64(len(p)); x.missing == 0 {
		x.offer(&x.in)
		x.in = TapEvent{}
	}
}

// sent shows a batch that is offered to the stream. Call with Socket.mu held.
func (x *taps) sent(b *batch) {
	now, perFrame := time.Now(), x.s.info.deflate.PerFrame
	rest := b.out
	if bytes.HasPrefix(rest, []byte("HTTP/")) { // which begins no frame of ours: the answer to the handshake
		_, rest, _ = bytes.Cut(rest, []byte("\r\n\r\n"))
	}
	for len(rest) > 0 {
		ev := TapEvent{Time: now, Sent: true}
		n, err := ev.Header.Parse(rest)
		if n == 0 || err != nil {
			return
		}
		rest = rest[n:]
		payload := rest[:min(int64(len(rest)), ev.Header.Length)]
		rest = rest[len(payload):]
		if int64(len(payload)) < ev.Header.Length {
			payload = b.tail
		}
		ev.Payload = bytes.Clone(payload[:min(len(payload), tapPayload)])
		if ev.Header.Masked {
			frame.Mask(ev.Payload, ev.Header.Key)
		}
		ev.Compressed = x.outRun.next(&ev.Header, perFrame)
		x.offer(&ev)
	}
}
