package metrics

import (
	"errors"
	"strings"
	"testing"

	"github.com/everwire/everwire/hub"
)

func TestHub(t *testing.T) {
	s := hub.Stats{
		Rooms: 1, Memberships: 2, TailOctets: 3, Published: 4, Refused: 5, Received: 6, Delivered: 7, Recovered: 8, TooOld: 9,
		DropOldest: 10, DropNewest: 11, Conflated: 12, Disconnected: 13,
	}
	m := New()
	m.WatchHub(func() hub.Stats { return s })
	const want = `
everwire_hub_rooms 1
everwire_hub_memberships 2
everwire_hub_tail_bytes 3
everwire_hub_published_total 4
everwire_hub_refused_total 5
everwire_hub_received_total 6
everwire_hub_delivered_total 7
everwire_hub_recoveries_total{result="recovered"} 8
everwire_hub_recoveries_total{result="too_old"} 9
everwire_hub_slow_total{policy="drop_oldest"} 10
everwire_hub_slow_total{policy="drop_newest"} 11
everwire_hub_slow_total{policy="conflate"} 12
everwire_hub_slow_total{policy="disconnect"} 13
everwire_hub_broker_up 1
`
	_, text := scrape1(t, m)
	for line := range strings.Lines(strings.TrimSpace(want)) {
		if !strings.Contains(text, "\n"+strings.TrimSpace(line)+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
	s.Err = errors.New("gone")
	if _, text := scrape1(t, m); !strings.Contains(text, "\neverwire_hub_broker_up 0\n") {
		t.Error("the broker is up")
	}
}
