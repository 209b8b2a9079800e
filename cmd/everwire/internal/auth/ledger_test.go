package auth

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestIdleAccountsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{PublishesPerSecond: 1, Burst: 10})
		stays := enter(t, c, "stays")
		for i := range 1000 {
			enter(t, c, fmt.Sprint(i)).Leave()
		}
		if n := len(c.users.accounts); n != 1001 {
			t.Fatalf("%d accounts, want all until their buckets are full", n)
		}
		time.Sleep(10 * time.Second)
		for range 500 { // two each
			enter(t, c, "other")
		}
		if n := len(c.users.accounts); n != 2 {
			t.Errorf("%d accounts are left, want those of who is here", n)
		}
		stays.Leave()
	})
}

// Who publishes to a room without joining it takes from one bucket, however long that goes on.
func TestAnAccountIsNotForgottenWhileItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounter(Limits{RoomPublishesPerSecond: 1, RoomBurst: 10})
		s := enter(t, c, "ada")
		published := 0
		for range 101 { // 100 s
			for s.Publish("room", 1) == nil {
				published++
			}
			time.Sleep(time.Second)
		}
		if published != 110 {
			t.Errorf("%d messages in 100 s, want the burst of 10 and 100", published)
		}
	})
}

func TestWithoutRatesNothingIsKept(t *testing.T) {
	c := NewCounter(Limits{ConnectionsPerUser: 1, RoomsPerConnection: 1})
	for i := range 1000 {
		s := enter(t, c, fmt.Sprint(i))
		s.Join(fmt.Sprint(i))
		s.Leave()
	}
	if u, r := len(c.users.accounts), len(c.rooms.accounts); u > 1 || r > 1 {
		t.Errorf("%d users and %d rooms are kept", u, r)
	}
}

func TestThereAreOnlySoManyIdleAccounts(t *testing.T) {
	c := NewCounter(Limits{RoomPublishesPerSecond: 0.001}) // so that a bucket takes long to fill
	s := enter(t, c, "ada")
	for i := range maxAccounts + 100 {
		s.Publish(fmt.Sprint(i), 1)
	}
	if n := len(c.rooms.accounts); n > maxAccounts+1 {
		t.Errorf("%d accounts, want %d", n, maxAccounts)
	}
}
