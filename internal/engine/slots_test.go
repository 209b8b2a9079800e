//go:build linux

package engine

import "testing"

func TestSlotIsReusedWithAnotherGeneration(t *testing.T) {
	var s slots
	a, b := new(Conn), new(Conn)
	s.add(a)
	if a.slot == 0 {
		t.Error("slot 0, the loop's own, was given away")
	}
	old := a.id()
	if s.find(old) != a {
		t.Error("it is not found")
	}
	s.remove(a)
	if s.find(old) != nil {
		t.Error("it is found after it was removed")
	}
	s.add(b)
	if b.slot != a.slot || b.gen == a.gen {
		t.Errorf("slot %d, generation %d follow on slot %d, generation %d", b.slot, b.gen, a.slot, a.gen)
	}
	if s.find(old) != nil || s.find(b.id()) != b {
		t.Error("the old id finds the new connection")
	}
}

func TestSlotsGrow(t *testing.T) {
	var s slots
	conns := make([]Conn, 3*chunkSize)
	seen := map[uint64]bool{0: true}
	for i := range conns {
		s.add(&conns[i])
		if id := conns[i].id(); seen[id] {
			t.Fatalf("id %x was given twice", id)
		} else {
			seen[id] = true
		}
	}
	for i := range conns {
		if s.find(conns[i].id()) != &conns[i] {
			t.Fatalf("connection %d is not found", i)
		}
	}
	if s.find(1<<32|uint64(len(conns)+chunkSize)) != nil || s.find(1<<32|1<<21) != nil {
		t.Error("somebody has a slot that was never used")
	}
	for i := range conns {
		s.remove(&conns[i])
	}
	for range conns {
		s.add(new(Conn))
	}
	if int(s.top) != len(conns) {
		t.Errorf("%d slots for %d connections", s.top, len(conns))
	}
}
