package conformance

import (
	"slices"
	"testing"
)

func TestSample(t *testing.T) {
	for _, bounds := range [][2]int{{0, 999}, {1016, 2999}, {5000, 65535}} {
		from, to := bounds[0], bounds[1]
		got := sample(from, to)
		if len(got) < 44 || len(got) > 100 || got[0] != from || got[len(got)-1] != to || !slices.IsSorted(got) {
			t.Errorf("%d to %d: %v", from, to, got)
		}
		if !slices.Equal(got, sample(from, to)) {
			t.Errorf("%d to %d: another sample the second time", from, to)
		}
	}
}
