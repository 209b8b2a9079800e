package auth

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// enter is Counter.Enter for who must get in.
func enter(t *testing.T, c *Counter, user string) *Seat {
	t.Helper()
	s, err := c.Enter(user)
	if err != nil {
		t.Fatalf("%s: %v", user, err)
	}
	return s
}

// limited checks that an error is of a limit.
func limited(t *testing.T, err error, limit string, most float64) *LimitError {
	t.Helper()
	var l *LimitError
	if !errors.As(err, &l) || l.Limit != limit || l.Most != most {
		t.Fatalf("the error is %v, want one about %g %s", err, most, limit)
	}
	return l
}

func free(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestNoLimits(t *testing.T) {
	c := NewCounter(Limits{})
	if c != nil {
		t.Error("there is a Counter")
	}
	s := enter(t, c, "ada")
	for range 1000 {
		free(t, s.Join("room"))
		free(t, s.Publish("room", 1<<30))
	}
	s.Part("room")
	s.Leave()
}

func TestZeroIsNoLimit(t *testing.T) {
	c := NewCounter(Limits{ConnectionsPerUser: 1000})
	s := enter(t, c, "ada")
	for i := range 1000 {
		free(t, s.Join(fmt.Sprint(i)))
		free(t, s.Publish("room", 1<<30))
	}
}

func TestConnectionsPerUser(t *testing.T) {
	c := NewCounter(Limits{ConnectionsPerUser: 2})
	first, _ := enter(t, c, "ada"), enter(t, c, "ada")
	_, err := c.Enter("ada")
	limited(t, err, "connections of one user", 2)
	if text := err.Error(); text != "too many connections of one user: at most 2" {
		t.Error(text)
	}
	enter(t, c, "bob")
	first.Leave()
	first.Leave() // again changes nothing
	enter(t, c, "ada")
	_, err = c.Enter("ada")
	limited(t, err, "connections of one user", 2)
}

func TestStrangersCountAsOneUserEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where no second passes
		c := NewCounter(Limits{ConnectionsPerUser: 1, PublishesPerSecond: 1})
		a, b := enter(t, c, ""), enter(t, c, "")
		free(t, a.Publish("room", 1))
		free(t, b.Publish("room", 1))
		limited(t, a.Publish("room", 1), "messages of one user in a second", 1)
		a.Leave()
		b.Leave()
	})
}

func TestRoomsPerConnection(t *testing.T) {
	c := NewCounter(Limits{RoomsPerConnection: 2})
	s := enter(t, c, "ada")
	free(t, s.Join("a"))
	free(t, s.Join("b"))
	free(t, s.Join("b")) // is in it
	limited(t, s.Join("c"), "rooms on one connection", 2)
	free(t, enter(t, c, "ada").Join("c"))
	s.Part("a")
	s.Part("a")
	s.Part("nowhere")
	free(t, s.Join("c"))
	limited(t, s.Join("a"), "rooms on one connection", 2)
}

func TestMembersPerRoom(t *testing.T) {
	c := NewCounter(Limits{MembersPerRoom: 2})
	a, b, d := enter(t, c, "a"), enter(t, c, "b"), enter(t, c, "d")
	free(t, a.Join("blue"))
	free(t, b.Join("blue"))
	limited(t, d.Join("blue"), "members of the room", 2)
	free(t, d.Join("red"))
	a.Part("blue")
	free(t, d.Join("blue"))
	limited(t, a.Join("blue"), "members of the room", 2)
	b.Leave() // of all rooms
	free(t, a.Join("blue"))
	free(t, b.Join("blue")) // who has left is told nothing, and counts for nothing
	limited(t, enter(t, c, "e").Join("blue"), "members of the room", 2)
}

func TestPublishesPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{PublishesPerSecond: 2, Burst: 4})
		one, two := enter(t, c, "ada"), enter(t, c, "ada") // of one user
		for range 2 {
			free(t, one.Publish("room", 1))
			free(t, two.Publish("other", 1))
		}
		l := limited(t, one.Publish("room", 1), "messages of one user in a second", 2)
		if l.After != 500*time.Millisecond || l.Never {
			t.Errorf("there is room again after %v", l.After)
		}
		limited(t, two.Publish("room", 1), "messages of one user in a second", 2)
		free(t, enter(t, c, "bob").Publish("room", 1))
		time.Sleep(l.After)
		free(t, two.Publish("room", 1))
		limited(t, one.Publish("room", 1), "messages of one user in a second", 2)
	})
}

func TestOctetsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{OctetsPerSecond: 1000, OctetsBurst: 2000})
		s := enter(t, c, "ada")
		l := limited(t, s.Publish("room", 2001), "octets in one message", 2000)
		if !l.Never {
			t.Error("a message that is too large may be tried again")
		}
		free(t, s.Publish("room", 2000))
		l = limited(t, s.Publish("room", 500), "octets of one user in a second", 1000)
		if l.After != 500*time.Millisecond {
			t.Errorf("there is room again after %v", l.After)
		}
		free(t, s.Publish("room", 0))
		time.Sleep(l.After)
		free(t, s.Publish("room", 500))
		limited(t, s.Publish("room", 1), "octets of one user in a second", 1000)
	})
}

func TestRoomPublishesPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{RoomPublishesPerSecond: 2})
		a, b := enter(t, c, "ada"), enter(t, c, "bob")
		free(t, a.Join("room"))
		free(t, a.Publish("room", 1))
		free(t, b.Publish("room", 1)) // without having joined
		limited(t, a.Publish("room", 1), "messages to the room in a second", 2)
		limited(t, b.Publish("room", 1), "messages to the room in a second", 2)
		free(t, b.Publish("other", 1))
		time.Sleep(500 * time.Millisecond)
		free(t, b.Publish("room", 1))
		limited(t, a.Publish("room", 1), "messages to the room in a second", 2)
	})
}

func TestDefaultBursts(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		want   [3]int // Burst, OctetsBurst, RoomBurst
	}{
		{Limits{PublishesPerSecond: 0.1, OctetsPerSecond: 10, RoomPublishesPerSecond: 0.1}, [3]int{1, 64 << 10, 1}},
		{Limits{PublishesPerSecond: 20, OctetsPerSecond: 1 << 20, RoomPublishesPerSecond: 30}, [3]int{20, 1 << 20, 30}},
		{Limits{Burst: 7, OctetsBurst: 8, RoomBurst: 9}, [3]int{7, 8, 9}},
	} {
		l := NewCounter(c.limits).limits
		if got := [3]int{l.Burst, l.OctetsBurst, l.RoomBurst}; got != c.want {
			t.Errorf("%+v: %v, want %v", c.limits, got, c.want)
		}
	}
}

func TestWhoComesBackHasNoMoreThanWhoStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{PublishesPerSecond: 1, Burst: 3})
		published := 0
		for range 10 {
			s := enter(t, c, "ada")
			for s.Publish("room", 1) == nil {
				published++
			}
			s.Leave()
		}
		if published != 3 {
			t.Errorf("%d messages were let through, want 3", published)
		}
		time.Sleep(2 * time.Second)
		s := enter(t, c, "ada")
		for s.Publish("room", 1) == nil {
			published++
		}
		if published != 5 {
			t.Errorf("%d messages were let through, want 5", published)
		}
	})
}

// Whatever happens at once, the counts come out even.
func TestCountsComeOutEven(t *testing.T) {
	c := NewCounter(Limits{ConnectionsPerUser: 3, RoomsPerConnection: 2, MembersPerRoom: 4, PublishesPerSecond: 1e6, RoomPublishesPerSecond: 1e6})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				s, err := c.Enter(fmt.Sprint(j % 3))
				if err != nil {
					continue
				}
				for k := range 4 {
					room := fmt.Sprint((i + j + k) % 5)
					s.Join(room)
					s.Publish(room, 10)
					if k%2 == 0 {
						s.Part(room)
					}
				}
				s.Leave()
			}
		})
	}
	wg.Wait()
	for _, l := range []*ledger{c.users, c.rooms} {
		if l.idle.Len() != len(l.accounts) {
			t.Errorf("%d accounts, %d of them idle", len(l.accounts), l.idle.Len())
		}
		for name, a := range l.accounts {
			if a.holds != 0 {
				t.Errorf("%s is held %d times", name, a.holds)
			}
		}
	}
}

func TestLimitErrorsAreForPeople(t *testing.T) {
	for _, e := range []*LimitError{
		{Limit: "members of the room", Most: 1e7},
		{Limit: "messages of one user in a second", Most: 0.5},
	} {
		if text := e.Error(); strings.Contains(text, "e+") || strings.Contains(text, "\n") {
			t.Error(text)
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	c := NewCounter(Limits{PublishesPerSecond: 1e9, OctetsPerSecond: 1 << 40, RoomPublishesPerSecond: 1e9})
	s, err := c.Enter("ada")
	if err != nil {
		b.Fatal(err)
	}
	s.Join("room")
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Publish("room", 100); err != nil {
			b.Fatal(err)
		}
	}
}
