package shed

import (
	"runtime"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestMemoryInUse(t *testing.T) {
	m := newMeter(&websocket.Server{})
	runtime.GC() // what it would free meanwhile
	before := m.memory()
	if before < 1<<20 || before > 1<<40 {
		t.Errorf("%d octets in use", before)
	}
	const more = 64 << 20
	held := make([]byte, more)
	for i := range held {
		held[i] = 1
	}
	with := m.memory()
	if with < before+more/2 {
		t.Errorf("%d octets in use, and then %d, with %d more", before, with, more)
	}
	runtime.KeepAlive(held)
	held = nil
	runtime.GC() // after which the program still has the memory, but does not use it
	if without := m.memory(); without > with-more/2 {
		t.Errorf("%d octets in use, and then %d, with %d fewer", with, without, more)
	}
	if lag := m.late(time.Now().Add(-time.Second)); lag < time.Second {
		t.Errorf("what was due a second ago is late by %v", lag)
	}
	if lag := m.loops(); lag < 0 {
		t.Errorf("loops are late by %v", lag)
	}
}
