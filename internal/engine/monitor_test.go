//go:build linux

package engine

import "testing"

func TestMonitorTakesTheLeaseOfACallThatStandsStill(t *testing.T) {
	const calling, resting = 7, 8 // epochs
	for _, row := range []struct {
		name   string
		looks  []uint64 // the lease at each look
		stolen bool
	}{
		{"no call", []uint64{resting, resting, resting}, false},
		{"a call, seen once", []uint64{resting, calling}, false},
		{"the same call, seen twice", []uint64{resting, calling, calling}, true},
		{"a call after another", []uint64{calling - 2, calling}, false},
		{"a call that ended", []uint64{calling, resting}, false},
		{"many calls", []uint64{1, 3, 5, calling}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, _ := idleLoop(t)
			l.engine.loops = []*Loop{l}
			l.stopping.Store(true) // so that the monitor does not go on by itself
			e := newEnd(t)
			told := make(chan struct{})
			e.stolen = func() { e.Post() }
			e.attend = func(*Worker) {
				l.lease.Store(calling + 100) // who has taken the loop over would close the poller, as the test does
				close(told)
			}
			l.give(t, e)
			l.blocked = &e.Conn
			before := Stolen()
			for _, lease := range row.looks {
				l.lease.Store(lease)
				l.engine.monitor.look()
			}
			if stolen := l.lease.Load() != row.looks[len(row.looks)-1]; stolen != row.stolen {
				t.Errorf("stolen is %v", stolen)
			}
			if n := Stolen() - before; n != 0 != row.stolen {
				t.Errorf("%d steals were counted", n)
			}
			if row.stolen {
				within(t, "who has taken the loop over", told)
			}
		})
	}
}

func TestWorkerNoticesThatItLostTheLease(t *testing.T) {
	l, w := idleLoop(t)
	e := newEnd(t)
	l.give(t, e)
	w.enter(&e.Conn)
	if !w.leave() {
		t.Error("the lease is lost, though nobody took it")
	}
	w.enter(&e.Conn)
	l.lease.Store(l.lease.Load() + 1) // as steal does
	if w.leave() {
		t.Error("two workers have the lease")
	}
	next := newWorker(l, l.lease.Load())
	next.enter(&e.Conn)
	if w.leave() {
		t.Error("the one who lost the lease has it back")
	}
	if !next.leave() {
		t.Error("nobody has the lease")
	}
}
