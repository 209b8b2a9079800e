package websocket

import "testing"

func TestBufferHasTheRoomAskedFor(t *testing.T) {
	for n := range 3 << maxBufferBits {
		if n > 5000 && n&(n-1) != 0 && n%77777 != 0 {
			continue
		}
		b := newBuffer(n)
		if len(b.b) != 0 || cap(b.b) < n {
			t.Fatalf("asked for %d: length %d, room for %d", n, len(b.b), cap(b.b))
		}
		b.free()
	}
}

func TestBufferThatGrewServesAsWhatItIs(t *testing.T) {
	b := newBuffer(64)
	b.b = append(b.b, make([]byte, 1000)...)
	b.free()
	for range 100 {
		if b := newBuffer(1024); cap(b.b) < 1024 {
			t.Fatalf("room for %d", cap(b.b))
		}
	}
	(*buffer)(nil).free()
}
