package load

import (
	"slices"
	"testing"
)

// Messages leave in the order in which they came, however many there are, and memory is used again.
func TestBatchesAreInOrder(t *testing.T) {
	var b batches
	pushed, popped := int64(0), int64(0)
	for round := range 1000 {
		for range 1 + round%7 {
			b.push(pushed, 1)
			pushed++
		}
		for left := min(1+round%6, int(pushed-popped)); left > 0; {
			at, got := b.pop(left)
			if at != popped || got != 1 {
				t.Fatalf("round %d: got %d of %d, want 1 of %d", round, got, at, popped)
			}
			popped++
			left--
		}
	}
	var all []int64
	b.all(func(at int64, n int) { all = append(all, at) })
	if int64(len(all)) != pushed-popped || !slices.IsSorted(all) || all[0] != popped {
		t.Errorf("%d wait, from %d on; want %d, from %d on", len(all), all[0], pushed-popped, popped)
	}
	if c := cap(b.rest.list); c > 4*len(all) {
		t.Errorf("there is room for %d where %d wait", c, len(all))
	}
	for b.n > 0 {
		b.pop(1)
	}
	if b.all(func(int64, int) { t.Error("there is still one") }); len(b.rest.list) != 0 {
		t.Errorf("%d are kept", len(b.rest.list))
	}
}

func TestBatchesOfMany(t *testing.T) {
	var b batches
	b.push(1, 3)
	b.push(2, 2)
	for _, want := range []struct {
		ask int
		at  int64
		got int
	}{{2, 1, 2}, {5, 1, 1}, {5, 2, 2}} {
		if at, got := b.pop(want.ask); at != want.at || got != want.got {
			t.Errorf("asked for %d: got %d of %d, want %d of %d", want.ask, got, at, want.got, want.at)
		}
	}
}
