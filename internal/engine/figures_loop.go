//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"sync/atomic"
	"time"
)

// A peak is the largest of the values noted in about the last ten seconds. It has one writer.
type peak struct {
	value, at atomic.Int64
}

// note notes a value.
func (p *peak) note(v, now time.Duration) {
	if int64(v) >= p.value.Load() || int64(now)-p.at.Load() > int64(peakTime) {
		p.value.Store(int64(v))
		p.at.Store(int64(now))
	}
}

// read returns the peak, or 0 if there has been none for so long.
func (p *peak) read(now time.Duration) time.Duration {
	if int64(now)-p.at.Load() > int64(peakTime) {
		return 0
	}
	return time.Duration(p.value.Load())
}

// Loops returns the figures of the loops, none if they do not run.
func Loops() []Figures {
	running.mu.Lock()
	e := running.engine
	running.mu.Unlock()
	if e == nil {
		return nil
	}
	figures := make([]Figures, len(e.loops))
	for i, l := range e.loops {
		figures[i] = l.figures(Since())
	}
	return figures
}

func (l *Loop) figures(now time.Duration) Figures {
	f := Figures{Connections: int(l.conns.Load()), Lag: l.lag.read(now)}
	if !l.sleeping.Load() {
		f.Lag = max(f.Lag, now-time.Duration(l.now.Load()))
	}
	return f
}
