package websocket

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSendQueueBehavesAsASlice(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var q sendQueue
	var model []uint64
	for seq := uint64(1); seq < 20_000; seq++ {
		switch op := rnd.IntN(10); {
		case op < 5 || len(model) == 0:
			buf := newBuffer(0)
			buf.b = append(buf.b, make([]byte, seq%7)...)
			q.push(outgoing{buf: buf, seq: seq})
			model = append(model, seq)
		case op < 8:
			if o := q.pop(); o.seq != model[0] {
				t.Fatalf("popped %d, not %d", o.seq, model[0])
			}
			model = model[1:]
		default:
			i := rnd.IntN(len(model))
			if o := q.remove(i); o.seq != model[i] {
				t.Fatalf("removed %d, not %d", o.seq, model[i])
			}
			model = slices.Delete(model, i, i+1)
		}
		q.shrink()
		var memory int64
		for i, want := range model {
			if got := q.at(i).seq; got != want {
				t.Fatalf("at %d: %d, not %d", i, got, want)
			}
			memory += int64(want % 7)
		}
		if q.n != len(model) || q.memory != memory {
			t.Fatalf("%d messages of %d octets, not %d of %d", q.n, q.memory, len(model), memory)
		}
	}
}

func TestBlobFragmentsStayWithinWhatAPeerTakes(t *testing.T) {
	for _, size := range []int64{0, 1, blobFragment - 1, blobFragment, blobFragment + 1, 1 << 30, 1 << 40} {
		b := &blobSource{size: size}
		fragments := 0
		for fin := false; !fin; fragments++ {
			var n int
			n, fin = b.next()
			if n == 0 && size > 0 || n < 0 {
				t.Fatalf("size %d: a fragment of %d at %d", size, n, b.off)
			}
			b.off += int64(n)
		}
		if b.off != size || fragments > 131_072 {
			t.Errorf("size %d: %d octets in %d fragments", size, b.off, fragments)
		}
	}
}
