package websocket

import (
	"testing"
	"unsafe"
)

// TestAnIdleSocketIsSmall keeps the Socket in the memory allocator's class of 224 octets. What is to be added goes to a part that
// an idle socket does not have, or takes the place of something.
func TestAnIdleSocketIsSmall(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("pointers are smaller here")
	}
	for _, row := range []struct {
		name      string
		size, max uintptr
	}{
		{"Socket", unsafe.Sizeof(Socket{}), 224},
		{"listenerNode", unsafe.Sizeof(listenerNode{}), 24},
		{"extra", unsafe.Sizeof(extra{}), 96},
		{"membership", unsafe.Sizeof(membership{}), 16},
		{"outgoing", unsafe.Sizeof(outgoing{}), 64},
	} {
		if row.size > row.max {
			t.Errorf("a %s has %d octets, more than %d", row.name, row.size, row.max)
		}
	}
}
