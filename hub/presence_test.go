package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
)

func withPresence(string) hub.RoomOptions { return hub.RoomOptions{Presence: true} }

func present(t testing.TB, h *hub.Hub, room string) []string {
	t.Helper()
	members, err := h.Present(t.Context(), room)
	must(t, err)
	var all []string
	for _, m := range members {
		all = append(all, fmt.Sprintf("%s@%s=%s", m.ID, m.Node, m.Value))
	}
	slices.Sort(all)
	return all
}

func wantPresent(t testing.TB, h *hub.Hub, room string, want ...string) {
	t.Helper()
	if got := present(t, h, room); !slices.Equal(got, want) {
		t.Errorf("present are %q, want %q", got, want)
	}
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := hub.NewMemory(nil)
		var mu sync.Mutex
		var events []string
		a := hub.New(&hub.Options{Broker: m, Room: withPresence, Node: "a"})
		b := hub.New(&hub.Options{Broker: m.Node(), Room: withPresence, Node: "b"})
		defer a.Close(context.Background())
		b.OnPresence(func(e hub.PresenceEvent) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, fmt.Sprint(e.Room, " ", e.Member.ID, " ", string(e.Member.Value), " ", e.Left))
		})
		one, two, three := newClient(t, nil), newClient(t, nil), newClient(t, nil)
		join := func(h *hub.Hub, c *client, id, value string) hub.Joined {
			t.Helper()
			j, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{ID: id, Value: []byte(value)})
			must(t, err)
			return j
		}
		join(b, one, "1", "x")
		wantPresent(t, a, "r", "1@b=x")
		join(a, two, "2", "y")
		wantPresent(t, b, "r", "1@b=x", "2@a=y")
		if j := join(a, two, "ignored", "z"); j.ID != "2" {
			t.Errorf("joined again %+v", j)
		}
		synctest.Wait()
		wantPresent(t, b, "r", "1@b=x", "2@a=z")
		join(a, three, "2", "z") // the same user once more
		a.Leave(two.Socket, "r")
		synctest.Wait()
		wantPresent(t, b, "r", "1@b=x", "2@a=z")
		three.Terminate()
		<-three.gone
		synctest.Wait()
		wantPresent(t, b, "r", "1@b=x")
		must(t, b.Close(t.Context()))
		wantPresent(t, a, "r")
		mu.Lock()
		defer mu.Unlock()
		if len(events) < 4 || events[0] != "r 1 x false" || !slices.Contains(events, "r 2 z true") {
			t.Errorf("events %q", events)
		}
	})
}

func TestPresenceIsToldAgainWhenTheBrokerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newShaky()
		var log notebook
		h := newHub(t, &hub.Options{Broker: b, Room: withPresence, Node: "n", Log: log.logger()})
		var clients []*client
		for i := range 3 {
			c := newClient(t, nil)
			value := []byte("v")
			_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{ID: fmt.Sprint(i), Value: value})
			must(t, err)
			clear(value) // is the caller's
			clients = append(clients, c)
		}
		wantPresent(t, h, "r", "0@n=v", "1@n=v", "2@n=v")
		b.cut(true)
		h.Leave(clients[0].Socket)
		late := newClient(t, nil)
		begun := time.Now()
		_, err := h.JoinWith(t.Context(), late.Socket, "r", hub.JoinOptions{ID: "late"})
		must(t, err)
		if d := time.Since(begun); d > 2*time.Second {
			t.Errorf("the join took %v", d)
		}
		time.Sleep(5 * time.Second)
		must(t, b.Memory.Exit(t.Context(), "r", "2")) // as for a node that seems dead
		b.cut(false)
		time.Sleep(2 * time.Second)
		wantPresent(t, h, "r", "1@n=v", "2@n=v", "late@n=")
		if !log.has("does not take a change of presence") {
			t.Error("nothing is logged")
		}
	})
}

// Who joins while the broker is being told of the same ID waits until it is told of this one too.
func TestAJoinWaitsForItsOwnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newShaky()
		b.refuse = func(hub.Member) error {
			time.Sleep(time.Second)
			return nil
		}
		h := newHub(t, &hub.Options{Broker: b, Room: withPresence, Node: "n"})
		join := func(value string) error {
			_, err := h.JoinWith(t.Context(), newClient(t, nil).Socket, "r", hub.JoinOptions{ID: "id", Value: []byte(value)})
			return err
		}
		first := make(chan error, 1)
		go func() { first <- join("old") }()
		time.Sleep(500 * time.Millisecond)
		must(t, join("new"))
		wantPresent(t, h, "r", "id@n=new")
		must(t, <-first)
	})
}

// What the broker refuses for another reason than being out of reach does not hold up the others.
func TestAMemberThatTheBrokerRefusesHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newShaky()
		b.refuse = func(m hub.Member) error {
			if m.ID == "bad" {
				return errors.New("refused by the test")
			}
			return nil
		}
		var log notebook
		h := newHub(t, &hub.Options{Broker: b, Room: withPresence, Node: "n", Log: log.logger()})
		begun := time.Now()
		for _, id := range []string{"bad", "good"} {
			_, err := h.JoinWith(t.Context(), newClient(t, nil).Socket, "r", hub.JoinOptions{ID: id})
			must(t, err)
		}
		wantPresent(t, h, "r", "good@n=")
		if d := time.Since(begun); d != 0 || !log.has("refused by the test") {
			t.Errorf("it took %v, logged %q", d, log.b.String())
		}
	})
}

func TestQuestionsOfRoomsWithout(t *testing.T) {
	h := newHub(t, nil)
	if _, err := h.Present(t.Context(), "r"); err != hub.ErrNoPresence {
		t.Errorf("Present: %v", err)
	}
	if _, err := h.History(t.Context(), "r", hub.Position{}, 1); err != hub.ErrNoHistory {
		t.Errorf("History: %v", err)
	}
	if _, err := h.JoinWith(t.Context(), newClient(t, nil).Socket, "r", hub.JoinOptions{From: &hub.Position{}}); err != hub.ErrNoHistory {
		t.Errorf("From: %v", err)
	}
	if n := h.Stats().Rooms; n != 0 {
		t.Errorf("%d rooms are left", n)
	}
}

// Members that come and go at once leave nobody present.
func TestPresenceEndsWithWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, &hub.Options{Room: withPresence, Node: "n"})
		var work sync.WaitGroup
		stays := newClient(t, nil)
		for range 4 {
			work.Go(func() {
				for i := range 10 {
					c := newClient(t, nil)
					go c.Terminate()
					h.Join(c.Socket, "r")
					if i%2 == 0 {
						h.Leave(c.Socket, "r")
					}
					<-c.gone
					h.JoinWith(t.Context(), stays.Socket, "r", hub.JoinOptions{ID: "stays"})
				}
			})
		}
		work.Wait()
		synctest.Wait()
		wantPresent(t, h, "r", "stays@n=")
	})
}
