package load

import (
	"sync/atomic"
	"time"
)

// A phase is how far a run has come.
type phase int32

const (
	warming phase = iota
	measuring
	draining // nothing new is sent; what is on the way arrives
)

// A clock counts nanoseconds since the load exists.
type clock struct{ base time.Time }

func (c clock) now() int64 { return int64(time.Since(c.base)) }

// A measure is one run: its borders, and when messages are due.
type measure struct {
	clock
	phase      atomic.Int32
	stopped    atomic.Bool // the time is up, whatever the clock says
	begin, end func()

	start            int64        // due times count from here
	measureAt        int64        // when the interval should begin
	doneAt           atomic.Int64 // when it should end; moved when it begins late
	measured, done   int64        // when they were
	cpuBegin, cpuEnd time.Duration

	profile  profile
	interval float64 // nanoseconds from one message's due time to the next one's; 0: there is no rate
	senders  int     // connections, or loops, that messages are due on in turn
	queued   bool    // a connection keeps when its messages were due: others come and go
	shared   bool    // what is due goes to whatever connection is open
}

func newMeasure(c clock, p *Plan, warmup, duration time.Duration, begin, end func()) *measure {
	m := &measure{clock: c, begin: begin, end: end, senders: p.slots(), profile: p.profile()}
	if p.Scenario == Broadcast {
		m.senders = 1
	}
	if p.Rate > 0 {
		m.interval = 1e9 / p.Rate
		m.queued = p.changing()
		m.shared = m.queued && p.RatePerConnection == 0
	}
	m.start = c.now()
	m.measureAt = m.start + int64(warmup)
	m.doneAt.Store(m.measureAt + int64(duration))
	return m
}

// cross goes over a border that now is past. Only one goroutine calls it. It returns whether it did.
func (m *measure) cross(now int64) bool {
	switch phase(m.phase.Load()) {
	case warming:
		if now < m.measureAt && !m.stopped.Load() {
			return false
		}
		if m.begin != nil {
			m.begin()
		}
		m.cpuBegin = processCPU()
		m.measured = m.now()
		m.doneAt.Add(m.measured - m.measureAt) // the interval is as long as it should be
		m.phase.Store(int32(measuring))
		return true
	case measuring:
		if now < m.doneAt.Load() && !m.stopped.Load() {
			return false
		}
		m.finish()
		return true
	}
	return false
}

// finish ends the interval.
func (m *measure) finish() {
	m.done = m.now()
	m.cpuEnd = processCPU()
	m.phase.Store(int32(draining))
	if m.end != nil {
		m.end()
	}
}

// border is when cross has to be called next.
func (m *measure) border() int64 {
	if phase(m.phase.Load()) == warming {
		return m.measureAt
	}
	return m.doneAt.Load()
}

// wanted is how many connections there should be.
func (m *measure) wanted(now int64) int { return m.profile.at(m.offset(now)) }

// offset is how long ago the measured interval began; negative before it.
func (m *measure) offset(now int64) time.Duration {
	if phase(m.phase.Load()) == warming {
		return -1
	}
	return max(0, time.Duration(now-m.measured)) // now may have been read before
}

// due is when the nth message of a sender is.
func (m *measure) due(sender int, n int64) int64 {
	return m.start + int64((float64(n)*float64(m.senders)+float64(sender))*m.interval)
}

// dueInAll is when the nth message of all senders is.
func (m *measure) dueInAll(n int64) int64 { return m.start + int64(float64(n)*m.interval) }

// lastDue is up to when messages have become due. At the end that is all of the interval, as long as it was.
func (m *measure) lastDue(now int64) int64 {
	if phase(m.phase.Load()) == draining {
		return m.done - 1
	}
	return min(now, m.doneAt.Load())
}

// dueFrom is how many of a sender's messages have become due, from the nth on.
func (m *measure) dueFrom(sender int, n, now int64) (due int64) {
	for last := m.lastDue(now); m.due(sender, n+due) <= last; {
		due++
	}
	return due
}

// counts says whether a message that was due then belongs to the interval.
func (m *measure) counts(due int64) bool {
	switch phase(m.phase.Load()) {
	case warming:
		return false
	case measuring:
		return due >= m.measured
	}
	return due >= m.measured && due < m.done
}
