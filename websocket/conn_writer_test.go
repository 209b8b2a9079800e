package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

func TestWriterSendsASmallMessageAsOneFrame(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for _, parts := range [][]string{{}, {""}, {"a", "b", "c"}, {strings.Repeat("x", 32<<10)}} {
			w, err := c.Writer(forever, websocket.Text)
			wantError(t, "Writer", err, nil)
			for _, part := range parts {
				io.WriteString(w, part)
			}
			wantError(t, "Close", w.Close(), nil)
			h, payload, err := raw.read()
			if err != nil || !h.Fin || h.Opcode != frame.Text || string(payload) != strings.Join(parts, "") {
				t.Fatalf("%.50q arrives as %+v %.50q, %v", parts, h, payload, err)
			}
			wantError(t, "a second Close", w.Close(), nil)
			if n, err := io.WriteString(w, "late"); n != 0 || err != io.ErrClosedPipe {
				t.Fatalf("Write after Close = %d, %v; want ErrClosedPipe", n, err)
			}
		}
		send(t, c, websocket.Text, "next")
		raw.wantFrame(frame.Text, "next")
	})
}

func TestWriterSendsALargeMessageInFragmentsBetweenWhichControlFramesPass(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		w, err := c.Writer(forever, websocket.Binary)
		wantError(t, "Writer", err, nil)
		message := pseudoRandom(300_000)
		written := inBackground(func() error {
			for rest := message; len(rest) > 0; {
				n := min(len(rest), 10_000)
				if len(rest) == 150_000 {
					n = 100_000 // is a fragment by itself
				}
				if got, err := w.Write(rest[:n]); got != n || err != nil {
					return err
				}
				rest = rest[n:]
			}
			return w.Close()
		})
		var got []byte
		for fragment, fin := 0, false; !fin; fragment++ {
			h, payload, err := raw.read()
			if err != nil {
				t.Fatal(err)
			}
			if first := fragment == 0; first != (h.Opcode == frame.Binary) || !first && h.Opcode != frame.Continuation {
				t.Fatalf("fragment %d is a %s frame", fragment, h.Opcode)
			}
			if fin = h.Fin; !fin && len(payload) < 30_000 {
				t.Errorf("fragment %d has %d octets", fragment, len(payload))
			}
			got = append(got, payload...)
		}
		if !bytes.Equal(got, message) {
			t.Error("the message is not what was written")
		}
		wantError(t, "writing", <-written, nil)
	})
}

func TestPongsPassBetweenAWritersFragments(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		w, err := c.Writer(forever, websocket.Binary)
		wantError(t, "Writer", err, nil)
		for range 3 {
			w.Write(make([]byte, 33<<10))
			raw.write(raw.frame(frame.Ping, true, "?"))
			if h, _, _ := raw.read(); h.Opcode.Control() || h.Fin {
				t.Fatalf("the peer received %+v; want a fragment", h)
			}
			raw.wantFrame(frame.Pong, "?")
		}
		wantError(t, "Close", w.Close(), nil)
	})
}

func TestWriterHoldsOtherMessagesBackUntilClose(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		second := inBackground(func() error { return c.Write(forever, websocket.Text, []byte("second")) })
		io.WriteString(w, "fi")
		synctest.Wait()
		io.WriteString(w, "rst")
		wantError(t, "Close", w.Close(), nil)
		wantError(t, "the second", <-second, nil)
		wantMessage(t, s, websocket.Text, "first")
		wantMessage(t, s, websocket.Text, "second")
	})
}

func TestWriterTakesTextSplitInsideCharacters(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		text := strings.Repeat("aß€𝄞", 9000)
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		written := inBackground(func() error {
			for i := range len(text) {
				if _, err := io.WriteString(w, text[i:i+1]); err != nil {
					return err
				}
			}
			return w.Close()
		})
		wantMessage(t, s, websocket.Text, text)
		wantError(t, "writing", <-written, nil)
	})
}

func TestWriterOfInvalidUTF8(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for _, row := range []struct {
		name string
		text []string // the last of which is wrong, or its end is
		left bool     // a fragment has left before
	}{
		{"at once", []string{"\xFF"}, false},
		{"later", []string{"good", "b\xE4d"}, false},
		{"at the end", []string{"half \xE2\x82"}, false},
		{"behind a fragment", []string{long, "\xFF"}, true},
		{"at the end, behind a fragment", []string{long, "half \xE2\x82"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				w, err := c.Writer(forever, websocket.Text)
				wantError(t, "Writer", err, nil)
				for _, part := range row.text {
					_, err = io.WriteString(w, part)
				}
				if err == nil {
					err = w.Close()
				}
				wantError(t, "the Writer", err, websocket.ErrInvalidUTF8)
				wantError(t, "a second Close", w.Close(), websocket.ErrInvalidUTF8)
				_, err = w.Write(nil)
				wantError(t, "Write", err, websocket.ErrInvalidUTF8)
				if !row.left {
					send(t, c, websocket.Text, "next")
					raw.wantFrame(frame.Text, "next")
					return
				}
				if h, _, err := raw.read(); err != nil || h.Fin {
					t.Fatalf("the fragment: %+v, %v", h, err)
				}
				raw.wantClose(websocket.CloseInternalError)
				raw.wantEnd()
				raw.nc.Close()
				wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
				if _, _, err := c.Read(forever); err == nil || errors.Is(err, websocket.ErrClosed) {
					t.Errorf("Read: %v; want why", err)
				}
			})
		})
	}
}

func TestWriterWhoseContextEndsBetweenFragmentsFailsConnWith1011(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		ctx, cancel := context.WithCancel(forever)
		w, err := c.Writer(ctx, websocket.Binary)
		wantError(t, "Writer", err, nil)
		w.Write(make([]byte, 40<<10))
		waiting := inBackground(func() error { return c.Write(forever, websocket.Text, nil) })
		cancel()
		_, err = w.Write(make([]byte, 40<<10))
		wantError(t, "Write", err, context.Canceled)
		wantError(t, "Close", w.Close(), context.Canceled)
		wantError(t, "another message", <-waiting, websocket.ErrClosed)
		raw.read()
		raw.wantClose(websocket.CloseInternalError)
		raw.wantEnd()
		raw.nc.Close()
		if _, _, err := c.Read(forever); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("Read: %v; want why, which is no end of a context", err)
		}
	})
}

func TestCloseInsideAWritersMessageIsClean(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		w, err := c.Writer(forever, websocket.Binary)
		wantError(t, "Writer", err, nil)
		w.Write(make([]byte, 40<<10))
		peer := inBackground(func() error { _, _, err := s.Read(forever); return err })
		closed := inBackground(func() error { return c.Close(websocket.CloseGoingAway, "") })
		synctest.Wait()
		_, err = w.Write(make([]byte, 40<<10))
		wantError(t, "Write", err, websocket.ErrClosed)
		wantError(t, "Close of the Writer", w.Close(), websocket.ErrClosed)
		wantError(t, "Close", <-closed, nil)
		if err := <-peer; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
			t.Errorf("the peer reads %v", err)
		}
	})
}

func TestAWritersFragmentAfterOursWasSentButNotAnsweredDoesNotFailConn(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		w, err := c.Writer(forever, websocket.Binary)
		wantError(t, "Writer", err, nil)
		w.Write(make([]byte, 40<<10))
		raw.read()
		closed := inBackground(func() error { return c.Close(websocket.CloseNormal, "") })
		raw.wantClose(websocket.CloseNormal)
		_, err = w.Write(make([]byte, 40<<10))
		wantError(t, "Write", err, websocket.ErrClosed)
		raw.write(raw.closing(websocket.CloseNormal, ""))
		raw.wantEnd()
		raw.nc.Close()
		wantError(t, "Close", <-closed, nil)
	})
}

func TestStreamingAMessageTakesBoundedMemory(t *testing.T) {
	size := int64(64 << 20)
	if os.Getenv("EVERWIRE_LONG") != "" {
		size = 1 << 30
	} else if websocket.PoisonBuffers { // the race detector makes all slow
		size = 12 << 20
	}
	for _, typ := range []websocket.MessageType{websocket.Binary, websocket.Text} {
		t.Run(typ.String(), func(t *testing.T) {
			s, c := memoryConns(t, &streamOptions)
			heap := watchHeap(t)
			for _, end := range []struct{ from, to *websocket.Conn }{{s, c}, {c, s}} {
				written := inBackground(func() error {
					w, err := end.from.Writer(forever, typ)
					if err != nil {
						return err
					}
					if _, err := io.CopyBuffer(onlyWriter{w}, io.LimitReader(endless{}, size), make([]byte, 64<<10)); err != nil {
						return err
					}
					return w.Close()
				})
				_, r, err := end.to.Reader(forever)
				wantError(t, "Reader", err, nil)
				buf := make([]byte, 64<<10)
				total := int64(0)
				for err == nil {
					var n int
					n, err = r.Read(buf)
					for _, b := range buf[:n:n][:min(n, 16)] {
						if b != 'e' {
							t.Fatalf("octet %#x near %d", b, total)
						}
					}
					if total>>22 != (total+int64(n))>>22 {
						heap()
					}
					total += int64(n)
				}
				if err != io.EOF || total != size {
					t.Fatalf("%d octets, %v; want %d", total, err, size)
				}
				wantError(t, "writing", <-written, nil)
			}
		})
	}
}

// watchHeap returns a function that fails the test when what is in use of the heap has grown by more
// than 4 MiB.
func watchHeap(t *testing.T) func() {
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	start := inUse()
	return func() {
		t.Helper()
		if now := inUse(); now > start+4<<20 {
			t.Fatalf("the heap has grown from %d to %d KiB", start>>10, now>>10)
		}
	}
}

// endless is a source of text.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'e'
	}
	return len(p), nil
}

type onlyWriter struct{ io.Writer }

func TestOneFrameLargerThanMemoryAllowsIsStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, &streamOptions.Accept)
		const size = 16 << 20
		heap := watchHeap(t)
		go func() {
			raw.nc.Write(raw.header(frame.Binary, true, size)) // masked with a key, so the zeros become it
			zeros := make([]byte, 64<<10)
			for range size / len(zeros) {
				raw.nc.Write(zeros)
			}
		}()
		_, r, err := c.Reader(forever)
		wantError(t, "Reader", err, nil)
		n, err := io.Copy(io.Discard, r)
		heap()
		if n != size || err != nil {
			t.Errorf("%d octets, %v", n, err)
		}
	})
}

func TestWriterBlockedByItsPeerObeysContext(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		w, err := c.Writer(expiring(time.Second), websocket.Binary)
		wantError(t, "Writer", err, nil)
		_, err = io.Copy(w, io.LimitReader(endless{}, 1<<20))
		wantError(t, "writing", err, context.DeadlineExceeded)
		wantError(t, "Close", w.Close(), context.DeadlineExceeded)
	})
}

func TestReaderLearnsAtOnceThatAWriterHasFailedTheConn(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		reading := inBackground(func() error { _, _, err := c.Read(forever); return err })
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		io.WriteString(w, strings.Repeat("x", 40<<10))
		start := time.Now()
		io.WriteString(w, "\xFF")
		if err := <-reading; err == nil || !strings.Contains(err.Error(), "abandoned") {
			t.Errorf("Read: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		raw.read()
		raw.wantClose(websocket.CloseInternalError)
		raw.wantEnd() // also at once: the peer has sent nothing
		if took := time.Since(start); took != 0 {
			t.Errorf("the peer's end took %v", took)
		}
	})
}

func TestWriteBehindAWriterThatIsIdleIsReleasedAtOnceByTheConnectionsEnd(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		_, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		waiting := inBackground(func() error { return c.Write(forever, websocket.Text, nil) })
		synctest.Wait()
		start := time.Now()
		raw.write(raw.closing(websocket.CloseNormal, ""))
		wantClosed(t, c, websocket.CloseNormal)
		wantError(t, "Write", <-waiting, websocket.ErrClosed)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}
