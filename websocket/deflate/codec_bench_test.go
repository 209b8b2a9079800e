package deflate_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

// record appends an object like those that services send: names that recur, numbers that do not, a list in it.
func record(b []byte, r *rand.Rand) []byte {
	names := []string{"Ada", "Grace", "Edsger", "Barbara", "Donald", "Tony", "Niklaus", "Frances"}
	places := []string{"London", "New York", "Rotterdam", "Los Angeles", "Milwaukee", "Colombo", "Winterthur", "Peru"}
	b = fmt.Appendf(b, `{"id":%d,"name":"%s %s","active":%t,"score":%.3f,"token":"%016x","place":{"city":"%s","at":[%.5f,%.5f]},"values":[`,
		r.IntN(1e7), names[r.IntN(8)], names[r.IntN(8)], r.IntN(2) == 0, r.Float64()*1000, r.Uint64(),
		places[r.IntN(8)], r.Float64()*180-90, r.Float64()*360-180)
	for i := range 2 + r.IntN(5) {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%d", r.IntN(1000))
	}
	return append(b, "]}"...)
}

// records is a list of records, cut to n octets.
func records(r *rand.Rand, n int) []byte {
	b := []byte{'['}
	for len(b) < n {
		b = append(record(b, r), ',')
	}
	return append(b[:n-1], ']')
}

// BenchmarkEcho inflates a message and compresses what came of it, as a server that echoes does. What
// comes in was compressed without takeover, or with it, by another library.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 16 << 10, 1 << 20} {
		for _, takeover := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/takeover=%v", size, takeover), func(b *testing.B) {
				payloads, incoming := exchange(b, size, takeover)
				var c deflate.Compressor
				var d deflate.Decompressor
				c.Init(15, deflate.DefaultLevel, takeover)
				d.Init(15, takeover)
				prime(b, &d, payloads)
				in, echo, out := 0, make([]byte, 0, size), make([]byte, 0, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					k := i % len(incoming)
					payload := echo[:0]
					piece, state, err := d.Next(incoming[k], true)
					for ; err == nil && state == deflate.Full; piece, state, err = d.Next(nil, true) {
						payload = append(payload, piece...)
					}
					if len(payload) == 0 {
						payload = piece // whole, where it lies
					} else {
						payload = append(payload, piece...)
					}
					if err != nil || len(payload) != len(payloads[k]) {
						b.Fatalf("message %d: %d octets, %v", k, len(payload), err)
					}
					compressed, smaller := c.AppendMessage(out, payload)
					if !smaller {
						compressed = payload
					} else {
						c.Remember(payload)
					}
					in += len(compressed)
					d.Release()
				}
				b.ReportMetric(float64(in)/float64(b.N), "octets/op")
			})
		}
	}
}

// exchange returns messages and what they are compressed. With takeover each refers to those before, and the
// first to the last, so that the series can go round.
func exchange(b *testing.B, size int, takeover bool) (payloads, compressed [][]byte) {
	r := rand.New(rand.NewPCG(5, uint64(size)))
	for range 2 + 48<<10/size { // more than a window has: none finds itself in it
		payloads = append(payloads, records(r, size))
	}
	var context []byte
	if takeover {
		for _, p := range payloads {
			context = append(context, p...)
		}
		context = context[max(0, len(context)-32<<10):]
	}
	for _, p := range payloads {
		var buf bytes.Buffer
		w, err := flate.NewWriterDict(&buf, 6, context)
		if err != nil {
			b.Fatal(err)
		}
		w.Write(p)
		w.Flush()
		compressed = append(compressed, bytes.TrimSuffix(buf.Bytes(), []byte{0, 0, 0xff, 0xff}))
		if takeover {
			context = append(context, p...)
			context = context[max(0, len(context)-32<<10):]
		}
	}
	return payloads, compressed
}

// prime makes the end of a series the context of its beginning.
func prime(b *testing.B, d *deflate.Decompressor, payloads [][]byte) {
	for _, p := range payloads {
		if _, err := inflate(d, deflate.Append(nil, p, 15, 1), 0); err != nil {
			b.Fatal(err)
		}
	}
	d.Release()
}

// BenchmarkCompress is the way out alone, by level.
func BenchmarkCompress(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 16 << 10, 1 << 20} {
		payloads, _ := exchange(b, size, false)
		for _, takeover := range []bool{false, true} {
			for _, level := range []int{1, 3, 5, 6, 9} {
				b.Run(fmt.Sprintf("%d/takeover=%v/level=%d", size, takeover, level), func(b *testing.B) {
					var c deflate.Compressor
					c.Init(15, level, takeover)
					n, out := 0, make([]byte, 0, 2*size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						payload := payloads[i%len(payloads)]
						compressed, _ := c.AppendMessage(out, payload)
						c.Remember(payload)
						n += len(compressed)
					}
					b.ReportMetric(float64(n)/float64(b.N), "octets/op")
				})
			}
		}
	}
}

// BenchmarkDecompress is the way in alone.
func BenchmarkDecompress(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 16 << 10, 1 << 20} {
		for _, takeover := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/takeover=%v", size, takeover), func(b *testing.B) {
				payloads, incoming := exchange(b, size, takeover)
				var d deflate.Decompressor
				d.Init(15, takeover)
				prime(b, &d, payloads)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					_, state, err := d.Next(incoming[i%len(incoming)], true)
					for ; err == nil && state == deflate.Full; _, state, err = d.Next(nil, true) {
					}
					if err != nil {
						b.Fatal(err)
					}
					d.Release()
				}
			})
		}
	}
}
