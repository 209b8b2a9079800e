package main_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

// records is JSON of n octets: objects with names that recur and numbers that do not.
func records(r *rand.Rand, n int) []byte {
	names := []string{"Ada", "Grace", "Edsger", "Barbara", "Donald", "Tony", "Niklaus", "Frances"}
	b := []byte{'['}
	for len(b) < n {
		b = fmt.Appendf(b, `{"id":%d,"name":"%s %s","active":%t,"score":%.3f,"token":"%016x","at":[%.5f,%.5f],"values":[%d,%d,%d]},`,
			r.IntN(1e7), names[r.IntN(8)], names[r.IntN(8)], r.IntN(2) == 0, r.Float64()*1000, r.Uint64(),
			r.Float64()*180-90, r.Float64()*360-180, r.IntN(1000), r.IntN(1000), r.IntN(1000))
	}
	return append(b[:n-1], ']')
}

// BenchmarkDeflateEcho is what an echo of a message without context takeover costs in compression alone: our
// package's way, and the way of gorilla/websocket 1.5.3, done with the standard library as that does it.
func BenchmarkDeflateEcho(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 16 << 10, 1 << 20} {
		r := rand.New(rand.NewPCG(5, uint64(size)))
		var incoming [][]byte
		for range 64 {
			var buf bytes.Buffer
			w, err := flate.NewWriter(&buf, flate.DefaultCompression)
			if err != nil {
				b.Fatal(err)
			}
			w.Write(records(r, size))
			w.Flush()
			incoming = append(incoming, bytes.TrimSuffix(buf.Bytes(), []byte(tail)))
			if size >= 1<<20 && len(incoming) == 4 {
				break
			}
		}
		for _, way := range []struct {
			name string
			echo func(out, in []byte) (n int, compressed []byte, err error)
		}{
			{"everwire", everwireEcho()},
			{"gorilla", gorillaEcho()},
		} {
			b.Run(fmt.Sprintf("%d/%s", size, way.name), func(b *testing.B) {
				octets, out := 0, make([]byte, 0, size+1024)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					n, compressed, err := way.echo(out, incoming[i%len(incoming)])
					if err != nil || n != size {
						b.Fatalf("%d octets of %d, %v", n, size, err)
					}
					octets += len(compressed)
				}
				b.ReportMetric(float64(octets)/float64(b.N), "octets/op")
			})
		}
	}
}

func everwireEcho() func(out, in []byte) (int, []byte, error) {
	var d deflate.Decompressor
	var c deflate.Compressor
	d.Init(deflate.MaxWindowBits, false)
	c.Init(deflate.MaxWindowBits, deflate.DefaultLevel, false)
	var whole []byte
	return func(out, in []byte) (int, []byte, error) {
		payload, state, err := d.Next(in, true)
		if state == deflate.Full { // as a connection does: pieces are gathered
			whole = whole[:0]
			for err == nil && state == deflate.Full {
				whole = append(whole, payload...)
				payload, state, err = d.Next(nil, true)
			}
			whole = append(whole, payload...)
			payload = whole
		}
		if err != nil {
			return 0, nil, err
		}
		n := len(payload)
		compressed, smaller := c.AppendMessage(out[:0], payload)
		if !smaller {
			compressed = append(out[:0], payload...)
		}
		d.Release()
		return n, compressed, nil
	}
}

const tail = "\x00\x00\xff\xff"

// gorillaEcho has a reader and a writer of level 1 in pools, reads to the end with io.ReadAll, as its ReadMessage
// does, and cuts the tail off while it writes.
func gorillaEcho() func(out, in []byte) (int, []byte, error) {
	readers := sync.Pool{New: func() any { return flate.NewReader(nil) }}
	writers := sync.Pool{}
	return func(out, in []byte) (int, []byte, error) {
		fr := readers.Get().(io.ReadCloser)
		source := struct{ io.Reader }{bytes.NewReader(in)} // no more than a Reader, as a message's is there
		fr.(flate.Resetter).Reset(io.MultiReader(source, strings.NewReader(tail+"\x01\x00\x00\xff\xff")), nil)
		payload, err := io.ReadAll(fr)
		fr.Close()
		readers.Put(fr)
		if err != nil {
			return 0, nil, err
		}
		tw := &tailCutter{out: out[:0]}
		fw, ok := writers.Get().(*flate.Writer)
		if ok {
			fw.Reset(tw)
		} else if fw, err = flate.NewWriter(tw, 1); err != nil {
			return 0, nil, err
		}
		fw.Write(payload)
		fw.Flush()
		writers.Put(fw)
		return len(payload), tw.out, nil
	}
}

// A tailCutter hands on everything but the last four octets.
type tailCutter struct {
	out  []byte
	held [len(tail)]byte
	n    int
}

func (w *tailCutter) Write(p []byte) (int, error) {
	all := len(p)
	if w.n < len(w.held) {
		n := copy(w.held[w.n:], p)
		w.n += n
		if p = p[n:]; len(p) == 0 {
			return all, nil
		}
	}
	m := min(len(p), len(w.held))
	w.out = append(w.out, w.held[:m]...)
	copy(w.held[:], w.held[m:])
	copy(w.held[len(w.held)-m:], p[len(p)-m:])
	w.out = append(w.out, p[:len(p)-m]...)
	return all, nil
}
