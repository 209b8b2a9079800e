package access

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestAttemptsAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Attempts
		one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		fail := func(from netip.Addr) int {
			n := 0
			for a.Try(from, false) == ErrWrong {
				n++
			}
			return n
		}
		if n := fail(one); n != Burst {
			t.Errorf("%d attempts at once, want %d", n, Burst)
		}
		if err := a.Try(other, true); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(wrongPause - time.Millisecond)
		if err := a.Try(one, true); err != ErrTooMany {
			t.Errorf("the right token, too early: %v", err)
		}
		time.Sleep(time.Millisecond)
		if n := fail(one); n != 1 {
			t.Errorf("%d attempts after a pause, want 1", n)
		}
		time.Sleep(time.Hour)
		if n := fail(one); n != Burst {
			t.Errorf("%d attempts after an hour, want %d", n, Burst)
		}
	})
}

func TestAttemptsAreCountedByNetwork(t *testing.T) {
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"one address", "192.0.2.1", "192.0.2.1", true},
		{"neighbours", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"one subscriber", "2001:db8::1", "2001:db8::ffff:1", true},
		{"two subscribers", "2001:db8::1", "2001:db8:0:1::1", false},
		{"zones", "fe80::1%eth0", "fe80::2%eth1", true},
	}
	for _, tt := range tests {
		var a Attempts
		if got := a.place(netip.MustParseAddr(tt.a)) == a.place(netip.MustParseAddr(tt.b)); got != tt.same {
			t.Errorf("%s: the same is %t", tt.name, got)
		}
	}
	var a Attempts
	if err := a.Try(netip.Addr{}, true); err != nil { // over a Unix socket; all are one
		t.Errorf("held back from the start: %v", err)
	}
}

// Who has a whole internet of addresses costs no more memory than a few.
func TestAttemptsAreRememberedOfSoManyNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Attempts
		from := netip.MustParseAddr("10.0.0.0")
		for range 3 * mostNetworks {
			a.Try(from, false)
			from = from.Next()
		}
		if len(a.wrong) > mostNetworks+1 {
			t.Errorf("%d are remembered", len(a.wrong))
		}
		if err := a.Try(from, true); err != ErrTooMany {
			t.Errorf("one more network, though the others have used up what all of them share: %v", err)
		}
		// It is so only while they go on: who used up what was shared does not hold back others for ever.
		time.Sleep(wrongPause)
		for range Burst {
			a.Try(from, false)
		}
		if err := a.Try(from.Next(), true); err != nil || len(a.wrong) > 2 {
			t.Errorf("a network, when most are quiet again: %v; %d are remembered", err, len(a.wrong))
		}
	})
}
