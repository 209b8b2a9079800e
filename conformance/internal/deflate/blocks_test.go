package deflate

import (
	"math/rand/v2"
	"testing"
)

// A code's lengths are complete and within bounds, however lopsided the counts are.
func TestCodesAreComplete(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for round := range 2000 {
		counts := make([]int, 2+rng.IntN(285))
		for i := range counts {
			switch rng.IntN(3) {
			case 0:
				counts[i] = 1 << rng.IntN(40)
			case 1:
				counts[i] = rng.IntN(5)
			}
		}
		most := 15
		if len(counts) <= 19 {
			most = 7
		}
		lengths := make([]uint8, len(counts))
		huffmanLengths(counts, lengths, most)
		sum := 0
		for i, n := range lengths {
			if counts[i] > 0 && n == 0 || int(n) > most {
				t.Fatalf("round %d: a count of %d has the length %d", round, counts[i], n)
			}
			if n > 0 {
				sum += 1 << (most - int(n))
			}
		}
		if sum != 1<<most {
			t.Fatalf("round %d: the code is not complete: %d of %d", round, sum, 1<<most)
		}
	}
}
