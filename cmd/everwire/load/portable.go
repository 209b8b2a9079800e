package load

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// portable is the driver with two goroutines for each connection, for TLS and for systems without event loops. One lock
// guards what connections and coordinator share: it is simple, not quick.
type portable struct {
	*setup
	live    atomic.Int64
	running sync.WaitGroup // every goroutine
	changed chan struct{}  // has something in it when the coordinator should look

	mu       sync.Mutex
	tally    tally
	streams  []*stream
	content  *content
	doing    taskKind // what is under way, if active
	active   bool
	measure  *measure
	spread   *spread
	inFlight int64
	owed     int64
	due      int64 // messages that were found to be due
	arrivals Arrivals
	failure  error // the first since the task began

	writer   *writer // renders messages; nil: they are all the same
	changing bool    // connections come and go in a run
	changes  changes
	senders  []*stream   // those that are open and not leaving, while changing
	turn     int         // whose it is
	attempts []*attempt  // at connections, by their numbers, in a run
	trying   int         // how many there are
	try      func(i int) // starts one
	dials    sync.WaitGroup
}

func newPortable(s *setup) (driver, error) {
	p := &portable{
		setup: s, content: s.content, changed: make(chan struct{}, 1),
		changing: s.plan.changing(), changes: newChanges(&s.plan, 1),
	}
	p.tally.init(processUsage)
	p.streams = make([]*stream, s.plan.slots())
	p.attempts = make([]*attempt, s.plan.slots())
	if s.render != nil {
		p.writer = newWriter(s, s.plan.slots())
	}
	p.live.Store(int64(s.plan.Connections))
	return p, nil
}

func (p *portable) tallies() []*tally { return []*tally{&p.tally} }

// processUsage is what this process has used of the processors that it may use.
func processUsage() usage {
	return usage{busy: processCPU() / time.Duration(runtime.GOMAXPROCS(0))}
}

func (p *portable) readings() []reading {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []reading{p.tally.read()}
}

func (p *portable) poke() { p.notify() }

// all are the connections that there are, or were.
func (p *portable) all(yield func(*stream) bool) {
	for _, s := range p.streams {
		if s != nil && !yield(s) {
			return
		}
	}
}

// notify makes the coordinator look.
func (p *portable) notify() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// serve starts a stream's goroutines.
func (p *portable) serve(i int, k link) *stream {
	s := &stream{portable: p, number: i, conn: k.conn, raw: k.raw, open: true}
	s.writable = sync.NewCond(&p.mu)
	if p.plan.Deflate {
		s.more().inflater = &inflater{takeover: k.agree.takeover}
	}
	p.streams[i] = s
	p.tally.open.Add(1)
	p.running.Go(func() { s.read(k.rest) })
	p.running.Go(s.write)
	return s
}
