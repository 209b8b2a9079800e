package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
)

// All rooms together keep no more than Options.Tail, and what is kept is given back with the room.
func TestTailsAreBounded(t *testing.T) {
	const limit = 100_000
	h := newHub(t, &hub.Options{Room: history(1000), Tail: limit})
	c := newClient(t, nil)
	for i := range 10 { // all that there is is in the tails then
		_, err := h.JoinWith(t.Context(), c.Socket, fmt.Sprint(i), hub.JoinOptions{From: &hub.Position{}})
		must(t, err)
	}
	for n := range 50 {
		for i := range 10 {
			publish(t, h, fmt.Sprint(i), fmt.Sprint(n, strings.Repeat(".", 1000)))
			if n := h.Stats().TailOctets; n > limit+10*1100 { // what is just being put there is one message of each
				t.Fatalf("%d octets", n)
			}
		}
	}
	for range 500 {
		<-c.got
	}
	if n := h.Stats().TailOctets; n < limit/3 {
		t.Errorf("only %d octets are kept", n)
	}
	for i := range 10 { // what was given up is read from the broker
		d := newClient(t, nil)
		_, err := h.JoinWith(t.Context(), d.Socket, fmt.Sprint(i), hub.JoinOptions{From: &hub.Position{}})
		must(t, err)
		for n := range 50 {
			if got, _, _ := strings.Cut(<-d.got, "."); got != fmt.Sprint(n) {
				t.Fatalf("room %d: got %q, want %d", i, got, n)
			}
		}
		h.Leave(d.Socket)
	}
	h.Leave(c.Socket)
	if n := h.Stats().TailOctets; n != 0 {
		t.Errorf("%d octets are left", n)
	}
}

func TestATailKeepsAsManyAsTheRoom(t *testing.T) {
	h := newHub(t, &hub.Options{Room: history(3)})
	c := newClient(t, nil)
	must(t, h.Join(c.Socket, "r"))
	publish(t, h, "r", "x")
	c.wait(t, "x")
	one := h.Stats().TailOctets
	for range 10 {
		publish(t, h, "r", "x")
		c.wait(t, "x")
	}
	if n := h.Stats().TailOctets; n != 3*one || one == 0 {
		t.Errorf("%d octets, want three times %d", n, one)
	}
}

// What is older than the room keeps is neither sent nor a position to come back to, whether it is in a tail or not.
func TestAgeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, &hub.Options{Room: func(string) hub.RoomOptions {
			return hub.RoomOptions{History: hub.History{Messages: 10, Age: time.Minute}}
		}})
		c := newClient(t, nil)
		must(t, h.Join(c.Socket, "r"))
		old := publish(t, h, "r", "1")
		time.Sleep(40 * time.Second)
		young := publish(t, h, "r", "2")
		time.Sleep(40 * time.Second)
		d := newClient(t, nil)
		join := func(opts hub.JoinOptions) (int, error) {
			h.Leave(d.Socket)
			j, err := h.JoinWith(t.Context(), d.Socket, "r", opts)
			return j.Missed, err
		}
		if _, err := join(hub.JoinOptions{From: &old}); err != hub.ErrTooOld {
			t.Errorf("from the old one: %v", err)
		}
		if n, err := join(hub.JoinOptions{From: &young}); n != 0 || err != nil {
			t.Errorf("from the young one: %d, %v", n, err)
		}
		if n, err := join(hub.JoinOptions{Recent: 5}); n != 1 || err != nil {
			t.Errorf("recent: %d, %v", n, err)
		}
		time.Sleep(40 * time.Second)
		if n, err := join(hub.JoinOptions{Recent: 5}); n != 0 || err != nil {
			t.Errorf("recent: %d, %v", n, err)
		}
		if _, err := join(hub.JoinOptions{From: &young}); err != hub.ErrTooOld {
			t.Errorf("from the last one, when it is old: %v", err)
		}
		if n := h.Stats().TailOctets; n != 0 {
			t.Errorf("%d octets are kept", n)
		}
	})
}
