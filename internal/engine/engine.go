//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Supported reports whether there are event loops on this system.
const Supported = true

// An engine is the loops of this process. It runs while there is a connection, or somebody who listens.
type engine struct {
	loops   []*Loop
	users   int // guarded by running.mu
	monitor monitor
}

var running struct {
	mu     sync.Mutex
	engine *engine
}

// acquire returns the engine, and starts it for its first user.
func acquire() (*engine, error) {
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.engine == nil {
		e, err := start(runtime.GOMAXPROCS(0))
		if err != nil {
			return nil, err
		}
		running.engine = e
	}
	running.engine.users++
	return running.engine, nil
}

// release stops the engine when its last user has gone.
func (e *engine) release() {
	running.mu.Lock()
	defer running.mu.Unlock()
	if e.users--; e.users == 0 {
		running.engine = nil
		e.stop()
	}
}

func start(n int) (*engine, error) {
	e := &engine{}
	e.monitor.init(e)
	for range n {
		l, err := newLoop(e)
		if err != nil {
			for _, l := range e.loops {
				l.poller.close()
			}
			return nil, err
		}
		e.loops = append(e.loops, l)
	}
	for _, l := range e.loops {
		newWorker(l, 0).start()
	}
	return e, nil
}

func (e *engine) stop() {
	for _, l := range e.loops {
		l.stopping.Store(true)
		l.wake()
	}
}

// fewest returns the loop with the fewest connections.
func (e *engine) fewest() *Loop {
	best := e.loops[0]
	for _, l := range e.loops[1:] {
		if l.conns.Load() < best.conns.Load() {
			best = l
		}
	}
	return best
}

// Stolen returns how often a loop was taken from a worker whose callback blocked.
func Stolen() int64 { return stolen.Load() }

var stolen atomic.Int64
