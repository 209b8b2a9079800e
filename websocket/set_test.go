package websocket

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestSetAgreesWithAMap grows and shrinks a set through all its forms, and compares it with a map at each step.
func TestSetAgreesWithAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int{1, 2, setScan / 2, setScan, setScan + 1, 3 * setScan, 100} {
		var s set[int]
		model := map[int]bool{}
		for step := range 3000 {
			x := rnd.IntN(limit)
			growing := step/200%2 == 0
			if growing == (rnd.IntN(4) > 0) {
				if got := s.add(x); got != !model[x] {
					t.Fatalf("add(%d) = %v", x, got)
				}
				model[x] = true
			} else {
				if got := s.remove(x); got != model[x] {
					t.Fatalf("remove(%d) = %v", x, got)
				}
				delete(model, x)
			}
			checkSet(t, &s, model)
		}
	}
}

func checkSet(t *testing.T, s *set[int], model map[int]bool) {
	t.Helper()
	if s.len() != len(model) {
		t.Fatalf("len = %d, want %d", s.len(), len(model))
	}
	seen := map[int]bool{}
	for x := range s.all() {
		if !model[x] || seen[x] {
			t.Fatalf("all yields %d", x)
		}
		seen[x] = true
		if i := s.find(x); s.members[i] != x {
			t.Fatalf("find(%d) = %d", x, i)
		}
	}
	for x := range model {
		if !seen[x] {
			t.Fatalf("all does not yield %d", x)
		}
	}
	if s.find(-1) >= 0 {
		t.Fatal("it finds what is not there")
	}
	if s.index != nil && len(s.index) != len(model) {
		t.Fatalf("the index has %d of %d members", len(s.index), len(model))
	}
}

func TestSetOfManyIsIndexedAndGivesMemoryBack(t *testing.T) {
	var s set[int]
	const many = 10_000
	for i := range many {
		s.add(i)
		if indexed := s.index != nil; indexed != (i >= setScan) {
			t.Fatalf("with %d members, indexed is %v", i+1, indexed)
		}
	}
	for i := range many - setScan/2 {
		s.remove(i)
	}
	if s.index != nil || cap(s.members) > 2*setScan {
		t.Errorf("with %d members, there is room for %d, and an index of %d", s.len(), cap(s.members), len(s.index))
	}
	for i := range many {
		s.remove(i)
	}
	if s.members != nil {
		t.Errorf("empty, there is room for %d", cap(s.members))
	}
}

func TestSetStopsYieldingWhenAsked(t *testing.T) {
	var s set[int]
	s.add(1)
	s.add(2)
	n := 0
	for range s.all() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("it yielded %d", n)
	}
}

func TestSetKeepsNoMemberThatLeft(t *testing.T) {
	var s set[*int]
	a, b := new(int), new(int)
	s.add(a)
	s.add(b)
	s.remove(a)
	if rest := s.members[:cap(s.members)][1]; rest != nil {
		t.Error("the slice still refers to a member that left")
	}
}

func BenchmarkSetAddRemove(b *testing.B) {
	for _, n := range []int{1, setScan, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s set[int]
			for i := range n {
				s.add(i)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.remove(0)
				s.add(0)
			}
		})
	}
}
