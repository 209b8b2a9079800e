package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// narrow makes a stream that holds few octets, so that who writes soon waits for who reads.
const narrow = 1024

// narrowEnds runs a test in a bubble for both roles of a Conn whose stream is narrow.
func narrowEnds(t *testing.T, test func(t *testing.T, c *websocket.Conn, raw *rawPeer)) {
	opts := wstest.PairOptions{Pipe: []wstest.Option{wstest.PipeSize(narrow)}}
	opts.Accept.Limits.ControlFrames, opts.Dial.Limits.ControlFrames = -1, -1
	bubbles(t, "server", func(t *testing.T) {
		raw, opts := &rawPeer{t: t, masks: true}, opts
		opts.Client = func(nc net.Conn) net.Conn { raw.nc = nc; return nc }
		s, _ := memoryConns(t, &opts)
		test(t, s, raw)
	})
	bubbles(t, "client", func(t *testing.T) {
		raw, opts := &rawPeer{t: t}, opts
		opts.Server = func(nc net.Conn) net.Conn { raw.nc = nc; return nc }
		_, c := memoryConns(t, &opts)
		test(t, c, raw)
	})
}

// fill writes a message that just fits the narrow stream, and returns it.
func fill(t *testing.T, c *websocket.Conn, raw *rawPeer) string {
	t.Helper()
	header := 4
	if !raw.masks { // then what it receives is
		header = 8
	}
	message := strings.Repeat("f", narrow-header)
	send(t, c, websocket.Text, message)
	return message
}

func TestWriteSendsOneFrame(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for _, n := range []int{0, 1, 125, 126, 16384, 16385, 65535, 65536, 300_000, 600_000} {
			data := pseudoRandom(n)
			written := inBackground(func() error { return c.Write(forever, websocket.Binary, data) })
			h, payload, err := raw.read()
			if err != nil || !h.Fin || h.Opcode != frame.Binary || !bytes.Equal(payload, pseudoRandom(n)) {
				t.Fatalf("%d octets arrive as %+v, %d octets, %v", n, h, len(payload), err)
			}
			wantError(t, "Write", <-written, nil)
			if !bytes.Equal(data, pseudoRandom(n)) {
				t.Fatalf("Write has changed the caller's %d octets", n)
			}
		}
	})
}

func TestClientMasksEachFrameWithAKeyOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := clientAndRaw(t, nil)
		keys := map[uint32]bool{}
		for range 100 {
			send(t, c, websocket.Text, "x")
			h, _, err := raw.read()
			wantError(t, "reading", err, nil)
			keys[h.Key] = true
		}
		if len(keys) < 99 {
			t.Errorf("100 frames have %d different keys", len(keys))
		}
	})
}

func TestWriteContextExpiryBeforeFirstByteLeavesConnUsable(t *testing.T) {
	rows := []struct {
		name  string
		write func(c *websocket.Conn, ctx context.Context) error
	}{
		{"Write", func(c *websocket.Conn, ctx context.Context) error {
			return c.Write(ctx, websocket.Text, []byte("never sent"))
		}},
		{"Write of much", func(c *websocket.Conn, ctx context.Context) error {
			return c.Write(ctx, websocket.Binary, make([]byte, 1<<20))
		}},
		{"WriteJSON", func(c *websocket.Conn, ctx context.Context) error { return c.WriteJSON(ctx, "never sent") }},
		{"Writer", func(c *websocket.Conn, ctx context.Context) error {
			w, err := c.Writer(ctx, websocket.Text)
			if err != nil {
				return err
			}
			io.WriteString(w, "never sent")
			return w.Close()
		}},
		{"Writer's first fragment", func(c *websocket.Conn, ctx context.Context) error {
			w, err := c.Writer(ctx, websocket.Text)
			if err != nil {
				return err
			}
			_, err = w.Write(make([]byte, 40<<10))
			if closing := w.Close(); closing != err {
				return errors.Join(errors.New("Close has another error"), closing, err)
			}
			return err
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Run("the stream is full", func(t *testing.T) {
				narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
					first := fill(t, c, raw)
					for range 3 {
						if err := row.write(c, expiring(time.Second)); err != context.DeadlineExceeded {
							t.Fatalf("got %v, want the context's error", err)
						}
					}
					raw.wantFrame(frame.Text, first)
					send(t, c, websocket.Text, "after")
					raw.wantFrame(frame.Text, "after")
				})
			})
			t.Run("a Pong waits too", func(t *testing.T) {
				narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
					first := fill(t, c, raw)
					c.CloseRead(forever)
					raw.write(raw.frame(frame.Ping, true, "p"))
					synctest.Wait()
					if err := row.write(c, expiring(time.Second)); err != context.DeadlineExceeded {
						t.Fatalf("got %v, want the context's error", err)
					}
					raw.wantFrame(frame.Text, first)
					raw.wantFrame(frame.Pong, "p")
					send(t, c, websocket.Text, "after")
					raw.wantFrame(frame.Text, "after")
				})
			})
			t.Run("another message is being written", func(t *testing.T) {
				inMemory(t, func(t *testing.T, conns connPair) {
					s, c := conns(t, nil)
					w, err := c.Writer(forever, websocket.Text)
					wantError(t, "Writer", err, nil)
					if err := row.write(c, expiring(time.Second)); err != context.DeadlineExceeded {
						t.Fatalf("got %v, want the context's error", err)
					}
					io.WriteString(w, "first")
					wantError(t, "Close of the Writer", w.Close(), nil)
					wantMessage(t, s, websocket.Text, "first")
					send(t, c, websocket.Text, "after")
					wantMessage(t, s, websocket.Text, "after")
				})
			})
			t.Run("it has ended before", func(t *testing.T) {
				inMemory(t, func(t *testing.T, conns connPair) {
					s, c := conns(t, nil)
					if err := row.write(c, canceledContext()); err != context.Canceled {
						t.Fatalf("got %v, want the context's error", err)
					}
					send(t, c, websocket.Text, "after")
					wantMessage(t, s, websocket.Text, "after")
				})
			})
		})
	}
}

func TestWriteContextExpiryInsideFrameFailsConn(t *testing.T) {
	check := func(t *testing.T, c *websocket.Conn, n int) {
		t.Helper()
		reading := inBackground(func() error { _, _, err := c.Read(forever); return err })
		if err := c.Write(expiring(time.Second), websocket.Binary, make([]byte, n)); err != context.DeadlineExceeded {
			t.Fatalf("Write: %v; want the context's error", err)
		}
		err := <-reading
		if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "abandoned") {
			t.Errorf("Read: %v; want why the connection ended, which is no end of a context", err)
		}
		wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		wantError(t, "Ping", c.Ping(forever), websocket.ErrClosed)
		if again := c.Close(websocket.CloseNormal, ""); again != err {
			t.Errorf("Close: %v; want %v", again, err)
		}
	}
	for _, n := range []int{narrow, 20_000, 1 << 20} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				check(t, c, n)
				if _, _, err := raw.read(); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the peer reads %v; want a reset", err)
				}
			})
		})
	}
	narrowTLS := &wstest.PairOptions{Pipe: []wstest.Option{wstest.PipeSize(4096)}}
	bubbles(t, "TLS client", func(t *testing.T) {
		_, c := memoryTLSConns(t, narrowTLS)
		check(t, c, 8192)
	})
	bubbles(t, "TLS server", func(t *testing.T) {
		s, _ := memoryTLSConns(t, narrowTLS)
		check(t, s, 8192)
	})
}

func TestWriteObeysContextBehindAWriterThatIsStuck(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		first := fill(t, c, raw)
		stuck := inBackground(func() error { return c.Write(forever, websocket.Text, []byte("stuck")) })
		synctest.Wait()
		for range 3 {
			if err := c.Write(expiring(time.Second), websocket.Text, []byte("late")); err != context.DeadlineExceeded {
				t.Fatalf("Write: %v", err)
			}
		}
		raw.wantFrame(frame.Text, first)
		raw.wantFrame(frame.Text, "stuck")
		wantError(t, "Write", <-stuck, nil)
		send(t, c, websocket.Text, "after")
		raw.wantFrame(frame.Text, "after")
	})
}

func TestConcurrentWritersDoNotMix(t *testing.T) {
	const writers, each = 6, 25
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		for _, end := range []struct{ from, to *websocket.Conn }{{s, c}, {c, s}} {
			var writing sync.WaitGroup
			for i := range writers {
				writing.Go(func() {
					letter := []byte{byte('a' + i)}
					for n := range each {
						if err := writeSomehow(end.from, i, bytes.Repeat(letter, 1+n*3000)); err != nil {
							t.Errorf("writer %s: %v", letter, err)
						}
					}
				})
			}
			next := map[byte]int{}
			for range writers * each {
				_, data, err := end.to.Read(forever)
				if err != nil {
					t.Fatalf("Read: %v", err)
				}
				letter := data[0]
				if n := next[letter]; len(data) != 1+n*3000 || len(bytes.Trim(data, string(letter))) != 0 {
					t.Fatalf("message %d of writer %c has %d octets: %.50q…", n, letter, len(data), data)
				}
				next[letter]++
			}
			writing.Wait()
		}
	})
}

// writeSomehow writes a message in one of several ways.
func writeSomehow(c *websocket.Conn, way int, message []byte) error {
	if way%2 == 0 {
		return c.Write(forever, websocket.Text, message)
	}
	w, err := c.Writer(forever, websocket.Text)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(message, 1000*way) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return w.Close()
}

func TestWriteOfInvalidUTF8ChangesNothing(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		for _, text := range []string{"\xFF", "half \xE2\x82", "\xED\xA0\x80", "\xC0\x80"} {
			wantError(t, "Write", c.Write(forever, websocket.Text, []byte(text)), websocket.ErrInvalidUTF8)
		}
		send(t, c, websocket.Binary, "\xFF")
		wantMessage(t, s, websocket.Binary, "\xFF")
	})
}

func TestWriteOnAClosedConnIsErrClosed(t *testing.T) {
	ends := map[string]func(t *testing.T, c, peer *websocket.Conn){
		"closed here":    func(t *testing.T, c, peer *websocket.Conn) { go peer.Read(forever); c.Close(1000, "") },
		"terminated":     func(t *testing.T, c, peer *websocket.Conn) { c.Terminate() },
		"closed by peer": func(t *testing.T, c, peer *websocket.Conn) { go peer.Close(1000, ""); c.Read(forever) },
		"closing here":   func(t *testing.T, c, peer *websocket.Conn) { go c.Close(1000, ""); synctest.Wait() },
		"lost":           func(t *testing.T, c, peer *websocket.Conn) { peer.Terminate(); c.Read(forever) },
		"a violation here": func(t *testing.T, c, peer *websocket.Conn) {
			peer.Write(forever, websocket.Binary, make([]byte, 9))
			c.Read(forever)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, conns connPair) {
				pair := &wstest.PairOptions{}
				pair.Dial.Limits.MessageSize = 8
				s, c := conns(t, pair)
				end(t, c, s)
				wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
				_, err := c.Writer(forever, websocket.Text)
				wantError(t, "Writer", err, websocket.ErrClosed)
				wantError(t, "WriteJSON", c.WriteJSON(forever, 1), websocket.ErrClosed)
				wantError(t, "Ping", c.Ping(forever), websocket.ErrClosed)
			})
		})
	}
}

func TestWriterThatWaitsIsReleasedByTheConnectionsEnd(t *testing.T) {
	ends := map[string]func(c *websocket.Conn, raw *rawPeer){
		"Terminate":           func(c *websocket.Conn, raw *rawPeer) { c.Terminate() },
		"Close":               func(c *websocket.Conn, raw *rawPeer) { go c.Close(1000, "") },
		"the peer's Close":    func(c *websocket.Conn, raw *rawPeer) { raw.write(raw.closing(1000, "")) },
		"the peer's breach":   func(c *websocket.Conn, raw *rawPeer) { raw.write([]byte{0xFF, 0xFF}) },
		"the peer's vanished": func(c *websocket.Conn, raw *rawPeer) { raw.nc.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				fill(t, c, raw)
				var waiting [3]<-chan error
				for i := range waiting {
					waiting[i] = inBackground(func() error { return c.Write(forever, websocket.Text, []byte("stuck")) })
				}
				c.CloseRead(forever)
				synctest.Wait()
				end(c, raw)
				for _, result := range waiting {
					if err := <-result; !errors.Is(err, websocket.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
						t.Errorf("Write: %v", err)
					}
				}
			})
		})
	}
}

func TestNetworkErrorOfAWriteLeavesWhatThePeerSentToRead(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("last words"), raw.closing(websocket.CloseServiceRestart, "back soon"))
		raw.nc.Close()
		wantError(t, "the first Write", c.Write(forever, websocket.Text, nil), syscall.EPIPE)
		wantError(t, "the second", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		wantError(t, "Ping", c.Ping(forever), websocket.ErrClosed)
		wantMessage(t, c, websocket.Text, "last words")
		wantClosed(t, c, websocket.CloseServiceRestart)
	})
}

func TestNetworkErrorOfAWriterLeavesWhatThePeerSentToRead(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		w, err := c.Writer(forever, websocket.Binary)
		wantError(t, "Writer", err, nil)
		w.Write(make([]byte, 40<<10))
		raw.read()
		raw.write(raw.closing(websocket.CloseServiceRestart, "back soon"))
		raw.nc.Close()
		_, err = w.Write(make([]byte, 40<<10))
		wantError(t, "Write", err, syscall.EPIPE)
		wantClosed(t, c, websocket.CloseServiceRestart)
	})
}

// brokenClock is a stream that times out though nobody has set a deadline.
type brokenClock struct{ net.Conn }

func (brokenClock) Write([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }
func (brokenClock) Read([]byte) (int, error)  { return 0, os.ErrDeadlineExceeded }

func TestTimeoutThatIsNotTheContextsIsANetworkError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *replaceable
		_, c := memoryConns(t, &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
			r = &replaceable{Conn: nc}
			return r
		}})
		r.Conn = brokenClock{r.Conn}
		wantError(t, "Write", c.Write(forever, websocket.Text, nil), os.ErrDeadlineExceeded)
		wantError(t, "the next Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		_, _, err := c.Read(forever)
		wantError(t, "Read", err, os.ErrDeadlineExceeded)
		_, _, err = c.Read(forever)
		wantError(t, "the next Read", err, os.ErrDeadlineExceeded)
	})
}

// replaceable is a stream that a test can change behind a Conn's back.
type replaceable struct{ net.Conn }

// TLS, once it has begun with a record, cannot stop, also if none of its octets have left.
func TestWriteOverTLSThatWasBegunFailsConnWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow *wstest.FaultyConn
		_, c := memoryTLSConns(t, &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
			slow = wstest.Faulty(nc)
			return slow
		}})
		slow.Writes().Delay(time.Hour)
		if err := c.Write(expiring(time.Second), websocket.Text, nil); err != context.DeadlineExceeded {
			t.Fatalf("Write: %v; want the context's error", err)
		}
		wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		if _, _, err := c.Read(forever); err == nil || !strings.Contains(err.Error(), "abandoned") {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestWriteOfAnUnknownTypeChangesNothing(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		for _, typ := range []websocket.MessageType{0, 3, 8, 0xFF} {
			if err := c.Write(forever, typ, nil); err == nil {
				t.Errorf("Write of type %d succeeds", typ)
			}
			if _, err := c.Writer(forever, typ); err == nil {
				t.Errorf("Writer of type %d succeeds", typ)
			}
		}
		send(t, c, websocket.Text, "as it was")
		wantMessage(t, s, websocket.Text, "as it was")
	})
}

func TestPongDoesNotGoIntoAFrameThatWasAbandoned(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		written := inBackground(func() error { return c.Write(expiring(time.Second), websocket.Binary, make([]byte, 2*narrow)) })
		synctest.Wait()
		raw.write(raw.frame(frame.Ping, true, "now"))
		start := time.Now()
		wantError(t, "Write", <-written, context.DeadlineExceeded)
		c.Close(websocket.CloseNormal, "")
		if took := time.Since(start); took != time.Second {
			t.Errorf("the stream was cut after %v: something waited to be written", took)
		}
	})
}
