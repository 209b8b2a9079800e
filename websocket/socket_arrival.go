package websocket

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/internal/protocol"
)

// arrival is what a socket has while it reads, and on from there as long as a message has come in part. Without, it has
// noArrival, which is never written to. It belongs to who holds the delivery token, but that Socket.mu guards which one a
// socket has, and that standsSince can be asked for with it.
type arrival struct {
	receiver protocol.Receiver
	in       []byte  // read, and not yet made into events
	kept     *buffer // memory of in, if it is this socket's; of a loop's
	assembly assembly

	standsSince   atomic.Int64 // when something of the message in progress last arrived; 0 between messages
	arrivedBefore uint64       // what the receiver said of it
	toldArrived   uint64       // the same, when an Observer was last told of a message
	inputHolding  holding

	// Of the loop's turn.
	now   time.Duration // when it began
	away  bool          // it is not made on the loop
	fresh bool          // in was read, and the Socket has not been told of it
	made  int           // about how many octets could have been inflated in the time that this took
	bound int           // of made, where others go first; 0: none
}

var noArrival arrival

var arrivals = sync.Pool{New: func() any { return new(arrival) }}

// takeArrival sees to it that the socket has an arrival of its own. Call with the delivery token, and mu held.
func (s *Socket) takeArrival() {
	if s.arrival == &noArrival {
		s.arrival = arrivals.Get().(*arrival)
		s.receiver.Init(s.sender.Role(), &s.settings.receive)
		if s.state.Load()&tapped != 0 {
			s.receiver.SetTap(s.taps)
		}
	}
}

// restArrival gives it back if nothing has come in part. Call with the delivery token, and mu held.
func (s *Socket) restArrival() {
	a := s.arrival
	if len(a.in) > 0 || a.kept != nil || !a.receiver.Idle() || a.assembly != (assembly{}) ||
		a.inputHolding != (holding{}) || a.standsSince.Load() != 0 || a == &noArrival {
		return
	}
	s.arrival = &noArrival
	a.in, a.arrivedBefore, a.toldArrived, a.fresh, a.made, a.bound = nil, 0, 0, false, 0, 0
	arrivals.Put(a)
}
