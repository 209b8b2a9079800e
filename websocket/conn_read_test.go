package websocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
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

func TestReadReturnsMessagesWholeAndInOrder(t *testing.T) {
	sizes := []int{0, 1, 125, 126, 4095, 4096, 16384, 16385, 65535, 65536, 200_000, 1 << 20}
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		for _, end := range []struct{ from, to *websocket.Conn }{{s, c}, {c, s}} {
			written := inBackground(func() error {
				for _, n := range sizes {
					if err := end.from.Write(forever, websocket.Binary, pseudoRandom(n)); err != nil {
						return err
					}
					if err := end.from.Write(forever, websocket.Text, []byte(strings.Repeat("ä", n/2))); err != nil {
						return err
					}
				}
				return nil
			})
			for _, n := range sizes {
				wantMessage(t, end.to, websocket.Binary, string(pseudoRandom(n)))
				wantMessage(t, end.to, websocket.Text, strings.Repeat("ä", n/2))
			}
			wantError(t, "writing", <-written, nil)
		}
	})
}

// pseudoRandom returns n octets, the same each time.
func pseudoRandom(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func TestReadBytesAreTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memoryConns(t, nil)
		send(t, c, websocket.Text, "first")
		_, first, _ := s.Read(forever)
		send(t, c, websocket.Text, "other")
		wantMessage(t, s, websocket.Text, "other")
		if string(first) != "first" {
			t.Errorf("a message became %q when the next was read", first)
		}
	})
}

// fragmented is a message in fragments, empty ones too, with control frames between them, as octets,
// and what it says.
func fragmented(p *rawPeer) (wire []byte, message string) {
	wire = bytes.Join([][]byte{
		p.frame(frame.Ping, true, "before"),
		p.frame(frame.Text, false, "Grüße, "),
		p.frame(frame.Ping, true, "between"),
		p.frame(frame.Continuation, false, ""),
		p.frame(frame.Continuation, false, strings.Repeat("ß", 70)),
		p.frame(frame.Pong, true, "unasked"),
		p.frame(frame.Continuation, false, "\xE2\x82"),
		p.frame(frame.Ping, true, ""),
		p.frame(frame.Continuation, true, "\xAC!"),
	}, nil)
	return wire, "Grüße, " + strings.Repeat("ß", 70) + "€!"
}

// readings are ways to read a message, the second after the first was interrupted in it.
var readings = []struct {
	name          string
	first, second func(c *websocket.Conn, ctx context.Context) (string, error)
}{
	{"Read", readMessage, readMessage},
	{"Messages", nextMessage, nextMessage},
	{"Read then Messages", readMessage, nextMessage},
	{"Messages then Read", nextMessage, readMessage},
	{"Reader", streamMessage, streamMessage},
	{"Reader then Read", streamMessage, readMessage},
	{"Read then Reader", readMessage, streamMessage},
	{"Messages then Reader", nextMessage, streamMessage},
}

func readMessage(c *websocket.Conn, ctx context.Context) (string, error) {
	_, data, err := c.Read(ctx)
	return string(data), err
}

func nextMessage(c *websocket.Conn, ctx context.Context) (string, error) {
	for m, err := range c.Messages(ctx) {
		return m.Text(), err
	}
	panic("no message and no error")
}

func streamMessage(c *websocket.Conn, ctx context.Context) (string, error) {
	_, r, err := c.Reader(ctx)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), err
}

func TestReadContextExpiryLosesNoByte(t *testing.T) {
	for _, reading := range readings {
		t.Run(reading.name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				wire, message := fragmented(raw)
				for cut := range wire {
					raw.write(wire[:cut])
					got, err := reading.first(c, expiring(time.Second))
					if err != context.DeadlineExceeded {
						t.Fatalf("cut at %d: %q, %v; want the context's error", cut, got, err)
					}
					if !strings.HasPrefix(message, got) {
						t.Fatalf("cut at %d: first part %q", cut, got)
					}
					raw.write(wire[cut:])
					rest, err := reading.second(c, forever)
					if got += rest; err != nil || got != message {
						t.Fatalf("cut at %d: %q, %v; want %q", cut, got, err, message)
					}
					raw.wantFrame(frame.Pong, "before")
					raw.wantFrame(frame.Pong, "between")
					raw.wantFrame(frame.Pong, "")
				}
			})
		})
	}
}

func TestReadContextExpiresAgainAndAgainInsideOneMessage(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		var slow *wstest.FaultyConn
		pair := &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
			slow = wstest.Faulty(nc)
			return slow
		}}
		pair.Accept.Heartbeat.Interval = -1 // a record of TLS takes long, and shows only when it is whole
		s, c := conns(t, pair)
		slow.Writes().Split(1).Delay(time.Second)
		message := strings.Repeat("octet by octet ", 20)
		written := inBackground(func() error { return c.Write(forever, websocket.Text, []byte(message)) })
		expired := 0
		for {
			_, data, err := s.Read(expiring(300 * time.Millisecond))
			if err == context.DeadlineExceeded {
				expired++
				continue
			}
			if err != nil || string(data) != message {
				t.Fatalf("Read = %q, %v", data, err)
			}
			break
		}
		if expired < len(message) {
			t.Errorf("only %d reads expired", expired)
		}
		wantError(t, "Write", <-written, nil)
	})
}

func TestReadObeysContext(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		canceled, cancel := context.WithCancel(forever)
		result := inBackground(func() error { _, _, err := s.Read(canceled); return err })
		cancel()
		wantError(t, "a Read that waits", <-result, context.Canceled)
		_, _, err := s.Read(canceled)
		wantError(t, "a Read that begins", err, context.Canceled)
		send(t, c, websocket.Text, "here")
		_, _, err = s.Read(canceled)
		wantError(t, "a Read that could have a message", err, context.Canceled)
		wantMessage(t, s, websocket.Text, "here")
	})
}

func TestReadWithAnExpiredContextWaitsForNoOtherReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memoryConns(t, nil)
		first := inBackground(func() string { _, data, _ := s.Read(forever); return string(data) })
		synctest.Wait()
		_, _, err := s.Read(expiring(time.Second))
		wantError(t, "the second reader", err, context.DeadlineExceeded)
		send(t, c, websocket.Text, "for the first")
		if got := <-first; got != "for the first" {
			t.Errorf("the first reader got %q", got)
		}
	})
}

func TestConcurrentReadersTakeTurnsMessageByMessage(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		const messages, readers = 300, 4
		s, c := conns(t, nil)
		var mu sync.Mutex
		seen := map[string]int{}
		take := func(m string) {
			mu.Lock()
			defer mu.Unlock()
			seen[m]++
		}
		var reading sync.WaitGroup
		for i := range readers {
			reading.Go(func() {
				if i%2 == 0 {
					for m, err := range s.Messages(forever) {
						if err != nil {
							return
						}
						take(m.Text())
					}
				}
				for {
					_, data, err := s.Read(forever)
					if err != nil {
						return
					}
					take(string(data))
				}
			})
		}
		for i := range messages {
			w, err := c.Writer(forever, websocket.Text)
			wantError(t, "Writer", err, nil)
			fmt.Fprintf(w, "%d:", i)
			io.WriteString(w, strings.Repeat(string(rune('a'+i%26)), i*40))
			wantError(t, "Close of the Writer", w.Close(), nil)
		}
		wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
		reading.Wait()
		for i := range messages {
			m := fmt.Sprintf("%d:%s", i, strings.Repeat(string(rune('a'+i%26)), i*40))
			if seen[m] != 1 {
				t.Errorf("message %d was read %d times", i, seen[m])
			}
		}
		if len(seen) != messages {
			t.Errorf("%d different messages were read, want %d", len(seen), messages)
		}
	})
}

func TestReadErrorIsTheConnectionsEnd(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("last words"), raw.closing(4001, "bye"))
		wantMessage(t, c, websocket.Text, "last words")
		for range 3 {
			_, _, err := c.Read(forever)
			var closed *websocket.CloseError
			if !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "bye" {
				t.Fatalf("Read: %v; want the peer's Close frame", err)
			}
		}
		_, _, err := c.Reader(forever)
		if websocket.CloseCodeOf(err) != 4001 {
			t.Errorf("Reader: %v; want the peer's Close frame", err)
		}
		if _, err = nextMessage(c, forever); websocket.CloseCodeOf(err) != 4001 {
			t.Errorf("Messages: %v; want the peer's Close frame", err)
		}
	})
}

func TestEndOfStreamWithoutCloseFrameIs1006(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(raw *rawPeer) []byte
		end    func(raw *rawPeer)
		want   error
	}{
		{"FIN between messages", func(raw *rawPeer) []byte { return nil }, (*rawPeer).endOutput, io.ErrUnexpectedEOF},
		{"FIN inside a header", func(raw *rawPeer) []byte { return raw.text("x")[:1] }, (*rawPeer).endOutput, io.ErrUnexpectedEOF},
		{"FIN inside a payload", func(raw *rawPeer) []byte { return raw.text("xyz")[:4] }, (*rawPeer).endOutput, io.ErrUnexpectedEOF},
		{"reset", func(raw *rawPeer) []byte { return nil }, func(raw *rawPeer) {
			raw.nc.(*wstest.PipeConn).SetLinger(0)
			raw.nc.Close()
		}, syscall.ECONNRESET},
	} {
		t.Run(row.name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				raw.write(row.before(raw))
				row.end(raw)
				_, _, err := c.Read(forever)
				wantError(t, "Read", err, row.want)
				if code := websocket.CloseCodeOf(err); code != websocket.CloseAbnormal {
					t.Errorf("the code is %d, want 1006", code)
				}
				if errors.Is(err, io.EOF) {
					t.Error("the error is io.EOF, which loops take for an orderly end")
				}
				wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
				wantError(t, "Close", c.Close(websocket.CloseNormal, ""), row.want)
			})
		})
	}
}

func TestMessageBeforeTheEndOfStreamIsRead(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("one"), raw.text("two"))
		raw.nc.Close()
		wantMessage(t, c, websocket.Text, "one")
		wantMessage(t, c, websocket.Text, "two")
		_, _, err := c.Read(forever)
		wantError(t, "Read", err, io.ErrUnexpectedEOF)
	})
}

func TestMessageWithinTheLimitIsReadAndOneOctetMoreIs1009(t *testing.T) {
	for _, row := range []struct {
		name   string
		limits websocket.Limits
		fits   func(raw *rawPeer) [][]byte
		last   func(raw *rawPeer) []byte // what makes it too much
	}{
		{
			"MessageSize in one frame", websocket.Limits{MessageSize: 10},
			func(raw *rawPeer) [][]byte { return [][]byte{raw.text("0123456789")} },
			func(raw *rawPeer) []byte { return raw.header(frame.Text, true, 11) },
		},
		{
			"MessageSize over fragments", websocket.Limits{MessageSize: 10},
			func(raw *rawPeer) [][]byte {
				return [][]byte{raw.frame(frame.Text, false, "01234"), raw.frame(frame.Continuation, true, "56789")}
			},
			func(raw *rawPeer) []byte {
				return append(raw.frame(frame.Text, false, "01234"), raw.frame(frame.Continuation, true, "56789A")...)
			},
		},
		{
			"Fragments", websocket.Limits{Fragments: 2},
			func(raw *rawPeer) [][]byte {
				return [][]byte{raw.frame(frame.Text, false, "01234"), raw.frame(frame.Continuation, true, "56789")}
			},
			func(raw *rawPeer) []byte {
				return bytes.Join([][]byte{
					raw.frame(frame.Text, false, ""), raw.frame(frame.Continuation, false, ""), raw.frame(frame.Continuation, true, ""),
				}, nil)
			},
		},
		{
			"the default MessageSize", websocket.Limits{},
			func(raw *rawPeer) [][]byte { return nil },
			func(raw *rawPeer) []byte { return raw.header(frame.Text, true, 1<<20+1) },
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			endAndRaw(t, row.limits, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				if fits := row.fits(raw); fits != nil {
					raw.write(fits...)
					wantMessage(t, c, websocket.Text, "0123456789")
				}
				raw.write(row.last(raw))
				_, _, err := c.Read(forever)
				wantError(t, "Read", err, websocket.ErrMessageTooBig)
				raw.wantClose(websocket.CloseMessageTooBig)
				raw.wantEnd()
				raw.nc.Close()
				wantError(t, "Close", c.Close(websocket.CloseNormal, ""), websocket.ErrMessageTooBig)
			})
		})
	}
}

func TestNegativeLimitsAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, &websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: -1, Fragments: -1}})
		written := make(chan struct{})
		go func() {
			defer close(written)
			raw.write(raw.frame(frame.Binary, false, strings.Repeat("x", 2<<20)))
			for range 132 {
				raw.write(bytes.Repeat(raw.frame(frame.Continuation, false, ""), 1000))
			}
			raw.write(raw.frame(frame.Continuation, true, "y"))
		}()
		wantMessage(t, c, websocket.Binary, strings.Repeat("x", 2<<20)+"y")
		<-written
	})
}

func TestReadJSONKeepsTheConnectionWhenAMessageDoesNotFit(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		type point struct{ X, Y int }
		wantError(t, "WriteJSON", c.WriteJSON(forever, point{1, 2}), nil)
		var p point
		wantError(t, "ReadJSON", s.ReadJSON(forever, &p), nil)
		if p != (point{1, 2}) {
			t.Errorf("got %v", p)
		}

		send(t, c, websocket.Text, `{"X":`)
		var syntax *json.SyntaxError
		if err := s.ReadJSON(forever, &p); !errors.As(err, &syntax) {
			t.Errorf("ReadJSON of half an object: %v; want a SyntaxError", err)
		}
		send(t, c, websocket.Text, `{"X":"a string"}`)
		var mismatch *json.UnmarshalTypeError
		if err := s.ReadJSON(forever, &p); !errors.As(err, &mismatch) {
			t.Errorf("ReadJSON of the wrong type: %v; want an UnmarshalTypeError", err)
		}

		send(t, c, websocket.Binary, `{"X":3,"Y":4}`)
		wantError(t, "ReadJSON of a binary message", s.ReadJSON(forever, &p), nil)
		if p != (point{3, 4}) {
			t.Errorf("got %v", p)
		}
		var unsupported *json.UnsupportedTypeError
		if err := c.WriteJSON(forever, make(chan int)); !errors.As(err, &unsupported) {
			t.Errorf("WriteJSON of a channel: %v; want an UnsupportedTypeError", err)
		}
		wantError(t, "ReadJSON", s.ReadJSON(canceledContext(), &p), context.Canceled)
	})
}

func canceledContext() context.Context {
	ctx, cancel := context.WithCancel(forever)
	cancel()
	return ctx
}

func TestCloseReadAnswersPingsAndEndsWithTheConnection(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		ctx := c.CloseRead(forever)
		raw.write(raw.frame(frame.Ping, true, "still there?"))
		raw.wantFrame(frame.Pong, "still there?")
		send(t, c, websocket.Text, "news")
		raw.wantFrame(frame.Text, "news")
		if ctx.Err() != nil {
			t.Fatalf("the context has ended: %v", context.Cause(ctx))
		}
		raw.write(raw.closing(websocket.CloseGoingAway, ""))
		<-ctx.Done()
		if code := websocket.CloseCodeOf(context.Cause(ctx)); code != websocket.CloseGoingAway {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
		raw.wantClose(websocket.CloseGoingAway)
		raw.wantEnd()
		raw.nc.Close()
	})
}

func TestCloseReadEndsTheConnectionWith1008ForAMessage(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		ctx := c.CloseRead(forever)
		raw.write(raw.text("unexpected"))
		raw.wantClose(websocket.ClosePolicyViolation)
		raw.wantEnd()
		raw.nc.Close()
		<-ctx.Done()
		var violation *websocket.ProtocolError
		if err := context.Cause(ctx); !errors.As(err, &violation) || violation.Code != websocket.ClosePolicyViolation {
			t.Errorf("the cause is %v", err)
		}
	})
}

func TestCloseReadStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memoryConns(t, nil)
		ctx, cancel := context.WithCancel(forever)
		reading := s.CloseRead(ctx)
		synctest.Wait()
		cancel()
		<-reading.Done()
		synctest.Wait()
		send(t, c, websocket.Text, "after all")
		wantMessage(t, s, websocket.Text, "after all")
	})
}

// What a read has gathered when its context ends waits where it is, however large.
func TestReadThatIsInterruptedOftenCopiesNothing(t *testing.T) {
	for _, reading := range readings[:4] {
		t.Run(reading.name, func(t *testing.T) {
			limits := streamOptions.Accept.Limits
			limits.ProgressTimeout = -1
			endAndRaw(t, limits, websocket.Heartbeat{Interval: -1}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				const size, interruptions = 1 << 20, 200
				written := inBackground(func() error {
					raw.write(raw.frame(frame.Binary, false, strings.Repeat("x", size)))
					time.Sleep(interruptions * time.Second)
					raw.write(raw.frame(frame.Continuation, true, "y"))
					return nil
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				read := reading.first
				for err := context.DeadlineExceeded; err != nil; read = reading.second {
					var message string
					message, err = read(c, expiring(time.Second))
					if err == nil && len(message) != size+1 {
						t.Fatalf("the message has %d octets", len(message))
					}
				}
				runtime.ReadMemStats(&after)
				if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 20 {
					t.Errorf("%d MiB were allocated to read 1 MiB", took)
				}
				<-written
			})
		})
	}
}

// The ways to read change inside one message, each time at another octet.
func TestReadsOfEveryKindTakeTurnsInsideOneMessage(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{Interval: -1}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for cut := 1; cut < 60; cut++ {
			wire, message := fragmented(raw)
			raw.write(wire[:cut])
			_, _, err := c.Read(expiring(time.Second)) // gathers
			wantError(t, "Read", err, context.DeadlineExceeded)
			raw.write(wire[cut : cut+60])
			_, r, err := c.Reader(forever)
			wantError(t, "Reader", err, nil)
			begun := make([]byte, 10)
			if _, err := io.ReadFull(r, begun); err != nil {
				t.Fatal(err)
			}
			raw.write(wire[cut+60:], raw.text("next"))
			_, rest, err := c.Read(forever)
			wantError(t, "Read", err, nil)
			wantMessage(t, c, websocket.Text, "next")
			raw.write(raw.text("the one after"))
			wantMessage(t, c, websocket.Text, "the one after")
			if got := string(begun) + string(rest); got != message {
				t.Fatalf("cut at %d: %q, want %q", cut, got, message)
			}
		}
	})
}
