//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// A monitor looks at the loops every millisecond while some of them work, and takes the lease of one whose worker
// has been in the same call at two looks.
type monitor struct {
	engine  *engine
	looking atomic.Bool
	timer   *time.Timer
	mu      sync.Mutex // held while looking
}

const look = time.Millisecond

func (m *monitor) init(e *engine) {
	m.engine = e
	m.timer = time.AfterFunc(time.Hour, m.look)
	m.timer.Stop()
}

// watch begins to look, unless it is being done. A loop calls it when it goes to work.
func (m *monitor) watch() {
	if !m.looking.Load() && m.looking.CompareAndSwap(false, true) {
		m.timer.Reset(look)
	}
}

func (m *monitor) look() {
	m.mu.Lock()
	for _, l := range m.engine.loops {
		lease := l.lease.Load()
		if lease&1 == 1 && lease == l.seen {
			l.steal(lease)
		}
		l.seen = lease
	}
	m.mu.Unlock()
	if !m.busy() {
		m.looking.Store(false)
		if !m.busy() || !m.looking.CompareAndSwap(false, true) {
			return
		}
	}
	m.timer.Reset(look)
}

// busy reports whether a loop is at work.
func (m *monitor) busy() bool {
	for _, l := range m.engine.loops {
		if !l.sleeping.Load() && !l.stopping.Load() {
			return true
		}
	}
	return false
}

// steal gives the loop to another worker.
func (l *Loop) steal(lease uint64) {
	if !l.lease.CompareAndSwap(lease, lease+1) {
		return
	}
	stolen.Add(1)
	l.steals.count(time.Since(epoch))
	c := l.blocked
	w := newWorker(l, lease+1)
	go func() {
		defer w.start() // also if it ends this goroutine, by runtime.Goexit
		c.handler.Stolen()
	}()
}

// steals counts how often a loop was taken from its worker of late.
type steals struct {
	since atomic.Int64
	n     atomic.Int32
	until atomic.Int64
}

const (
	manySteals = 8 // in stealTime make a loop wary
	stealTime  = 200 * time.Millisecond
	waryTime   = time.Second
)

func (s *steals) count(now time.Duration) {
	if now-time.Duration(s.since.Load()) > stealTime {
		s.since.Store(int64(now))
		s.n.Store(0)
	}
	if s.n.Add(1) >= manySteals {
		s.until.Store(int64(now + waryTime))
	}
}

func (s *steals) wary(now time.Duration) bool { return int64(now) < s.until.Load() }
