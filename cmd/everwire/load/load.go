package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Result is what was measured.
type Result struct {
	// Messages is how many round trips (Echo), deliveries (Broadcast) or handshakes (Handshake) completed within
	// Elapsed. For Idle it is 0: connections that are held do nothing.
	Messages int64
	Elapsed  time.Duration // the measured interval, from one border to the other
	// CPU is the user and system time of this whole process during Elapsed: of its loops and of whatever else the
	// program does.
	CPU time.Duration
	// Latency is of all messages, in nanoseconds, from 1 µs to 5 minutes with 3 digits; what lies outside counts as
	// the border. See the package's documentation for what is timed.
	Latency *hdrhistogram.Histogram
	Checked int64 // messages whose content was compared octet by octet

	// Sent is how many messages were handed to the sockets, or put in the queue before them, within Elapsed.
	Sent int64
	// Unsent is how many were due within Elapsed when no connection was there to send them, or it broke before it did,
	// with Stages or Reopen.
	Unsent int64
	// SentOctets and ReceivedOctets are what the sockets took and gave within Elapsed, frames' headers and opening
	// handshakes included; for wss that is what is inside TLS.
	SentOctets, ReceivedOctets int64

	Connecting time.Duration // how long it took until all connections were open
	// Handshakes is how long connections took since Open, in nanoseconds as Latency: from the call that starts one, TCP,
	// TLS and the upgrade included, to the right answer.
	Handshakes *hdrhistogram.Histogram
	Errors     int64        // connections that failed, since Open
	FirstError error        // the first of these errors; an *Error
	ByKind     []ErrorCount // the errors by kind and code, the most frequent first

	// Busy is which part of Elapsed the generator worked: its busiest loop, or where it has none this whole process,
	// then as a part of the processors that it may use. With 1 it could not have made more load.
	Busy float64
	// Starved is which part of Elapsed that loop could have worked and was given no processor, because others had them
	// (Linux; 0 elsewhere).
	Starved float64
}

// Bottleneck says that the generator itself was at its limit, so that the server might have done more: it
// worked, or waited for a processor, for 95 % of the time or more.
func (r *Result) Bottleneck() bool { return r.Busy+r.Starved >= 0.95 }

// Arrivals is what came of [Load.Broadcast].
type Arrivals struct {
	Sent    int64         // connections that the message should have arrived at
	Arrived int64         // connections that it did arrive at
	First   time.Duration // from sending to the first arrival
	Last    time.Duration // and to the last one
}

// A driver moves the octets.
type driver interface {
	open(ctx context.Context) error
	exchange(ctx context.Context) error
	run(ctx context.Context, m *measure) error
	announce(ctx context.Context) (Arrivals, error)
	close() error // gives everything back, whatever state it is in
	tallies() []*tally
	readings() []reading // what the tallies say now; not once close was called
	poke()               // makes it look at the measure
}

// A Load is a number of connections to a server. Its methods must not be called at the same time, except Close,
// which ends whatever is under way.
type Load struct {
	*setup
	driver     driver
	connecting time.Duration
	exchanged  bool
	broken     error // what makes further runs impossible
	samples    sampler

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	busy   sync.Mutex // held while something is under way
	closed bool
	shown  chan struct{} // closed when the goroutine that shows progress has ended
}

// setup is what a driver is made from.
type setup struct {
	clock
	plan         Plan
	target       target
	content      *content // what is sent and expected back
	announcement *content // the same, for Load.Broadcast
	upgrades     []upgrade
	render       func(Variables) ([]byte, error) // makes messages that differ; nil: they do not
}

// Open connects all connections and checks their handshakes: status 101, Upgrade, Connection, Sec-WebSocket-Accept and
// the agreement on subprotocol and compression. With the scenario Handshake it connects nothing, with Stages what
// there is to be at first. If one connection cannot be opened within Plan.Timeout, or when ctx ends, Open gives up, calls
// Plan.Sample once more, closes what it has opened and returns an error that says which connection it was; but for the
// end of ctx it wraps an *Error. ctx is not used after Open.
func Open(ctx context.Context, p Plan) (*Load, error) {
	p, target, err := p.prepared()
	if err != nil {
		return nil, err
	}
	message := p.Payload
	render, err := p.renderer()
	if err != nil {
		return nil, fmt.Errorf("load: the template: %w", err)
	}
	if message == nil {
		message = randomMessage(p.Size, p.Text)
	}
	s := &setup{clock: clock{time.Now()}, plan: p, target: target, upgrades: newUpgrades(target, p), render: render}
	s.content = newContent(message, p.Text, p.Deflate, p.InFlight)
	s.announcement = s.content
	if p.Expect != ExpectExact {
		s.content = s.content.forgiving()
	}
	if p.Announcement != nil {
		s.announcement = newContent(p.Announcement, p.Text, p.Deflate, 1)
	}
	l := &Load{setup: s}
	if l.driver, err = newDriver(ctx, s); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.show()
	l.sample()
	if p.Scenario != Handshake {
		began := l.clock.now()
		if err := l.driver.open(ctx); err != nil {
			l.tell(false)
			_ = l.Close() // the error before it says more
			return nil, fmt.Errorf("load: connecting: %w", err)
		}
		l.connecting = time.Duration(l.clock.now() - began)
	}
	l.samples.opened.Store(true)
	return l, nil
}

// Run lets the connections do what the scenario says, for warmup and then for duration, and returns what was measured
// during the latter. It calls begin and end, which may be nil, at the borders of the measured interval, on the
// goroutine that makes the load: nothing is sent or read by it meanwhile, so they should be short. After the interval
// nothing new is sent; Run returns when everything on the way has arrived, or after Plan.Timeout.
//
// A connection that fails is counted and left out, or replaced after Plan.Reopen, and the others go on. Run returns an
// error, and no Result, when none is left before the interval has ended, unless there are Stages or Reopen, when the one that
// sends broadcasts fails, or when ctx ends, after which the Load can only be closed. See [Load.Stop] to end a run and have
// its Result. A Load may run several times.
//
// With Stages a duration of 0 is their sum, and the connections at the end stay.
//
// With Idle the first Run exchanges one message on every connection before warmup begins. A warmup and duration
// of 0 are right for doing no more than that.
func (l *Load) Run(ctx context.Context, warmup, duration time.Duration, begin, end func()) (*Result, error) {
	ctx, release, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if l.plan.Scenario == Idle && !l.exchanged && len(l.plan.Stages) == 0 && l.plan.Expect != ExpectNone {
		if err := l.driver.exchange(ctx); err != nil {
			return nil, l.breaks(err)
		}
		l.exchanged = true
	}
	if duration == 0 {
		duration = l.plan.profile().length()
	}
	l.tell(true)
	m := newMeasure(l.clock, &l.plan, warmup, duration, begin, end)
	l.samples.begin(m)
	err = l.driver.run(ctx, m)
	l.tell(false)
	l.samples.over()
	if err != nil {
		return nil, l.breaks(err)
	}
	r := &Result{
		Elapsed:    time.Duration(m.done - m.measured),
		CPU:        m.cpuEnd - m.cpuBegin,
		Latency:    newHistogram(),
		Connecting: l.connecting,
		Handshakes: newHistogram(),
		ByKind:     l.byKind(),
	}
	for _, t := range l.driver.tallies() {
		r.add(t)
	}
	return r, nil
}

// add adds what a tally has counted in the run that is over.
func (r *Result) add(t *tally) {
	c := &t.result
	r.Messages += c.messages
	r.Checked += c.checked
	r.Sent += c.interval.sent
	r.Unsent += c.interval.unsent
	r.SentOctets += c.interval.out
	r.ReceivedOctets += c.interval.in
	r.Busy, r.Starved = busiest(r.Busy, r.Starved, c.usage, r.Elapsed)
	r.Latency.Merge(t.latency)
	r.Handshakes.Merge(hdrhistogram.Import(t.shaken))
	r.Errors += t.errors.Load()
	if err := t.first.Load(); err != nil && r.FirstError == nil {
		r.FirstError = *err
	}
}

// Stop ends the run that is under way, as if its time were over: Run returns what was measured until then. During the
// warm-up the interval is empty. Where none is under way it ends the next one as soon as it begins. It returns at once and may
// be called from any goroutine.
func (l *Load) Stop() {
	s := &l.samples
	s.stopping.Lock()
	defer s.stopping.Unlock()
	s.stop = true
	if m := s.run.Load(); m != nil {
		m.stopped.Store(true)
		l.driver.poke()
	}
}

// Broadcast sends Plan.Announcement once, on the first connection, and waits until it has arrived at all connections
// that are open. It is for Idle, without Stages and Reopen. An arrival that does not come within Plan.Timeout after the last one is an error, with what
// has arrived; so is a connection that fails meanwhile.
func (l *Load) Broadcast(ctx context.Context) (Arrivals, error) {
	if l.plan.Scenario != Idle {
		return Arrivals{}, errors.New("load: Broadcast is for the scenario Idle")
	}
	if l.plan.changing() {
		return Arrivals{}, errors.New("load: Broadcast is for connections that stay, without Stages and Reopen")
	}
	ctx, release, err := l.enter(ctx)
	if err != nil {
		return Arrivals{}, err
	}
	defer release()
	a, err := l.driver.announce(ctx)
	if err != nil {
		return a, l.breaks(err)
	}
	return a, nil
}

// Close ends what is under way, sends a Close frame on every open connection, waits for the answer, at most
// Plan.Timeout, and gives the sockets back. They are reset, so that no port stays occupied. A second Close
// does nothing.
func (l *Load) Close() error {
	l.cancel()
	l.busy.Lock()
	defer l.busy.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	if l.samples.ended != nil { // it asks the driver
		<-l.samples.ended
	}
	err := l.driver.close()
	if l.shown != nil {
		<-l.shown
	}
	return err
}

// enter makes sure that one thing is done at a time, and that Close ends it.
func (l *Load) enter(ctx context.Context) (context.Context, func(), error) {
	l.busy.Lock()
	if l.closed || l.broken != nil {
		defer l.busy.Unlock()
		if l.closed {
			return nil, nil, errors.New("load: it is closed")
		}
		return nil, nil, fmt.Errorf("load: it can only be closed: %w", l.broken)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
		l.busy.Unlock()
	}, nil
}

func (l *Load) breaks(err error) error {
	l.broken = err
	return fmt.Errorf("load: %w", err)
}

// show calls Progress until the Load is closed.
func (l *Load) show() {
	if l.plan.Progress == nil {
		return
	}
	l.shown = make(chan struct{})
	go func() {
		defer close(l.shown)
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-l.ctx.Done():
				return
			case <-ticker.C:
				l.plan.Progress(l.progress())
			}
		}
	}()
}

func (l *Load) progress() Progress {
	var p Progress
	for _, t := range l.driver.tallies() {
		p.Open += t.open.Load()
		p.Messages += t.shownTotal.Load()
		p.Errors += t.errors.Load()
	}
	return p
}

// Run opens a Load, runs it for Plan.Warmup and Plan.Duration, and closes it.
func Run(ctx context.Context, p Plan) (*Result, error) {
	if p.Duration <= 0 && len(p.Stages) == 0 {
		return nil, errors.New("load: Duration must be above 0")
	}
	l, err := Open(ctx, p)
	if err != nil {
		return nil, err
	}
	r, err := l.Run(ctx, p.Warmup, p.Duration, nil, nil)
	return r, errors.Join(err, l.Close())
}
