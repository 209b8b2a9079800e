package load

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A broadcast that reached a loop before its task would be a message that nobody waits for, and the interval is of all loops.
func TestBroadcastWaitsForAllLoops(t *testing.T) {
	for _, kind := range []taskKind{announcing, running} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pair[1]) // pair[0] is the connection's
		p := Plan{Connections: 2, Loops: 2, Scenario: Broadcast, InFlight: 1}
		c := newContent([]byte("to all"), true, false, 1)
		d := &loops{setup: &setup{clock: clock{time.Now()}, plan: p, content: c, announcement: c}, spread: newSpread(1, 1)}
		d.live.Store(2)
		for i := range 2 {
			l, err := newLoop(d, i)
			if err != nil {
				t.Fatal(err)
			}
			defer l.release()
			d.loops = append(d.loops, l)
		}
		first, second := d.loops[0], d.loops[1]
		first.conns[0].fd, first.conns[0].state, first.conns[0].wanted = int32(pair[0]), open, unix.EPOLLIN

		m := newMeasure(d.clock, &p, 0, time.Hour, nil, nil)
		work := &task{kind: kind, measure: m, results: make(chan error, 2)}
		first.start(work)
		first.now = d.clock.now()
		first.observe()
		if phase(m.phase.Load()) != warming {
			t.Fatal("the interval has begun without a loop")
		}
		first.turn()
		if n := d.spread.sent.Load(); n != 0 {
			t.Fatalf("%d broadcasts are on the way to a loop that does not wait for them", n)
		}
		second.start(work)
		if !first.rung.Load() {
			t.Fatal("who sends was not woken")
		}
		first.observe()
		if kind == running && phase(m.phase.Load()) != measuring {
			t.Fatal("the interval has not begun")
		}
		first.turn()
		if n := d.spread.sent.Load(); n != 1 {
			t.Fatalf("%d broadcasts are on the way, want 1", n)
		}
	}
}

// What is handed out when there is no time left comes in pieces, and each has the age of its own messages.
func TestAgesOfWhatIsHandedOutInPieces(t *testing.T) {
	p := Plan{Connections: 1, Loops: 1, Scenario: Handshake, Rate: 1}
	d := &loops{setup: &setup{clock: clock{time.Now()}, plan: p, content: newContent(nil, true, false, 1)}}
	l, err := newLoop(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	m := newMeasure(d.clock, &p, 0, time.Hour, nil, nil)
	m.measured, m.done = m.due(0, 10), m.due(0, 20) // it began late
	m.phase.Store(int32(draining))
	l.task, l.now = &task{kind: running, measure: m}, m.done
	c := &l.conns[0]
	for range 4 {
		c.owed, l.owed = 5, 5
		l.recordAges(0, c)
	}
	if n := l.latency.TotalCount(); n != 10 || l.owed != 0 {
		t.Errorf("%d latencies, and %d are owed; want the ten of the interval, and none", n, l.owed)
	}
}
