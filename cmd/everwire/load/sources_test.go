package load

import (
	"net/netip"
	"slices"
	"testing"
)

func TestLoopback(t *testing.T) {
	tests := []struct {
		n, want     int
		first, last string
	}{
		{1, 1, "127.1.0.1", "127.1.0.1"},
		{20_000, 1, "127.1.0.1", "127.1.0.1"},
		{20_001, 2, "127.1.0.1", "127.1.0.2"},
		{1_000_000, 50, "127.1.0.1", "127.1.0.50"},
		{maxConnections, 839, "127.1.0.1", "127.1.3.89"},
	}
	for _, tt := range tests {
		got := Loopback(tt.n)
		if len(got) != tt.want || got[0].String() != tt.first || got[len(got)-1].String() != tt.last {
			t.Errorf("%d connections: %d addresses from %v to %v, want %d from %s to %s",
				tt.n, len(got), got[0], got[len(got)-1], tt.want, tt.first, tt.last)
		}
		if slices.ContainsFunc(got, func(a netip.Addr) bool { return !a.IsLoopback() }) {
			t.Errorf("%d connections: not all are on loopback", tt.n)
		}
		if !slices.IsSortedFunc(got, netip.Addr.Compare) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("%d connections: an address is there twice", tt.n)
		}
	}
	if got := Loopback(0); len(got) != 0 {
		t.Errorf("no connections: %v", got)
	}
}
