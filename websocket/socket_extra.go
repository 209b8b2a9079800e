package websocket

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"
)

// extra is what most sockets never need. A socket without has noExtra, which is never written to. Whoever reads it
// without Socket.mu must know that the socket has one, and keeps it.
type extra struct {
	compressor *compressor // where compression was agreed on; belongs to who writes
	rating     *rating     // if there are Rates
	values     *value      // what the program attached
	lifetime   *lifetime   // if Context was called
	ping       *pingOut    // the program's last one, until it is answered
	ending     *ending     // once it begins to close

	groups *memberships // besides the first
	taps   *taps        // who looks on

	door *netip.Addr // as whose the server counted it in; nil: as nobody's

	other driver // what drives the socket if no loop does

	dialStop context.CancelFunc // gives up connecting
}

var noExtra extra

// more returns the socket's own extra, for something to be put there. Call with mu held.
func (s *Socket) more() *extra {
	if s.extra == &noExtra {
		s.extra = new(extra)
	}
	return s.extra
}

// restExtra gives the extra back if nothing is in it any more. Call with mu held.
func (s *Socket) restExtra() {
	x := s.extra
	if x.compressor == nil && x.rating == nil && x.values == nil && x.lifetime == nil && x.ping == nil &&
		x.ending == nil && x.door == nil && x.groups == nil && x.taps == nil && x.other == nil && x.dialStop == nil {
		s.extra = &noExtra
	}
}

// A rating holds a socket to Rates.
type rating struct {
	meter    *meter      // belongs to who holds the delivery token
	throttle *time.Timer // ends a wait; guarded by Socket.mu

	until atomic.Int64 // when the wait ends, by the engine's clock
}

// A lifetime is a Socket's Context.
type lifetime struct {
	context.Context
	cancel context.CancelFunc
}

// pingOut is a Ping of the program, to measure the round trip.
type pingOut struct {
	payload []byte
	at      time.Duration // by the engine's clock
}

// An ending is what a socket keeps of how it is closed.
type ending struct {
	reason   string        // of the peer's Close frame
	inputEnd error         // what ended the input, on a loop
	lingered int64         // octets that were discarded
	lingerBy time.Duration // when lingering, or the part of it that comes first, ends, by the engine's clock
	resting  bool          // lingering goes on reading at the next tick
	movedAt  time.Duration // when the stream last took something, by the engine's clock
}

// ends returns the socket's ending. Call with mu held.
func (s *Socket) ends() *ending {
	x := s.more()
	if x.ending == nil {
		x.ending = new(ending)
	}
	return x.ending
}
