package terminal

import (
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// An event is what a connection has to tell, in the order in which it was delivered.
type event struct {
	at   time.Time
	what any // opened, arrival, pinged, pong, failure, unopened or websocket.CloseEvent
}

type (
	opened  struct{ socket *websocket.Socket }
	arrival struct {
		kind websocket.MessageType
		data []byte
	}
	pinged   struct{}
	pong     string
	failure  struct{ err error } // the error event
	unopened struct{ err error } // there is no socket, and no close event
)

// An inbox is where listeners put events and the session takes them. It is bounded: when it is full, the
// socket is paused, so that TCP holds the server back until the screen has caught up.
type inbox struct {
	wake chan struct{} // has a value when there is something

	mu     sync.Mutex
	events []event
	octets int               // of messages in events
	paused *websocket.Socket // by us; nil if none
}

// The inbox is full with so many events or octets. One message more always fits.
const (
	maxEvents = 4096
	maxOctets = 4 << 20
)

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put adds an event of a socket, nil if it is of none.
func (b *inbox) put(s *websocket.Socket, what any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, event{time.Now(), what})
	if m, ok := what.(arrival); ok {
		b.octets += len(m.data)
	}
	if b.paused == nil && s != nil && (len(b.events) >= maxEvents || b.octets >= maxOctets) {
		b.paused = s
		s.Pause()
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take removes events, oldest first: at least one, if there is any, and no more than so many octets of
// messages and so many events. More says that some are left; held, that the socket is paused.
func (b *inbox) take(events, octets int) (taken []event, more, held bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(b.events) && n < events && octets > 0 {
		if m, ok := b.events[n].what.(arrival); ok {
			octets -= len(m.data)
			b.octets -= len(m.data)
		}
		n++
	}
	taken = append(taken, b.events[:n]...)
	rest := copy(b.events, b.events[n:])
	clear(b.events[rest:])
	b.events = b.events[:rest]
	if rest == 0 {
		b.events = nil
	}
	if b.paused != nil && len(b.events) <= maxEvents/2 && b.octets <= maxOctets/2 {
		b.paused.Resume()
		b.paused = nil
	}
	return taken, rest > 0, b.paused != nil
}
