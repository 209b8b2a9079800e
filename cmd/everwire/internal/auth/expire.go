package auth

import (
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// CloseExpired is the code that a connection is closed with whose token has expired. It is of the range for
// private use (RFC 6455 §7.4.2).
const CloseExpired = 4401

// Expire closes a socket with [CloseExpired], "token expired", when grace has passed after a grant has
// expired, unless it is called again before with another grant: one that expires later, or never. So a client
// that brings a new token in time stays. A grant that has expired so long ago closes it at once. A socket has
// one timer, which ends with it. Expire is safe for concurrent use; the last call counts.
func Expire(s *websocket.Socket, g *Grant, grace time.Duration) {
	expiryOf(s).set(s, g, grace)
}

// expiry is the timer of a socket.
type expiry struct {
	mu    sync.Mutex
	timer *time.Timer // nil: none runs
}

var (
	expiries = websocket.NewKey[*expiry]()
	making   sync.Mutex // so that two calls at once do not make two of one socket
)

func expiryOf(s *websocket.Socket) *expiry {
	making.Lock()
	defer making.Unlock()
	e, ok := expiries.Get(s)
	if !ok {
		e = &expiry{}
		expiries.Set(s, e)
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { e.end() })
	}
	return e
}

func (e *expiry) set(s *websocket.Socket, g *Grant, grace time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	if g == nil || g.Expires.IsZero() || s.ReadyState() == websocket.Closed {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(g.Expires.Add(grace)), func() {
		e.mu.Lock()
		current := e.timer == timer // a new grant may have come when this one's time was up
		e.mu.Unlock()
		if current {
			s.Close(CloseExpired, "token expired")
		}
	})
	e.timer = timer
}

func (e *expiry) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
}
