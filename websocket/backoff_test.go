package websocket

import (
	"math"
	"testing"
	"time"
)

func TestBackoffBounds(t *testing.T) {
	for _, test := range []struct {
		name  string
		b     Backoff
		bound []time.Duration // after 1, 2, … losses in a row
	}{
		{"defaults", Backoff{}, []time.Duration{
			time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}},
		{"growing slowly", Backoff{First: 100 * time.Millisecond, Factor: 1.5, Max: 200 * time.Millisecond}, []time.Duration{
			100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond}},
		{"not growing", Backoff{First: time.Second, Factor: 1}, []time.Duration{time.Second, time.Second, time.Second}},
		{"first above the default maximum", Backoff{First: time.Minute}, []time.Duration{time.Minute, time.Minute}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := test.b.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range test.bound {
				if got := b.bound(i + 1); got != want {
					t.Errorf("after %d losses the bound is %v, want %v", i+1, got, want)
				}
			}
			if got, want := b.bound(math.MaxInt32), test.bound[len(test.bound)-1]; got != want {
				t.Errorf("after very many losses the bound is %v, want %v", got, want)
			}
		})
	}
}

// Of many draws the least and the greatest must be within the range, and near its ends: with 1000 of them, each end's
// outermost twentieth is missed with a probability below 1e-22.
func TestBackoffDrawsFromAllOfItsRange(t *testing.T) {
	for _, test := range []struct {
		name     string
		jitter   float64
		min, max time.Duration
	}{
		{"full by default", 0, 0, 4 * time.Second},
		{"full", 1, 0, 4 * time.Second},
		{"half", 0.5, 2 * time.Second, 4 * time.Second},
		{"none", -1, 4 * time.Second, 4 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := Backoff{Jitter: test.jitter}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			least, greatest := time.Duration(math.MaxInt64), time.Duration(0)
			for range 1000 {
				d := b.wait(3)
				least, greatest = min(least, d), max(greatest, d)
			}
			edge := (test.max - test.min) / 20
			if least < test.min || least > test.min+edge || greatest > test.max || greatest < test.max-edge {
				t.Errorf("waits are from %v to %v, want from %v to %v", least, greatest, test.min, test.max)
			}
		})
	}
}

func TestBackoffThatCannotWork(t *testing.T) {
	for _, test := range []struct {
		name string
		b    Backoff
	}{
		{"negative first", Backoff{First: -1}},
		{"negative maximum", Backoff{Max: -1}},
		{"maximum below first", Backoff{First: time.Minute, Max: time.Second}},
		{"shrinking", Backoff{Factor: 0.5}},
		{"factor is no number", Backoff{Factor: math.NaN()}},
		{"too much jitter", Backoff{Jitter: 1.5}},
		{"jitter is no number", Backoff{Jitter: math.NaN()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.b.withDefaults(); err == nil {
				t.Error("no error")
			}
		})
	}
}
