//go:build linux

package engine

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A stage is a loop whose turns a test makes, one by one. No monitor looks at it.
type stage struct {
	*Loop
	w     *Worker
	ends  []*end
	calls []string // what the handlers of its ends were called for, since it was asked last
}

func newStage(t *testing.T) *stage {
	t.Helper()
	e := &engine{}
	e.monitor.init(e)
	l, err := newLoop(e)
	must(t, err)
	t.Cleanup(l.poller.close)
	return &stage{Loop: l, w: newWorker(l, 0)}
}

// end puts an end on the loop, in a lane, whose input is watched for.
func (s *stage) end(t *testing.T, name string, lane interest) *end {
	t.Helper()
	e := newEnd(t)
	a, b := unixPair(t)
	fd, err := descriptor(a)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd); b.Close() })
	e.handler, e.fd, e.peer = e, int32(fd), b
	e.place(lane)
	s.add(&e.Conn)
	e.received = func(w *Worker, input []byte, _ error) {
		s.calls = append(s.calls, fmt.Sprint(name, " ", len(input)))
	}
	e.attend = func(*Worker) { s.calls = append(s.calls, name+" attends") }
	s.ends = append(s.ends, e)
	return e.watch(t, true, false)
}

// costlies puts three ends on the loop, in the heavy lane, which are costly: heavy0, heavy1 and heavy2.
func (s *stage) costlies(t *testing.T) (heavies [3]*end) {
	t.Helper()
	for i := range heavies {
		heavies[i] = s.end(t, fmt.Sprint("heavy", i), heavy)
		s.costly(heavies[i])
	}
	return heavies
}

// costly has every input of an end take longer than a portion.
func (s *stage) costly(e *end) {
	received := e.received
	e.received = func(w *Worker, input []byte, err error) {
		received(w, input, err)
		for began := time.Now(); time.Since(began) <= portionTime; {
		}
	}
}

func (s *stage) write(t *testing.T, e *end, n int) {
	t.Helper()
	_, err := e.peer.Write(make([]byte, n))
	must(t, err)
}

// turn has the loop make a turn, in which there must be something to do, and checks whose handlers were called. It does not
// end by itself, however long the machine does other things meanwhile, and so the loop does not yield; nor does who is in the heavy
// lane leave it for a spell that happens to end, nor is company that was there taken to be gone.
func (s *stage) turn(t *testing.T, want ...string) {
	t.Helper()
	s.began = s.clock() + time.Hour
	if s.heavy.metAt > 0 {
		s.heavy.metAt = s.began
	}
	for _, e := range s.ends {
		if e.cost&inHeavy != 0 {
			e.cost |= mostCost
		}
	}
	s.gather()
	if w := s.w; !w.handleEvents() || !w.attend() || !w.fire() || !w.handleHeavy() {
		t.Fatal("the worker has lost the loop")
	}
	if !slices.Equal(s.calls, want) {
		t.Errorf("a turn was %q, want %q", s.calls, want)
	}
	s.calls = nil
}

// Who costs little is seen to before each portion of what those do who cost much.
func TestTheLightLaneIsSeenToBeforeEachPortionOfTheHeavyOne(t *testing.T) {
	s := newStage(t)
	light, heavies := s.end(t, "light", 0), s.costlies(t)
	for _, e := range heavies {
		s.write(t, e, 1)
	}
	s.write(t, light, 1)
	s.turn(t, "light 1", "heavy0 1")
	s.turn(t, "heavy1 1")
	s.write(t, light, 1)
	s.write(t, heavies[0], 2*portionRoom+7)
	light.Post()
	heavies[1].PostLater()
	s.turn(t, "light 1", "light attends", "heavy1 attends", "heavy2 1")
	room := fmt.Sprint("heavy0 ", portionRoom)
	s.turn(t, room) // the rest has to wait as well
	s.write(t, light, 1)
	s.turn(t, "light 1", room)
	s.turn(t, "heavy0 7")
}

// When many timers run out at once, those who cost little do not wait for all of them.
func TestTimersFireInPortions(t *testing.T) {
	s := newStage(t)
	light := s.end(t, "light", 0)
	var expired []*Conn
	for i := range 3 {
		e := s.end(t, fmt.Sprint("timed", i), heavy)
		e.timeout = func(*Worker) {
			s.calls = append(s.calls, fmt.Sprint("timer ", i))
			for began := time.Now(); time.Since(began) <= portionTime; {
			}
		}
		expired = append(expired, &e.Conn)
	}
	hurried := func(want ...string) {
		t.Helper()
		s.write(t, s.end(t, "heavy", heavy), 1)
		s.write(t, light, 1)
		s.turn(t, append([]string{"light 1"}, want...)...)
	}
	hurried("heavy 1")
	s.expired = expired
	hurried("timer 0", "heavy 1")
	hurried("timer 1", "heavy 1")
	s.turn(t, "timer 2") // gather does not wait
}

// Nobody who costs much waits for nobody.
func TestTheHeavyLaneIsNotHeldBackForNobody(t *testing.T) {
	s := newStage(t)
	for _, e := range s.costlies(t) {
		s.write(t, e, 50_000)
	}
	s.turn(t, "heavy0 50000", "heavy1 50000", "heavy2 50000")

	light := s.end(t, "light", 0)
	s.write(t, light, 1)
	s.turn(t, "light 1")
	s.heavy.metAt = -companyTime // so long ago
	s.heavy.company = false
	e := s.end(t, "heavy", heavy)
	s.write(t, e, 50_000)
	s.turn(t, "heavy 50000")
}

// Where every turn is waited for, a portion is a whole one.
func TestBesideBusyGoroutinesAPortionIsATurn(t *testing.T) {
	s := newStage(t)
	light, heavies := s.end(t, "light", 0), s.costlies(t)
	s.pressed = true
	again := func() {
		for _, e := range heavies {
			s.write(t, e, 50_000)
		}
		s.write(t, light, 1)
	}
	again()
	s.turn(t, "light 1", "heavy0 50000", "heavy1 50000", "heavy2 50000")

	received := heavies[0].received
	heavies[0].received = func(w *Worker, input []byte, err error) {
		received(w, input, err)
		s.began = s.clock() - 2*turnTime
	}
	again()
	s.turn(t, "light 1", "heavy0 50000")
	s.write(t, light, 1)
	s.turn(t, "light 1", "heavy1 50000", "heavy2 50000")
}

// What a connection costs puts it into a lane.
func TestLanesAreChosenByCost(t *testing.T) {
	s := newStage(t)
	spell := time.Duration(1 << spellBits)
	at := func(spells int) { s.now.Store(int64(spell) * int64(1000+spells)) }
	lane := func(e *end, want interest) {
		t.Helper()
		e.Lock()
		defer e.Unlock()
		if got := e.interest & heavy; got != want {
			t.Errorf("it is in lane %d, want %d", got, want)
		}
	}
	visit := func(e *end, octets int, full bool, want interest) {
		t.Helper()
		s.w.weigh(&e.Conn, octets, full)
		lane(e, want)
	}
	e := s.end(t, "e", heavy)
	at(0)
	e.spell = spellAt(s.w.Now())
	visit(e, 100, false, heavy) // a newcomer
	visit(e, 100, false, heavy)
	at(1)
	visit(e, 100, false, 0)
	visit(e, heavyCost<<10-1, false, 0)
	visit(e, 2<<10, false, heavy) // too much in one spell
	at(2)
	visit(e, lightCost<<10, false, heavy)
	at(3)
	visit(e, (lightCost-1)<<10, false, heavy) // of the spell before it is judged
	at(4)
	visit(e, heavyCost<<10-1, false, 0)
	at(5)
	visit(e, 10, true, heavy) // more waits
	at(6)
	visit(e, 10, false, heavy)
	at(9)
	visit(e, 10, false, 0)
	visit(e, 10, true, heavy)
	at(10)
	visit(e, 10, false, heavy)
	at(11)
	visit(e, 10, true, heavy) // it would leave, but for what comes now
	at(12)
	visit(e, 10, false, heavy)
	at(13)
	visit(e, 10, false, 0)

	s.write(t, e, 7) // it is watched for in the lane that it is in
	s.turn(t, "e 7")
	visit(e, 10, true, heavy)
	s.write(t, e, 8)
	if n := s.poller.pollHeavy(s.events[:]); n != 1 {
		t.Errorf("%d events in the heavy lane, want 1", n)
	}
	s.turn(t, "e 8")

	e.watch(t, false, false) // and in that when it is watched for again
	at(19)
	visit(e, 10, true, heavy)
	at(20)
	visit(e, 0, false, heavy)
	at(21)
	visit(e, 0, false, 0)
	e.watch(t, true, false)
	s.write(t, e, 9)
	if n := s.poller.pollHeavy(s.events[:]); n != 0 {
		t.Errorf("%d events in the heavy lane, want none", n)
	}
	s.turn(t, "e 9")
}

// What a call says that it has spent counts.
func TestWhatIsSpentCounts(t *testing.T) {
	s := newStage(t)
	e := s.end(t, "e", 0)
	e.received = func(w *Worker, _ []byte, _ error) {
		if w.Hurried() {
			t.Error("it is to hurry, though nobody is there")
		}
		w.Spend(heavyCost << 10)
	}
	s.write(t, e, 1)
	s.turn(t)
	if e.interest&heavy == 0 {
		t.Error("it is still in the light lane")
	}
	s.write(t, s.end(t, "light", 0), 1)
	e.received = func(w *Worker, _ []byte, _ error) {
		if !w.Hurried() {
			t.Error("it is not to hurry, though others are there")
		}
	}
	s.write(t, e, 1)
	s.turn(t, "light 1")
}

// A connection takes its lane along when another takes its place.
func TestALaneIsHandedOver(t *testing.T) {
	s := newStage(t)
	for _, lane := range []interest{0, heavy} {
		e, to := s.end(t, "e", lane), newEnd(t)
		e.HandOver(&to.Conn, to)
		if to.interest != reading|lane || to.cost != map[interest]cost{0: 0, heavy: inHeavy}[lane] {
			t.Errorf("from lane %d: interest %b, cost %b", lane, to.interest, to.cost)
		}
		to.forgotten(t, s)
	}
}

// forgotten has the loop forget an end, and checks that nothing is watched for any more.
func (e *end) forgotten(t *testing.T, s *stage) {
	t.Helper()
	e.Lock()
	defer e.Unlock()
	fd := int(e.fd)
	s.forget(&e.Conn)
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN}
	for _, set := range []int{s.poller.set, s.poller.heavy} {
		if err := syscall.EpollCtl(set, syscall.EPOLL_CTL_MOD, fd, &ev); err != syscall.ENOENT {
			t.Errorf("it is still watched: %v", err)
		}
	}
}
