package deflate

import (
	"bytes"
	"testing"
)

func TestDeflaterStaysWithinItsWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{false, true} {
			d, z := NewDeflater(bits, takeover), NewInflater(bits, takeover)
			for i, n := range []int{0, 1, 3, 4, 5, 100, 257, 5000, 100000, 300000, 10, 4000, 70000} {
				for name, p := range map[string][]byte{"prose": prose(n, uint64(i)), "noise": noise(n, 4), "zeros": make([]byte, n), "letters": letters(n)} {
					c := d.Message(p)
					got, err := z.Message(c, n)
					if err != nil || !bytes.Equal(got, p) {
						t.Fatalf("%s, %d octets, %d bits, takeover %v: %d octets, %v", name, n, bits, takeover, len(got), err)
					}
					if len(c) > n+n/1000+16 {
						t.Errorf("%s: %d octets were compressed to %d", name, n, len(c))
					}
				}
			}
		}
	}
}

// What comes again is much smaller with takeover, and not without.
func TestTakeoverMakesMessagesSmaller(t *testing.T) {
	p := noise(200, 1)
	for takeover, least := range map[bool]bool{true: true, false: false} {
		d := NewDeflater(9, takeover)
		d.Message(p)
		if small := len(d.Message(p)) < 20; small != least {
			t.Errorf("takeover %v: small is %v", takeover, small)
		}
	}
}

func TestDeflaterIsAboutAsGoodAsOthers(t *testing.T) {
	for name, p := range map[string][]byte{"prose": prose(1<<17, 1), "letters": letters(1 << 17)} {
		ours, theirs := len(NewDeflater(15, false).Message(p)), len(reference(t, p, 5))
		if ours > theirs*5/4 {
			t.Errorf("%s: %d octets, and another needs %d", name, ours, theirs)
		}
	}
}

func FuzzDeflater(f *testing.F) {
	f.Add([]byte("hello hello hello"), uint8(8))
	f.Add(prose(3000, 1), uint8(15))
	f.Add(noise(3000, 1), uint8(9))
	f.Fuzz(func(t *testing.T, p []byte, b uint8) {
		bits := 8 + int(b&7)
		d, z := NewDeflater(bits, b&8 != 0), NewInflater(bits, b&8 != 0)
		for range 3 {
			got, err := z.Message(d.Message(p), len(p))
			if err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%d octets of %d, %v", len(got), len(p), err)
			}
		}
	})
}

func BenchmarkDeflater(b *testing.B) {
	p := prose(1<<17, 1)
	d := NewDeflater(15, false)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		d.Message(p)
	}
}
