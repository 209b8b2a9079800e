package frame_test

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

// Buffers that begin or end where memory does: an octet read beside them ends the program.
func TestNothingIsReadBeside(t *testing.T) {
	page := syscall.Getpagesize()
	mapped, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mapped); err != nil {
			t.Error(err)
		}
	})
	for _, at := range []int{0, 2 * page} {
		if err := syscall.Mprotect(mapped[at:at+page], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	room := mapped[page : 2*page : 2*page]

	for _, text := range longTexts(page) {
		for length := range min(1300, page) {
			for _, b := range [][]byte{room[:length], room[page-length:]} {
				copy(b, text)
				var u frame.UTF8
				if !u.Write(b) {
					t.Fatalf("Write(%q) = false", b)
				}
				k := frame.Mask(b, key)
				u.Reset()
				if next, ok := u.Unmask(b, key); !ok || next != k || !bytes.Equal(b, text[:length]) {
					t.Fatalf("Unmask of %q, masked, gave %q, %v, %#x, want %#x", text[:length], b, ok, next, k)
				}
			}
		}
	}
}
