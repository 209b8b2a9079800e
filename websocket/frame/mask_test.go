package frame_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

// naiveMask is RFC 6455 §5.3 to the letter: octet i is masked with octet i modulo 4 of the key. It
// returns the masked octets and the key that goes on behind them.
func naiveMask(b []byte, key uint32) ([]byte, uint32) {
	var k, next [4]byte
	binary.LittleEndian.PutUint32(k[:], key)
	masked := make([]byte, len(b))
	for i := range b {
		masked[i] = b[i] ^ k[i%4]
	}
	for i := range next {
		next[i] = k[(len(b)+i)%4]
	}
	return masked, binary.LittleEndian.Uint32(next[:])
}

// noise fills b with octets that are the same in every run.
func noise(b []byte) []byte {
	r := rand.New(rand.NewPCG(6455, uint64(len(b))))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestMaskRFCExample(t *testing.T) {
	b := []byte("Hello")
	k := frame.Mask(b, key)
	if want := octets(t, "7f9f4d5158"); !bytes.Equal(b, want) {
		t.Errorf("masked Hello = % x, want % x", b, want)
	}
	if want := uint32(0x373d21fa); k != want {
		t.Errorf("key after five octets = %#x, want %#x", k, want)
	}
	if frame.Mask(b, key); string(b) != "Hello" {
		t.Errorf("unmasked again = %q", b)
	}
}

func TestMaskAgreesWithNaive(t *testing.T) {
	const most = 300
	plain := noise(make([]byte, 8+most+8))
	for length := range most + 1 {
		for at := range 8 { // the start of a slice this large is aligned to 8 octets
			b := bytes.Clone(plain)
			k := frame.Mask(b[at:at+length], key)
			want, wantKey := naiveMask(plain[at:at+length], key)
			if !bytes.Equal(b[at:at+length], want) {
				t.Fatalf("%d octets from %d: % x, want % x", length, at, b[at:at+length], want)
			}
			if k != wantKey {
				t.Fatalf("%d octets from %d: key %#x, want %#x", length, at, k, wantKey)
			}
			if !bytes.Equal(b[:at], plain[:at]) || !bytes.Equal(b[at+length:], plain[at+length:]) {
				t.Fatalf("%d octets from %d: octets beside them changed", length, at)
			}
		}
	}
}

func TestMaskInPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	for range 500 {
		plain := noise(make([]byte, r.IntN(1000)))
		b := bytes.Clone(plain)
		start := r.Uint32()
		k := start
		var cuts []int
		for at := 0; at < len(b); {
			n := min(r.IntN(70), len(b)-at) // 0 too: an empty piece changes nothing
			k = frame.Mask(b[at:at+n], k)
			at += n
			cuts = append(cuts, at)
		}
		want, wantKey := naiveMask(plain, start)
		if !bytes.Equal(b, want) || k != wantKey {
			t.Fatalf("%d octets with key %#x cut at %v are masked wrong, or key %#x is not %#x",
				len(b), start, cuts, k, wantKey)
		}
	}
}

func TestMaskDoesNotAllocate(t *testing.T) {
	b := make([]byte, 1001)
	if n := testing.AllocsPerRun(100, func() { frame.Mask(b, key) }); n != 0 {
		t.Errorf("Mask allocates %v times", n)
	}
}

func TestNewKeyVaries(t *testing.T) {
	const goroutines, each = 8, 1000 // several batches of randomness for every goroutine
	keys := make([][]uint32, goroutines)
	var wg sync.WaitGroup
	for g := range keys {
		wg.Go(func() {
			for range each {
				keys[g] = append(keys[g], frame.NewKey())
			}
		})
	}
	wg.Wait()

	seen := make(map[uint32]bool)
	var ones, zeros uint32
	for _, some := range keys {
		for _, k := range some {
			seen[k] = true
			ones |= k
			zeros |= ^k
		}
	}
	// Among 8,000 random keys of 32 bits even one pair alike is seen once in 130 runs; five never.
	if alike := goroutines*each - len(seen); alike >= 5 {
		t.Errorf("%d of %d keys came twice", alike, goroutines*each)
	}
	if ones != 1<<32-1 || zeros != 1<<32-1 {
		t.Errorf("bits that were ever 1: %#x, ever 0: %#x", ones, zeros)
	}
}

func TestNewKeyDoesNotAllocate(t *testing.T) {
	frame.NewKey() // the first of all makes its batch
	if n := testing.AllocsPerRun(1000, func() { frame.NewKey() }); n != 0 {
		t.Errorf("NewKey allocates %v times", n)
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("Hello"), uint32(key), uint16(2), uint8(0))
	f.Add([]byte(""), uint32(0), uint16(0), uint8(7))
	f.Add(noise(make([]byte, 31)), uint32(1), uint16(3), uint8(1))
	f.Add(noise(make([]byte, 100)), uint32(0x01020304), uint16(33), uint8(5))
	f.Fuzz(func(t *testing.T, plain []byte, key uint32, cut uint16, at uint8) {
		want, wantKey := naiveMask(plain, key)

		room := make([]byte, 8+len(plain))
		b := room[at%8:][:len(plain)]
		copy(b, plain)
		if k := frame.Mask(b, key); k != wantKey || !bytes.Equal(b, want) {
			t.Fatalf("Mask(% x, %#x) gave % x, %#x, want % x, %#x", plain, key, b, k, want, wantKey)
		}

		// Back again, in two pieces.
		n := int(cut) % (len(b) + 1)
		k := frame.Mask(b[n:], frame.Mask(b[:n], key))
		if k != wantKey || !bytes.Equal(b, plain) {
			t.Fatalf("unmasking % x with %#x cut at %d gave % x, %#x", want, key, n, b, k)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	benchmarkBothWays(b, func(b *testing.B) {
		for _, size := range []int{0, 4, 7, 16, 31, 32, 40, 64, 100, 125, 256, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20} {
			b.Run(fmt.Sprint(size), func(b *testing.B) {
				at := places(make([]byte, size))
				b.ReportAllocs()
				b.SetBytes(int64(size))
				k := uint32(key)
				for i := 0; b.Loop(); i++ {
					k = frame.Mask(at[i%len(at)], k)
				}
			})
		}
	})
}

func BenchmarkNewKey(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(4)
	for b.Loop() {
		frame.NewKey()
	}
}

func BenchmarkNewKeyParallel(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			frame.NewKey()
		}
	})
}
