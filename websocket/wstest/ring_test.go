package wstest

import (
	"bytes"
	"testing"
)

// FuzzRing does what ops say, by turns a write and a read of so many bytes, on a ring and on a bytes.Buffer.
func FuzzRing(f *testing.F) {
	f.Add(uint16(1), []byte{1, 1, 2, 2, 0, 1})
	f.Add(uint16(10), []byte{10, 3, 3, 10, 7, 2, 11, 1, 5, 9})
	f.Add(uint16(600), []byte{255, 10, 255, 10, 255, 10, 255, 255, 255, 255, 255, 255})
	f.Add(uint16(5000), bytes.Repeat([]byte{250, 3}, 40))
	f.Fuzz(func(t *testing.T, limit uint16, ops []byte) {
		r := ring{limit: int(limit)}
		var want bytes.Buffer
		next := byte(0)
		for i, op := range ops {
			if i%2 == 0 {
				p := make([]byte, op)
				for j := range p {
					p[j] = next + byte(j)
				}
				fits := min(len(p), r.limit-want.Len())
				if n := r.write(p); n != fits {
					t.Fatalf("op %d: write of %d = %d, want %d", i, len(p), n, fits)
				}
				want.Write(p[:fits])
				next += byte(fits)
			} else {
				p := make([]byte, op)
				n := r.read(p)
				if w := want.Next(int(op)); !bytes.Equal(p[:n], w) {
					t.Fatalf("op %d: read %v, want %v", i, p[:n], w)
				}
			}
			if r.len() != want.Len() {
				t.Fatalf("op %d: len %d, want %d", i, r.len(), want.Len())
			}
			if len(r.buf) > r.limit {
				t.Fatalf("op %d: %d bytes of memory, limit %d", i, len(r.buf), r.limit)
			}
		}
	})
}

func TestRingTakesMemoryAsNeeded(t *testing.T) {
	r := ring{limit: 1 << 30}
	for range 100 {
		r.write(make([]byte, 100))
		r.read(make([]byte, 100))
	}
	if len(r.buf) != ringMin {
		t.Errorf("%d bytes of memory for never more than 100 held", len(r.buf))
	}
}
