//go:build linux

package engine

import (
	"runtime"
	"testing"
)

func TestEngineRunsFromItsFirstUserToItsLast(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		before := descriptors(t)
		for range 3 { // it can be started again
			first, err := acquire()
			must(t, err)
			if n := len(first.loops); n != runtime.GOMAXPROCS(0) {
				t.Errorf("%d loops on %d processors", n, runtime.GOMAXPROCS(0))
			}
			perLoop := 4
			if refuseGate {
				perLoop = 3
			}
			if n := descriptors(t) - before; n != perLoop*len(first.loops) {
				t.Errorf("%d descriptors for %d loops", n, len(first.loops))
			}
			e := newEnd(t)
			a, b := tcpPair(t)
			must(t, e.Adopt(a, e))
			if e.loop.engine != first {
				t.Error("a connection has an engine of its own")
			}
			first.release()
			if running.engine != first {
				t.Error("the engine is gone, though there is a connection")
			}
			e.peer = b
			e.watch(t, true, false)
			b.Write([]byte("x"))
			e.got(t, 1)
			e.finish()
			within(t, "Closed", e.closed)
			b.Close()
			if running.engine != nil {
				t.Error("the engine runs without a user")
			}
			eventually(t, "the descriptors' end", func() bool { return descriptors(t) == before })
		}
	})
}

func TestConnectionsAreSpreadOverTheLoops(t *testing.T) {
	onProcessors(t, 4)
	hold(t)
	for range 20 {
		newEnd(t).adopt(t, streams[1])
	}
	for i, l := range running.engine.loops {
		if n := l.conns.Load(); n != 5 {
			t.Errorf("loop %d has %d connections of 20", i, n)
		}
	}
}
