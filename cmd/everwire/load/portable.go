package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
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
	arrivals Arrivals
	failure  error // the first since the task began
}

// A stream is one connection. The receiver belongs to the goroutine that reads, the rest to who has the lock.
type stream struct {
	*portable
	receiver
	number   int
	conn     net.Conn
	raw      *net.TCPConn
	writable *sync.Cond // there is something to write, or the stream is over

	open     bool
	shutting bool // a Close frame is to be sent, or was
	goodbye  bool // it waits
	frames   int  // that wait
	pongs    []byte
	inFlight int
	owed     int
	received int64
	sent     batches
}

func newPortable(s *setup) (driver, error) {
	p := &portable{setup: s, content: s.content, changed: make(chan struct{}, 1)}
	p.tally.latency = newHistogram()
	p.live.Store(int64(s.plan.Connections))
	return p, nil
}

func (p *portable) tallies() []*tally { return []*tally{&p.tally} }

// notify makes the coordinator look.
func (p *portable) notify() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// A link is a connection whose opening handshake is over.
type link struct {
	conn  net.Conn
	raw   *net.TCPConn
	agree agreement
	rest  []byte // what came behind the answer
}

// dial makes one.
func (p *portable) dial(ctx context.Context, number int) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, p.plan.Timeout)
	defer cancel()
	var dialer net.Dialer
	if n := len(p.plan.Sources); n > 0 {
		dialer.LocalAddr = &net.TCPAddr{IP: p.plan.Sources[number%n].AsSlice()}
	}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(p.target.hostname, p.target.port))
	if err != nil {
		return link{}, err
	}
	k := link{conn: conn, raw: conn.(*net.TCPConn)}
	if p.target.secure {
		config := &tls.Config{}
		if p.plan.TLS != nil {
			config = p.plan.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = p.target.hostname
		}
		k.conn = tls.Client(conn, config)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = p.upgrade(ctx, &k, &p.upgrades[number%len(p.upgrades)])
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer to the handshake within %v: %w", p.plan.Timeout, err)
		}
		return link{}, err
	}
	return k, nil
}

func (p *portable) upgrade(ctx context.Context, k *link, u *upgrade) error {
	if secure, ok := k.conn.(*tls.Conn); ok {
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
	}
	if _, err := k.conn.Write(u.request); err != nil {
		return err
	}
	in := make([]byte, 0, 1024)
	for k.agree.length == 0 {
		in = append(in, make([]byte, 512)...)[:len(in)]
		n, err := k.conn.Read(in[len(in):cap(in)])
		if err == io.EOF {
			err = errors.New("the server closed the connection")
		}
		if err != nil {
			return err
		}
		in = in[:len(in)+n]
		if k.agree, err = u.judge(in, p.plan.Deflate); err != nil {
			return err
		}
	}
	k.rest = in[k.agree.length:]
	return nil
}

// cut gives a connection back without leaving its port waiting.
func (k *link) cut() {
	_ = k.raw.SetLinger(0)
	_ = k.raw.Close()
}

// open dials, some at a time.
func (p *portable) open(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.streams = make([]*stream, p.plan.Connections)
	slots := make(chan struct{}, p.plan.Dialing)
	var all sync.WaitGroup
	for i := range p.streams {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			k, err := p.dial(ctx, i)
			if err != nil {
				cancel(p.tally.fail(i, err))
				return
			}
			p.serve(i, k)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// serve starts a stream's goroutines.
func (p *portable) serve(i int, k link) {
	s := &stream{portable: p, number: i, conn: k.conn, raw: k.raw, open: true}
	s.writable = sync.NewCond(&p.mu)
	if p.plan.Deflate {
		s.more().inflater = &inflater{takeover: k.agree.takeover}
	}
	p.mu.Lock()
	p.streams[i] = s
	p.mu.Unlock()
	p.tally.open.Add(1)
	p.running.Go(func() { s.read(k.rest) })
	p.running.Go(s.write)
}

func (s *stream) read(in []byte) {
	buffer := make([]byte, 16<<10)
	for s.take(in) {
		n, err := s.conn.Read(buffer)
		if n == 0 && err != nil {
			if err == io.EOF {
				err = errors.New("the server closed the connection")
			}
			s.end(err)
			return
		}
		in = buffer[:n]
	}
}

// take takes input apart. It returns false at the stream's end.
func (s *stream) take(in []byte) bool {
	s.mu.Lock()
	c := s.content
	s.mu.Unlock()
	for len(in) > 0 {
		rest, n, checked, ctl, err := s.next(c, in)
		in = rest
		if err == nil && ctl.opcode == opClose {
			err = fmt.Errorf("the server sent a Close frame: %s", closeReason(ctl.payload))
		}
		s.mu.Lock()
		s.tally.checked += int64(checked)
		if ctl.opcode == opPing && len(s.pongs) < maxPongs {
			s.pongs = appendMasked(s.pongs, finBit|opPong, ctl.payload)
			s.writable.Signal()
		}
		if n > 0 && err == nil {
			err = s.arrival(n)
		}
		s.mu.Unlock()
		if err != nil {
			s.end(err)
			return false
		}
	}
	return true
}

func (s *stream) write() {
	for {
		s.mu.Lock()
		for s.open && s.frames == 0 && len(s.pongs) == 0 && !s.goodbye {
			s.writable.Wait()
		}
		if !s.open {
			s.mu.Unlock()
			return
		}
		out, bye := s.pongs, false
		s.pongs = nil
		switch c := s.content; {
		case len(out) > 0:
		case s.frames > 0:
			n := min(s.frames, len(c.batch)/c.frameLen)
			s.frames -= n
			out = c.batch[:n*c.frameLen]
		default:
			out, bye, s.goodbye = goodbye, true, false
		}
		s.mu.Unlock()
		if _, err := s.conn.Write(out); err != nil || bye {
			if err != nil {
				s.end(err)
			}
			return
		}
	}
}

// end ends a stream; it is an error unless it was shut.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(err)
}

func (s *stream) endLocked(err error) {
	if !s.open {
		return
	}
	s.open = false
	s.writable.Broadcast()
	s.tally.open.Add(-1)
	(&link{raw: s.raw}).cut()
	s.notify()
	if s.shutting {
		return
	}
	err = s.tally.fail(s.number, err)
	if s.failure == nil {
		s.failure = err
	}
	s.portable.inFlight -= int64(s.inFlight)
	s.portable.owed -= int64(s.owed)
	s.inFlight, s.owed = 0, 0
	if s.spread != nil && s.active {
		s.spread.leave(s.received, &s.live)
	} else {
		s.live.Add(-1)
	}
}

// send puts n messages on their way.
func (s *stream) send(n int) {
	s.inFlight += n
	s.portable.inFlight += int64(n)
	s.frames += n
	if s.measure == nil || s.measure.interval == 0 {
		s.sent.push(s.clock.now(), n)
	}
	s.writable.Signal()
}

// sendOwed sends what is due and has room in the window.
func (s *stream) sendOwed() {
	if n := min(s.owed, s.plan.InFlight-s.inFlight); n > 0 {
		s.owed -= n
		s.portable.owed -= int64(n)
		s.send(n)
	}
}

// arrival is called when n messages came.
func (s *stream) arrival(n int) error {
	now := s.clock.now()
	s.tally.total += int64(n)
	s.received += int64(n)
	if s.active && s.spread != nil {
		return s.spreadTo(n, now)
	}
	if s.inFlight < n {
		if s.shutting {
			return nil
		}
		return fmt.Errorf("got %d messages more than were sent", n-s.inFlight)
	}
	s.inFlight -= n
	if s.portable.inFlight -= int64(n); s.portable.inFlight == 0 {
		s.notify()
	}
	m := s.measure
	switch {
	case m == nil:
		s.sent = batches{}
	case m.interval > 0:
		for k := s.received - int64(n); k < s.received; k++ {
			s.count(now, m.due(s.number, k), 1)
		}
		s.sendOwed()
	default:
		for left := n; left > 0; {
			at, got := s.sent.pop(left)
			s.count(now, at, got)
			left -= got
		}
		if phase(m.phase.Load()) < draining && s.active {
			s.send(n)
		}
	}
	return nil
}

// count counts n messages that were sent, or due, at a time.
func (p *portable) count(now, at int64, n int) {
	during := phase(p.measure.phase.Load()) == measuring
	if during {
		p.tally.messages += int64(n)
	}
	if p.measure.interval == 0 && during || p.measure.interval > 0 && p.measure.counts(at) {
		p.tally.record(now-at, n)
	}
}

// spreadTo takes n broadcasts.
func (s *stream) spreadTo(n int, now int64) error {
	for k := s.received - int64(n); k < s.received; k++ {
		if k >= s.spread.sent.Load() {
			s.received = k
			return errors.New("got a message that nobody sent")
		}
		at, over := s.spread.arrive(k)
		if over {
			s.notify()
		}
		if s.doing != announcing {
			s.count(now, at, 1)
			continue
		}
		if s.arrivals.Arrived++; s.arrivals.Arrived == 1 {
			s.arrivals.First = time.Duration(now - at)
		}
		s.arrivals.Last = time.Duration(now - at)
	}
	return nil
}
