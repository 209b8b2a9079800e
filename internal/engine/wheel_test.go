//go:build linux

package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

const tick = time.Duration(1) << tickBits

// A clockwork is a wheel with a clock of the test's own.
type clockwork struct {
	t     *testing.T
	l     *Loop
	now   time.Duration
	names map[*Conn]string
}

func newClockwork(t *testing.T, now time.Duration) *clockwork {
	l := &Loop{}
	l.wheel.init(l)
	l.wheel.tick = tickAt(now)
	l.now.Store(int64(now))
	return &clockwork{t, l, now, map[*Conn]string{}}
}

func (k *clockwork) conn(name string) *Conn {
	c := &Conn{loop: k.l}
	k.l.slots.add(c)
	k.names[c] = name
	return c
}

// set is Conn.SetTimer by the test's clock.
func (k *clockwork) set(c *Conn, d time.Duration) {
	if d <= 0 {
		c.due.Store(0)
		return
	}
	c.due.Store(int64(k.now + d))
	k.l.wheel.watch(c)
}

// pass lets time pass, and returns whose time came.
func (k *clockwork) pass(d time.Duration) (fired string) {
	k.now += d
	k.l.now.Store(int64(k.now))
	for _, c := range k.l.wheel.expire(nil, k.now) {
		fired += k.names[c]
	}
	return fired
}

func (k *clockwork) expect(fired, want string) {
	k.t.Helper()
	if fired != want {
		k.t.Errorf("fired %q, not %q", fired, want)
	}
}

// Moments to begin at: the wheel's ticks and slots, and the numbers of ticks, come to their end and begin anew.
var beginnings = map[string]time.Duration{
	"at the start":                    0,
	"at the wheel's end":              (wheelSize - 3) * tick,
	"at the end of positive numbers":  (1<<31 - 3) * tick,
	"at the end of a tick's numbers":  (1<<32 - 3) * tick,
	"after the end of tick's numbers": (1<<32 + 5) * tick,
}

func onEachBeginning(t *testing.T, test func(t *testing.T, k *clockwork)) {
	for name, at := range beginnings {
		t.Run(name, func(t *testing.T) { test(t, newClockwork(t, at)) })
	}
}

func TestWheelFiresInTime(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		a, b := k.conn("a"), k.conn("b")
		k.set(a, 5*tick)
		k.set(b, 10*tick+1)
		k.expect(k.pass(5*tick-1), "")
		k.expect(k.pass(1+2*tick), "a")
		k.expect(k.pass(3*tick), "")
		k.expect(k.pass(2*tick), "b")
		k.expect(k.pass(wheelSize*2*tick), "")
	})
}

func TestWheelMovesATimer(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		a := k.conn("a")
		k.set(a, 5*tick)
		k.set(a, 20*tick) // later
		k.expect(k.pass(19*tick), "")
		k.expect(k.pass(3*tick), "a")
		k.set(a, 20*tick)
		k.set(a, 5*tick) // earlier
		k.expect(k.pass(7*tick), "a")
		k.expect(k.pass(20*tick), "")
		k.set(a, 30*tick)
		k.set(a, 5*tick)
		k.expect(k.pass(7*tick), "a")
		k.set(a, 23*tick) // where an entry lies that is valid no more
		k.expect(k.pass(22*tick), "")
		k.expect(k.pass(3*tick), "a")
		k.expect(k.pass(wheelSize*2*tick), "")
	})
}

func TestWheelKeepsOneEntryForATimer(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		a := k.conn("a")
		k.set(a, 30*tick)
		k.set(a, 5*tick)
		k.set(a, 100*tick)
		k.expect(k.pass(40*tick), "") // past the entries that are valid no more
		if n := k.l.wheel.entries; n != 1 {
			t.Errorf("%d entries for one timer", n)
		}
		k.expect(k.pass(62*tick), "a")
	})
}

func TestWheelForgetsACancelledTimer(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		a, b := k.conn("a"), k.conn("b")
		k.set(a, 5*tick)
		k.set(b, 5*tick)
		k.set(a, 0)
		k.expect(k.pass(10*tick), "b")
		k.set(a, 5*tick)
		k.expect(k.pass(7*tick), "a")
		k.set(a, 5*tick)
		k.l.slots.remove(a) // it is closed
		k.expect(k.pass(10*tick), "")
		if k.l.wheel.entries != 0 {
			t.Errorf("%d entries are left", k.l.wheel.entries)
		}
	})
}

// Who takes a connection's place has its entry, which comes before its own time, and not its timer.
func TestWheelGoesOnAfterAHandOver(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		for _, d := range []time.Duration{3 * tick, 20 * tick} { // before the entry's tick, and after
			first, second := k.conn("first"), new(Conn)
			k.names[second] = "second"
			k.set(first, 10*tick)
			first.HandOver(second, nil)
			k.set(second, d)
			k.expect(k.pass(d-1), "")
			k.expect(k.pass(1+2*tick), "second")
			k.expect(k.pass(30*tick), "")
		}
	})
}

func TestWheelFiresBeyondItsHorizon(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		a := k.conn("a")
		k.set(a, 10*wheelSize*tick)
		for range 10*wheelSize/64 - 1 {
			k.expect(k.pass(64*tick), "")
		}
		k.expect(k.pass(66*tick), "a")
		k.set(a, 3*wheelSize*tick)
		k.expect(k.pass(5*wheelSize*tick), "a") // nobody looked for long
	})
}

// What the loop is told to wait for is not before its time, which would have it spin, nor after the entry's.
func TestWheelSaysHowLongToWait(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		if at := k.l.wheel.next(); at != 0 {
			t.Errorf("an empty wheel waits for %v", at)
		}
		a, b := k.conn("a"), k.conn("b")
		k.set(a, 100*tick)
		k.set(b, 10*wheelSize*tick)
		for _, want := range []string{"a", "b"} {
			fired := ""
			for range 100 {
				at := k.l.wheel.next()
				if at <= k.now-tick || at > k.now+wheelSize*tick {
					t.Fatalf("at %v it waits for %v", k.now, at)
				}
				if fired = k.pass(max(at-k.now, 0)); fired != "" {
					break
				}
			}
			k.expect(fired, want)
		}
	})
}

// A wheel agrees with a plain list of who is due when.
func TestWheelAgreesWithAList(t *testing.T) {
	onEachBeginning(t, func(t *testing.T, k *clockwork) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		rnd := rand.New(rand.NewPCG(seed, 0))
		due := map[*Conn]time.Duration{}
		var conns []*Conn
		for range 50 {
			conns = append(conns, k.conn("x"))
		}
		spans := []time.Duration{tick / 3, 10 * tick, 100 * tick, wheelSize * tick, 3 * wheelSize * tick}
		for range 5000 {
			for range rnd.IntN(3) {
				c := conns[rnd.IntN(len(conns))]
				if rnd.IntN(5) == 0 {
					k.set(c, 0)
					delete(due, c)
					continue
				}
				d := 1 + time.Duration(rnd.Int64N(int64(spans[rnd.IntN(len(spans))])))
				k.set(c, d)
				due[c] = k.now + d
			}
			k.now += time.Duration(rnd.Int64N(int64(spans[rnd.IntN(4)])))
			for _, c := range k.l.wheel.expire(nil, k.now) {
				if at, ok := due[c]; !ok || at > k.now {
					t.Fatalf("at %v one fired that is due at %v (%v)", k.now, at, ok)
				}
				delete(due, c)
			}
			for _, at := range due {
				if at < k.now-2*tick {
					t.Fatalf("at %v one has not fired that was due at %v", k.now, at)
				}
			}
		}
	})
}

func TestWheelWakesALoopThatWaitsForLonger(t *testing.T) {
	l, _ := idleLoop(t)
	e := newEnd(t)
	l.give(t, e)
	for _, row := range []struct {
		name string
		d    time.Duration
		wake bool
	}{
		{"the first", time.Hour, true},
		{"a later one", 2 * time.Hour, false},
		{"a sooner one", time.Second, true},
		{"a later one again", time.Minute, false},
	} {
		l.sleeping.Store(true)
		e.SetTimer(row.d)
		if woken := !l.sleeping.Load(); woken != row.wake {
			t.Errorf("%s: woken is %v", row.name, woken)
		}
	}
}
