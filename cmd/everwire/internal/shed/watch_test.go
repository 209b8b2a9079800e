package shed

import (
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// What a watch says after each look: # over, . not.
func TestWatch(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   string
	}{
		{"at the limit", []float64{10, 10, 10, 10, 10}, "....."},
		{"over, for long enough", []float64{11, 11, 11, 11}, "..##"},
		{"one pause does not count", []float64{11, 11, 1, 11, 11, 11}, ".....#"},
		{"a little less is not less", []float64{11, 11, 11, 9, 9, 9, 9}, "..#####"},
		{"low, for long enough", []float64{11, 11, 11, 5, 5, 5}, "..##.."},
		{"low, with a pause", []float64{11, 11, 11, 5, 6, 5, 5}, "..####."},
		{"again", []float64{11, 11, 11, 5, 5, 11, 11, 11}, "..##...#"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := watch{high: 10, low: 5, rise: 3, fall: 2}
			got := ""
			for _, v := range tt.values {
				got += map[bool]string{true: "#", false: "."}[w.look(v)]
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
