package hub

import (
	"math/rand/v2"
	"testing"
)

func TestARingIsAQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r ring[int]
	var want []int
	for i := range 20_000 {
		growing := i/2000%2 == 0
		if n := random.IntN(3); len(want) == 0 || (n > 0) == growing {
			r.push(i)
			want = append(want, i)
		} else {
			if got := r.pop(); got != want[0] {
				t.Fatalf("step %d: pop is %d, want %d", i, got, want[0])
			}
			want = want[1:]
		}
		if r.len() != len(want) {
			t.Fatalf("step %d: len is %d, want %d", i, r.len(), len(want))
		}
		if n := len(want); n > 0 {
			k := random.IntN(n)
			if got := r.at(k); got != want[k] {
				t.Fatalf("step %d: at(%d) is %d, want %d", i, k, got, want[k])
			}
		}
	}
	for r.len() > 0 {
		r.pop()
	}
	if len(r.items) > 32 {
		t.Errorf("an empty ring has room for %d", len(r.items))
	}
}
