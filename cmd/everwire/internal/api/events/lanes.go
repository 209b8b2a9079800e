package events

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Retries say how often an event is offered to a backend that does not take it, and how long to wait
// between. The zero value means the defaults.
type Retries struct {
	// Attempts is how many there are in all. Default 10; one is no retry.
	Attempts int

	// First is how long to wait after the first one, give or take half; it doubles each time, up to Most.
	// Defaults 500 ms and 30 s. With these the last attempt is about two minutes after the first.
	First, Most time.Duration
}

func (r Retries) withDefaults() Retries {
	if r.Attempts <= 0 {
		r.Attempts = 10
	}
	if r.First <= 0 {
		r.First = 500 * time.Millisecond
	}
	if r.Most <= 0 {
		r.Most = max(30*time.Second, r.First)
	}
	return r
}

// pause is how long to wait after so many attempts.
func (r Retries) pause(attempts int) time.Duration {
	p := r.First
	for range attempts - 1 {
		if p *= 2; p >= r.Most {
			p = r.Most
			break
		}
	}
	return p/2 + rand.N(p/2+1)
}

// errFinal is for an attempt after which no other one makes sense.
var errFinal = errors.New("the backend does not take it")

// later is an error with which the backend says how long it wants to be left alone.
type later struct {
	error
	after time.Duration
}

// lanes are queues between those who tell of events and the backend.
type lanes struct {
	deliver func(ctx context.Context, e *event) error
	retries Retries
	most    int64 // events that may wait, those under way included
	octets  int64 // of their bodies
	log     *slog.Logger

	seed    maphash.Seed
	lanes   []lane
	ctx     context.Context // of the attempts
	cancel  context.CancelFunc
	working sync.WaitGroup

	waiting   atomic.Int64
	held      atomic.Int64 // octets
	delivered atomic.Int64
	retried   atomic.Int64
	givenUp   atomic.Int64
	leftOut   atomic.Int64
	complaint seldom
}

// A lane is a queue with one goroutine behind it.
type lane struct {
	mu     sync.Mutex
	queue  []*event
	closed bool
	more   chan struct{} // has room for one: there is something, or it is closed
}

// start makes n lanes, whose goroutines end by close.
func (l *lanes) start(n int) {
	l.seed = maphash.MakeSeed()
	l.lanes = make([]lane, n)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	for i := range l.lanes {
		l.lanes[i].more = make(chan struct{}, 1)
		l.working.Go(func() { l.work(&l.lanes[i]) })
	}
}

// add has an event delivered after all others of its connection. It does not wait.
func (l *lanes) add(connection string, e *event) {
	most := l.most
	if e.kind == typeDisconnect { // of all events the one that a backend misses most
		most *= 2
	}
	size := int64(len(e.body))
	lane := &l.lanes[maphash.String(l.seed, connection)%uint64(len(l.lanes))]
	waiting, held := l.waiting.Add(1), l.held.Add(size)
	if waiting > most || held > most/l.most*l.octets || !lane.put(e) {
		l.gone(size)
		n := l.leftOut.Add(1)
		l.complaint.log(l.log, "events for the backend are left out: too many wait, or the server stops", "in all", n)
	}
}

// gone is for an event that waits no more.
func (l *lanes) gone(size int64) {
	l.waiting.Add(-1)
	l.held.Add(-size)
}

func (ln *lane) put(e *event) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.closed {
		return false
	}
	ln.queue = append(ln.queue, e)
	ln.signal()
	return true
}

func (ln *lane) signal() {
	select {
	case ln.more <- struct{}{}:
	default:
	}
}

// take returns what waits, which may be nothing, and whether there will be more.
func (ln *lane) take() (queue []*event, more bool) {
	<-ln.more
	ln.mu.Lock()
	defer ln.mu.Unlock()
	queue, ln.queue = ln.queue, nil
	return queue, !ln.closed
}

func (ln *lane) close() {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.closed = true
	ln.signal()
}

func (l *lanes) work(ln *lane) {
	for more := true; more; {
		var queue []*event
		queue, more = ln.take()
		for i, e := range queue {
			queue[i] = nil
			l.offer(e)
			l.gone(int64(len(e.body)))
		}
	}
}

// offer offers an event until the backend has taken it, or enough is enough.
func (l *lanes) offer(e *event) {
	for attempt := 1; ; attempt++ {
		err := l.deliver(l.ctx, e)
		if err == nil {
			l.delivered.Add(1)
			return
		}
		if attempt >= l.retries.Attempts || errors.Is(err, errFinal) || !l.wait(attempt, err) {
			n := l.givenUp.Add(1)
			l.complaint.log(l.log, "the backend did not take an event", "event", e.id, "type", e.kind, "attempts", attempt, "error", err, "in all", n)
			return
		}
		l.retried.Add(1)
	}
}

// mostLater is how long a backend may ask to be left alone.
const mostLater = time.Minute

// wait waits before the next attempt, and reports whether there is to be one.
func (l *lanes) wait(attempt int, err error) bool {
	pause := l.retries.pause(attempt)
	var asked *later
	if errors.As(err, &asked) {
		pause = max(pause, min(asked.after, mostLater))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// close delivers what waits until ctx ends, then gives it up. It takes nothing new.
func (l *lanes) close(ctx context.Context) error {
	for i := range l.lanes {
		l.lanes[i].close()
	}
	done := make(chan struct{})
	go func() {
		l.working.Wait()
		close(done)
	}()
	defer l.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		l.cancel()
		<-done
		return ctx.Err()
	}
}

func (l *lanes) figures() Figures {
	return Figures{
		Waiting: l.waiting.Load(), Delivered: l.delivered.Load(), Retried: l.retried.Load(),
		GivenUp: l.givenUp.Load(), LeftOut: l.leftOut.Load(),
	}
}

// seldom says the same thing again only after a while.
type seldom struct {
	mu   sync.Mutex
	last time.Time
}

const seldomPause = 10 * time.Second

func (s *seldom) log(to *slog.Logger, text string, args ...any) {
	s.mu.Lock()
	due := s.last.IsZero() || time.Since(s.last) >= seldomPause
	if due {
		s.last = time.Now()
	}
	s.mu.Unlock()
	if due {
		to.Warn(text, args...)
	}
}
