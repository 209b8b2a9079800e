package hub_test

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/hub"
)

func TestSubscribe(t *testing.T) {
	a, b := twoHubs(t, func(name string) hub.RoomOptions { return hub.RoomOptions{Ordered: name == "orders.1.new"} })
	heard := map[string]chan string{}
	var stops []func()
	for _, pattern := range []string{"orders.*", "orders.>", "orders.1", "*"} {
		got := make(chan string, 100)
		heard[pattern] = got
		stop, err := a.Subscribe(pattern, func(m *hub.Message) { got <- m.Room + "=" + string(m.Data) })
		must(t, err)
		stops = append(stops, stop)
	}
	for i, room := range []string{"orders", "orders.1", "orders.2", "orders.1.new", "other.1", "end"} {
		publish(t, []*hub.Hub{a, b}[i%2], room, fmt.Sprint(i))
	}
	// Patterns are told of each on their own; what matches nothing is not there when the rest is.
	for pattern, want := range map[string][]string{
		"orders.*": {"orders.1=1", "orders.2=2"},
		"orders.>": {"orders.1=1", "orders.2=2", "orders.1.new=3"},
		"orders.1": {"orders.1=1"},
		"*":        {"orders=0", "end=5"},
	} {
		got := map[string]bool{}
		for range want {
			got[<-heard[pattern]] = true
		}
		for _, w := range want {
			if !got[w] {
				t.Errorf("%s: %q did not come: %v", pattern, w, got)
			}
		}
	}
	for _, stop := range stops {
		stop()
		stop()
	}
	for pattern, got := range heard {
		if len(got) > 0 {
			t.Errorf("%s: %q came too", pattern, <-got)
		}
	}
	for _, pattern := range []string{"", "\xff"} {
		if _, err := a.Subscribe(pattern, func(*hub.Message) {}); err != hub.ErrRoomName {
			t.Errorf("%q: error %v", pattern, err)
		}
	}
}

// A Hub of one process tells its subscribers of plain rooms that nobody is in.
func TestSubscribeInOneProcess(t *testing.T) {
	h := newHub(t, nil)
	got := make(chan string, 2)
	stop, err := h.Subscribe(">", func(m *hub.Message) { got <- string(m.Data) })
	must(t, err)
	defer stop()
	publish(t, h, "r", "1")
	if s := <-got; s != "1" {
		t.Errorf("got %q", s)
	}
}
