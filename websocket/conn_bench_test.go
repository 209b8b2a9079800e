package websocket_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// benchConns makes a pair whose messages may have any size.
func benchConns(b *testing.B) (s, c *websocket.Conn) {
	pair := &wstest.PairOptions{Accept: streamOptions.Accept, Dial: streamOptions.Dial}
	pair.Accept.Heartbeat.Interval, pair.Dial.Heartbeat.Interval = time.Hour, time.Hour
	return wstest.Conns(b, pair)
}

// BenchmarkConnEcho sends messages there and back.
func BenchmarkConnEcho(b *testing.B) {
	for _, size := range []int{100, 4000, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, c := benchConns(b)
			go func() {
				for m, err := range s.Messages(forever) {
					if err != nil || s.Write(forever, m.Type(), m.Bytes()) != nil {
						return
					}
				}
			}()
			data := make([]byte, size)
			written := make(chan error, 1)
			b.ReportAllocs()
			b.SetBytes(int64(2 * size))
			for b.Loop() {
				go func() { written <- c.Write(forever, websocket.Binary, data) }()
				for _, err := range c.Messages(forever) {
					if err != nil {
						b.Fatal(err)
					}
					break
				}
				if err := <-written; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConnStream sends one message through a Writer and a Reader, 64 KiB at a time.
func BenchmarkConnStream(b *testing.B) {
	const chunk = 64 << 10
	s, c := benchConns(b)
	go func() {
		_, r, err := s.Reader(forever)
		if err == nil {
			io.CopyBuffer(onlyWriter{io.Discard}, r, make([]byte, chunk))
		}
	}()
	w, err := c.Writer(forever, websocket.Binary)
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, chunk)
	b.ReportAllocs()
	b.SetBytes(chunk)
	for b.Loop() {
		if _, err := w.Write(data); err != nil {
			b.Fatal(err)
		}
	}
}
