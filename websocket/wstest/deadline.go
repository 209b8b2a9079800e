package wstest

import (
	"sync"
	"time"
)

// deadline is the deadline of one direction of a connection, as [net.Conn] defines it. It belongs to the
// connection's mutex, which is held for every call and around expired.
type deadline struct {
	timer   *time.Timer
	expired bool
}

// set replaces the deadline; a zero t removes it. When t comes, or at once if it has come, expired becomes
// true and passed is called with mu held.
func (d *deadline) set(t time.Time, mu *sync.Mutex, passed func()) {
	d.stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expired = true
		passed()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		mu.Lock()
		defer mu.Unlock()
		if d.timer != timer {
			return // it fired while set or stop held mu, and is no longer the deadline
		}
		d.expired = true
		passed()
	})
	d.timer = timer
}

// stop forgets a deadline that has not come.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
