package nats

import (
	"sync"

	"github.com/everwire/everwire/hub"
)

// What may wait for one Follower.
const (
	maxWaiting       = 4096
	maxWaitingOctets = 16 << 20
)

// An outbox hands on what a Follower is to be told, on a goroutine that lives while there is anything, so
// that a slow one holds nobody up.
type outbox struct {
	follower hub.Follower
	emptied  func() // called with mu held when all was handed on

	mu      sync.Mutex // never held while the follower is called
	queue   []telling
	octets  int
	running bool
	stopped bool
}

// A telling is a message, or a hole before what comes after a position.
type telling struct {
	message *hub.Message
	lost    hub.Position
}

// full reports whether a message has no room. O.mu is held.
func (o *outbox) full() bool { return len(o.queue) >= maxWaiting || o.octets >= maxWaitingOctets }

// put has the follower told of something. O.mu is held.
func (o *outbox) put(t telling) {
	if o.stopped {
		return
	}
	o.queue = append(o.queue, t)
	if t.message != nil {
		o.octets += len(t.message.Data)
	}
	if !o.running {
		o.running = true
		go o.run()
	}
}

func (o *outbox) run() {
	var batch []telling
	for {
		clear(batch)
		o.mu.Lock()
		if len(o.queue) == 0 {
			o.running, o.queue = false, nil
			if o.emptied != nil && !o.stopped {
				o.emptied()
			}
			o.mu.Unlock()
			return
		}
		batch, o.queue = o.queue, batch[:0]
		o.octets = 0
		o.mu.Unlock()
		for _, t := range batch {
			if !o.open() {
				break
			}
			if t.message != nil {
				o.follower.Message(t.message)
			} else {
				o.follower.Lost(t.lost)
			}
		}
	}
}

func (o *outbox) open() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.stopped
}

// stop has the follower be told no more, and reports whether it was this call that did.
func (o *outbox) stop() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return false
	}
	o.stopped, o.queue = true, nil
	return true
}
