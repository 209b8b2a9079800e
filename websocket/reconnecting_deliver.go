package websocket

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// Delivery of a ReconnectingSocket's events works as a Socket's does: who holds the one delivery token runs
// listeners; everybody else puts events into the mailbox, which is delivered before the token is given back.
// A listener of a Socket below waits for the token, and so do its own events; all else has a goroutine
// of its own while the mailbox has something.

// hearer is one function in a list; removed takes effect also on a list already being run through.
type hearer[F any] struct {
	f       F
	removed atomic.Bool
}

func eachHearer[F any](list []*hearer[F], call func(F)) {
	for _, x := range list {
		if !x.removed.Load() {
			call(x.f)
		}
	}
}

// hearers are the listeners of one event.
type hearers[F any] struct {
	mu   sync.Mutex
	list []*hearer[F] // never changed, but replaced
}

func (h *hearers[F]) add(f F) Listener {
	x := &hearer[F]{f: f}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(slices.Clip(h.list), x)
	return Listener{remove: func() {
		x.removed.Store(true)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.list = slices.DeleteFunc(slices.Clone(h.list), func(y *hearer[F]) bool { return y == x })
	}}
}

// now returns those who hear an event that comes now.
func (h *hearers[F]) now() []*hearer[F] {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list
}

// post puts an event into the mailbox. Call with mu held.
func (rs *ReconnectingSocket) post(event func()) {
	rs.mailbox = append(rs.mailbox, event)
	if !rs.delivering {
		rs.delivering = true
		go rs.deliver()
	}
}

// waitFor has f run as a listener does, and waits until it has returned, or panicked, or ended its goroutine.
func (rs *ReconnectingSocket) waitFor(f func()) {
	done := make(chan struct{})
	rs.mu.Lock()
	rs.post(func() {
		defer close(done)
		f()
	})
	rs.mu.Unlock()
	<-done
}

// during runs f, which runs listeners, in a listener of a Socket below.
func (rs *ReconnectingSocket) during(f func()) {
	rs.mu.Lock()
	rs.acquiring++
	for rs.delivering && !rs.passed {
		rs.changed.Wait()
	}
	rs.acquiring--
	rs.passed = false
	rs.delivering = true
	rs.mu.Unlock()
	returned := false
	defer func() {
		if !returned { // runtime.Goexit in a listener
			go rs.deliver()
		}
	}()
	rs.guard(f)
	if !rs.releaseSoon() {
		go rs.deliver()
	}
	returned = true
}

// deliver delivers the mailbox and gives the token back; it survives runtime.Goexit in a listener.
func (rs *ReconnectingSocket) deliver() {
	returned := false
	defer func() {
		if !returned {
			go rs.deliver()
		}
	}()
	for !rs.releaseSoon() && !rs.pass() {
	}
	returned = true
}

// pass gives the token, with what is in the mailbox, to who waits for it in during.
func (rs *ReconnectingSocket) pass() bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.passed = rs.acquiring > 0
	rs.changed.Broadcast()
	return rs.passed
}

// releaseSoon gives the token back when the mailbox is empty, and returns false if there are so many events that others may wait.
func (rs *ReconnectingSocket) releaseSoon() bool {
	for range eventsAtOnce {
		rs.mu.Lock()
		if len(rs.mailbox) == 0 {
			rs.mailbox = nil
			rs.delivering = false
			rs.changed.Broadcast()
			rs.mu.Unlock()
			return true
		}
		event := rs.mailbox[0]
		rs.mailbox[0] = nil
		rs.mailbox = rs.mailbox[1:]
		rs.mu.Unlock()
		rs.guard(event)
	}
	return false
}

// guard runs f, and ends the ReconnectingSocket if f panics.
func (rs *ReconnectingSocket) guard(f func()) {
	defer func() {
		if v := recover(); v != nil {
			rs.panicked(&PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	f()
}

// panicked ends the ReconnectingSocket because of a panic in one of the program's functions.
func (rs *ReconnectingSocket) panicked(err *PanicError) {
	heard := rs.onError.now()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	first := rs.fatal == nil && !rs.ended
	if len(heard) == 0 || !first {
		slog.Error("websocket: panic in a callback", "value", err.Value, "stack", string(err.Stack))
	}
	if !first {
		return
	}
	rs.fatal = err
	rs.stop()
	if rs.socket != nil {
		rs.socket.Close(CloseInternalError, "")
	}
	rs.postError(err)
}

// postError posts an error event. Call with mu held.
func (rs *ReconnectingSocket) postError(err error) {
	rs.post(func() {
		eachHearer(rs.onError.now(), func(f func(*ReconnectingSocket, error)) { f(rs, err) })
	})
}
