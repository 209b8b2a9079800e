package hub

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

// Messages that never come back are forgotten after so many others.
func TestExceptsAreBounded(t *testing.T) {
	var e excepts
	sockets := []*websocket.Socket{nil}
	const n = 3 * exceptsKept
	for tag := range uint64(n) {
		e.put(tag, sockets)
	}
	if len(e.sockets) != exceptsKept || len(e.tags) != exceptsKept {
		t.Fatalf("%d sockets, %d tags are kept", len(e.sockets), len(e.tags))
	}
	if e.take(n-exceptsKept-1) != nil || e.take(n-exceptsKept) == nil {
		t.Error("not the oldest are forgotten")
	}
	for tag := range uint64(n) {
		e.take(tag)
	}
	if e.sockets != nil || e.tags != nil {
		t.Error("memory is kept")
	}
}
