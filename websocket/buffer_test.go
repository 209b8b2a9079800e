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

func TestBufferIsFreeWhenTheLastUserIsDone(t *testing.T) {
	b := newBuffer(1 << 10)
	b.b = append(b.b, "theirs"...)
	b.share()
	b.share()
	for left := 2; left > 0; left-- {
		if !b.isShared() {
			t.Fatalf("not shared, with %d others", left)
		}
		b.free()
		if string(b.b) != "theirs" {
			t.Fatalf("given back with %d others", left-1)
		}
	}
	if b.isShared() {
		t.Fatal("shared, with nobody else")
	}
	if b.free(); len(b.b) != 0 {
		t.Fatal("not given back by the last user")
	}
}
