package hub

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestChangesThatWereOvertakenAreNotKeptForASlowWatch(t *testing.T) {
	m := NewMemory(nil)
	ctx := context.Background()
	hold, called := make(chan struct{}), make(chan struct{}, 1)
	events := make(chan PresenceEvent, 100_000)
	stop, err := m.Watch("r", func(e PresenceEvent) {
		select {
		case called <- struct{}{}:
		default:
		}
		<-hold
		events <- e
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	m.Enter(ctx, "r", Member{ID: "first"})
	<-called
	const n = 10 * minCompacted
	for i := range n {
		m.Enter(ctx, "r", Member{ID: fmt.Sprint(i % 10), Value: []byte(fmt.Sprint(i))})
	}
	m.Exit(ctx, "r", "3")
	m.Enter(ctx, "r", Member{ID: "last"})
	close(hold)

	state := make(map[string]string)
	for count := 0; ; count++ {
		select {
		case e := <-events:
			if state[e.Member.ID] = string(e.Member.Value); e.Left {
				delete(state, e.Member.ID)
			}
			if e.Member.ID != "last" {
				continue
			}
		case <-time.After(time.Minute):
			t.Fatal("the last change was not told of")
		}
		if count > minCompacted+20 {
			t.Errorf("%d changes were kept", count)
		}
		break
	}
	if len(state) != 11 { // first, last, and nine of ten
		t.Errorf("after all changes there are %v", state)
	}
	for i := range 10 {
		if want := fmt.Sprint(n - 10 + i); i != 3 && state[fmt.Sprint(i)] != want {
			t.Errorf("member %d shows %q, want %q", i, state[fmt.Sprint(i)], want)
		}
	}
}

func TestThatNothingChangedIsNotTold(t *testing.T) {
	m := NewMemory(nil)
	ctx := context.Background()
	events := make(chan PresenceEvent, 10)
	stop, _ := m.Watch("r", func(e PresenceEvent) { events <- e })
	defer stop()
	for _, value := range []string{"a", "a", "b"} {
		m.Enter(ctx, "r", Member{ID: "x", Value: []byte(value)})
	}
	for _, want := range []string{"a", "b"} {
		if e := <-events; string(e.Member.Value) != want {
			t.Errorf("told was %q, want %q", e.Member.Value, want)
		}
	}
}

func TestWhereNobodyIsNothingIsKeptOfPresence(t *testing.T) {
	m := NewMemory(nil)
	ctx := context.Background()
	stop, _ := m.Watch("r", func(PresenceEvent) {})
	m.Enter(ctx, "r", Member{ID: "x"})
	m.Enter(ctx, "s", Member{ID: "x"})
	m.Exit(ctx, "r", "x")
	m.Exit(ctx, "s", "x")
	stop()
	stop()
	if n := rooms(m); n != 0 {
		t.Errorf("%d rooms are known", n)
	}
}
