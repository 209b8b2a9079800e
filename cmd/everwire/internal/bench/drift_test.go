package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func TestASoakSaysHowItDrifts(t *testing.T) {
	r := &Report{Settings: Settings{Scenario: load.Echo, Soak: true}}
	for i := range 40 {
		s := Sample{
			At: time.Duration(i+1) * time.Minute, Length: time.Minute, Phase: load.Measuring, Messages: int64(60_000 - 300*i),
			Latency: Stats{Count: 1, P99: time.Duration(1000+25*i) * time.Microsecond},
		}
		if i == 2 || i == 38 { // a single bad moment
			s.Latency.P99, s.Messages = time.Minute, 1
		}
		r.Series = append(r.Series, s)
	}
	if text := textOf(t, r, TextOptions{}); !strings.Contains(text, "Drift         975 → 830/s (-15 %)       p99 1.15 ms → 1.88 ms (+63 %)") {
		t.Errorf("it says\n%s", text)
	}
	if root, _ := parsePage(t, r); !strings.Contains(said(root), "975 → 830/s (-15 %), p99 1.15 ms → 1.88 ms (+63 %)") {
		t.Error("the page does not say how it drifts")
	}
	r.Settings.Soak = false
	if text := textOf(t, r, TextOptions{}); strings.Contains(text, "Drift") {
		t.Error("what is no soak does not drift")
	}
	r.Settings.Soak, r.Series = true, r.Series[:11]
	if _, ok := r.drift(); ok {
		t.Error("eleven samples are too few to say anything")
	}
}

func TestChange(t *testing.T) {
	for _, row := range []struct {
		from, to float64
		want     string
	}{{100, 150, "+50 %"}, {100, 50, "-50 %"}, {0, 5, "–"}} {
		if got := change(row.from, row.to); got != row.want {
			t.Errorf("from %v to %v is %s, want %s", row.from, row.to, got, row.want)
		}
	}
}
