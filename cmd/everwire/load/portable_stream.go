package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A stream is one connection. The receiver belongs to the goroutine that reads, the rest to who has the lock.
type stream struct {
	*portable
	receiver
	number   int
	conn     net.Conn
	raw      *net.TCPConn
	writable *sync.Cond // there is something to write, or the stream is over

	open     bool
	leaving  bool // it is to be closed when nothing is on the way; so it sends no more
	shutting bool // a Close frame is to be sent, or was
	goodbye  bool // it waits
	aged     bool // what it did not answer has been counted
	frames   int  // that wait
	writing  bool // some are being written
	box      outbox
	view     content // what comes back next, where messages are rendered
	place    int     // among the senders
	pongs    []byte
	inFlight int
	owed     int
	received int64
	sent     batches
}

func (s *stream) read(in []byte) {
	buffer := make([]byte, 16<<10)
	for s.take(in) {
		n, err := s.conn.Read(buffer)
		if n == 0 && err != nil {
			if err == io.EOF {
				err = errClosed
			}
			s.end(ioError(err, ResetError))
			return
		}
		in = buffer[:n]
	}
}

// take takes input apart. It returns false at the stream's end.
func (s *stream) take(in []byte) bool {
	s.mu.Lock()
	s.tally.in += int64(len(in))
	c := s.expected()
	s.mu.Unlock()
	for len(in) > 0 {
		rest, n, checked, ctl, err := s.next(c, in)
		in = rest
		if err == nil && ctl.opcode == opClose {
			err = closedBy(ctl.payload)
		}
		s.mu.Lock()
		s.tally.checked += int64(checked)
		if ctl.opcode == opPing && len(s.pongs) < maxPongs {
			s.pongs = appendMasked(s.pongs, finBit|opPong, ctl.payload)
			s.writable.Signal()
		}
		if n > 0 && err == nil {
			if c.single && !c.lenient {
				s.box.answered(n)
			}
			err = s.arrival(n)
		}
		c = s.expected()
		s.mu.Unlock()
		if err != nil {
			s.end(err)
			return false
		}
	}
	return true
}

// rendered says whether the messages of what is being done are.
func (p *portable) rendered() bool { return p.writer != nil && p.content == p.setup.content }

// expected is what must come back next.
func (s *stream) expected() *content {
	if !s.rendered() {
		return s.content
	}
	s.view = *s.writer.of(&s.box)
	return &s.view
}

// A parcel is what leaves in one write.
type parcel struct {
	octets   []byte
	messages int // that it ends
	bye      bool
}

// parcel takes out what is to be written next: control frames first.
func (s *stream) parcel() (p parcel) {
	p.octets = s.pongs
	s.pongs = nil
	switch c := s.content; {
	case len(p.octets) > 0:
	case !s.box.empty():
		p.octets, p.messages = s.box.frames, len(s.box.ends)
		s.box.frames, s.box.ends = nil, nil
	case s.frames > 0:
		p.messages = min(s.frames, len(c.batch)/c.frameLen)
		s.frames -= p.messages
		p.octets = c.batch[:p.messages*c.frameLen]
	default:
		p.octets, p.bye, s.goodbye = goodbye, true, false
	}
	return p
}

func (s *stream) write() {
	for {
		s.mu.Lock()
		for s.open && s.frames == 0 && s.box.empty() && len(s.pongs) == 0 && !s.goodbye {
			s.writable.Wait()
		}
		if !s.open {
			s.mu.Unlock()
			return
		}
		p := s.parcel()
		s.writing = true
		s.mu.Unlock()
		_, err := s.conn.Write(p.octets)
		if err != nil {
			s.end(ioError(err, ResetError))
			return
		}
		s.mu.Lock()
		s.writing = false
		s.tally.out += int64(len(p.octets))
		if s.plan.Expect == ExpectNone && p.messages > 0 {
			s.taken(p.messages)
		}
		s.part()
		s.mu.Unlock()
		if p.bye {
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
	if s.shutting && !(s.leaving && isTimeout(err)) {
		return
	}
	if s.leaving && isTimeout(err) {
		err = because(TimeoutError, 0, "no answer to the Close frame within %v", s.plan.Timeout)
	}
	err = s.tally.fail(s.number, err)
	if s.failure == nil {
		s.failure = err
	}
	s.portable.inFlight -= int64(s.inFlight)
	s.portable.owed -= int64(s.owed)
	if s.changing && s.active && s.doing == running {
		s.tally.unsent += int64(s.owed)
		if !s.aged && !s.leaving {
			_, n := s.newlyDue(s.clock.now())
			s.tally.unsent += n
		}
		if !s.leaving {
			s.portable.strike(s)
		}
		s.changes.miss(s.number, s.clock.now()+s.changes.reopen)
	}
	s.inFlight, s.owed = 0, 0
	if s.spread != nil && s.active {
		s.spread.leave(s.received, &s.live)
	} else if s.plan.Reopen == 0 {
		s.live.Add(-1)
	}
}

// send puts n messages on their way.
func (s *stream) send(n int) {
	s.inFlight += n
	s.portable.inFlight += int64(n)
	if s.measure == nil || s.measure.interval == 0 {
		s.sent.push(s.clock.now(), n)
	}
	s.enqueue(n)
}

// enqueue lets n messages wait to be written.
func (s *stream) enqueue(n int) {
	s.tally.sent += int64(n)
	s.writable.Signal()
	if !s.rendered() {
		s.frames += n
		return
	}
	for range n {
		if err := s.writer.put(&s.box, s.number, s.number); err != nil {
			s.endLocked(err)
			return
		}
	}
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
	s.tally.received += int64(n)
	if s.content.lenient {
		if n = min(n, s.inFlight); n == 0 || s.plan.Expect == ExpectNone {
			return nil
		}
	}
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
	s.done(n, now)
	return nil
}

// taken counts n messages as done where no answers are expected: the socket has taken them.
func (s *stream) taken(n int) {
	if n = min(n, s.inFlight); n > 0 && s.measure != nil {
		s.tally.total += int64(n)
		s.received += int64(n)
		s.done(n, s.clock.now())
	}
}

// done takes n messages that are, and sends what the window then has room for.
func (s *stream) done(n int, now int64) {
	s.inFlight -= n
	if s.portable.inFlight -= int64(n); s.portable.inFlight == 0 {
		s.notify()
	}
	m := s.measure
	if m == nil {
		s.sent = batches{}
		return
	}
	if m.interval > 0 && !m.queued {
		for k := s.received - int64(n); k < s.received; k++ {
			s.count(now, m.due(s.number, k), 1)
		}
		s.sendOwed()
		return
	}
	for left := n; left > 0; {
		at, got := s.sent.pop(left)
		s.count(now, at, got)
		left -= got
	}
	switch {
	case m.interval > 0:
		s.sendOwed()
	case phase(m.phase.Load()) < draining && s.active && !s.leaving:
		s.send(n)
	}
	s.part()
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
