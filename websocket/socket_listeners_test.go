package websocket

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

// TestListenersAreCalledInTheOrderOfAdding adds and removes listeners at random, also while they are called, and compares who is
// called with a model: those there were before, in order, but for those removed by then.
func TestListenersAreCalledInTheOrderOfAdding(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	s := newSocket(protocol.Server, newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{}), Open)
	type added struct {
		id string
		l  Listener
	}
	var there []added // of both events
	var called, want []string
	act, drain := func() {}, event{kind: eventDrain}
	add := func(i int) {
		event := []string{"message", "drain"}[rnd.IntN(2)]
		id := fmt.Sprint(event, i)
		f := func() {
			if !slices.ContainsFunc(there, func(x added) bool { return x.id == id }) {
				t.Fatalf("%s was removed and is called", id)
			}
			called = append(called, id)
			act()
		}
		x := added{id: id}
		if event == "message" {
			x.l = s.OnMessage(func(*Socket, Message) { f() })
		} else {
			x.l = s.OnDrain(func(*Socket) { f() })
		}
		there = append(there, x)
	}
	remove := func() {
		if len(there) == 0 {
			return
		}
		i := rnd.IntN(len(there))
		there[i].l.Remove()
		there[i].l.Remove()
		there = slices.Delete(there, i, i+1)
	}
	for step := range 5000 {
		if rnd.IntN(2) == 0 && len(there) < 12 {
			add(step)
		} else {
			remove()
		}
		before := slices.Clone(there)
		called = nil
		act = func() { // in a listener
			switch rnd.IntN(4) {
			case 0:
				add(step + 1_000_000*len(called))
			case 1:
				remove()
			}
		}
		event := "message"
		if step%2 == 0 {
			s.deliverMessage(Message{typ: Text})
		} else {
			event = "drain"
			s.dispatch(drain)
		}
		want = nil
		for _, x := range before {
			stays := slices.ContainsFunc(there, func(y added) bool { return y.id == x.id })
			if x.id[:len(event)] == event && (stays || slices.Contains(called, x.id)) {
				want = append(want, x.id)
			}
		}
		if !slices.Equal(called, want) {
			t.Fatalf("called %v, want %v", called, want)
		}
		if hears[dropListener](s) || hears[messageListener](s) != slices.ContainsFunc(there, func(x added) bool { return x.id[0] == 'm' }) {
			t.Fatal("hears is wrong")
		}
	}
}
