package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

func TestReaderStreamsAMessageAsItArrives(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		wire, message := fragmented(raw)
		raw.write(wire[:40])
		_, r, err := c.Reader(forever)
		wantError(t, "Reader", err, nil)
		var got strings.Builder
		p := make([]byte, 4)
		n, err := r.Read(p)
		if n == 0 || err != nil {
			t.Fatalf("Read of what has arrived = %d, %v", n, err)
		}
		got.Write(p[:n])
		raw.write(wire[40:])
		for err == nil {
			n, err = r.Read(p)
			got.Write(p[:n])
		}
		if err != io.EOF || got.String() != message {
			t.Errorf("got %q, %v; want %q", got.String(), err, message)
		}
		if n, err = r.Read(p); n != 0 || err != io.EOF {
			t.Errorf("Read after the end = %d, %v; want 0, EOF", n, err)
		}
	})
}

func TestReaderKeepsTheContractOfIOReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, nil)
		wire, message := fragmented(raw)
		raw.write(wire)
		typ, r, err := c.Reader(forever)
		if err != nil || typ != websocket.Text {
			t.Fatalf("Reader: %s, %v", typ, err)
		}
		wantError(t, "TestReader", iotest.TestReader(r, []byte(message)), nil)
	})
}

func TestReadAfterPartialReaderContinues(t *testing.T) {
	rest := map[string]func(c *websocket.Conn, ctx context.Context) (string, error){
		"Read": readMessage, "Messages": nextMessage, "Reader": streamMessage,
	}
	for name, read := range rest {
		t.Run(name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				_, message := fragmented(raw)
				for taken := 0; taken < len(message); taken++ {
					wire, _ := fragmented(raw)
					raw.write(wire, raw.text("next"))
					_, r, err := c.Reader(forever)
					wantError(t, "Reader", err, nil)
					p := make([]byte, taken)
					if _, err := io.ReadFull(r, p); err != nil {
						t.Fatal(err)
					}
					got, err := read(c, forever)
					if err != nil || string(p)+got != message {
						t.Fatalf("%d octets taken: the rest is %q, %v", taken, got, err)
					}
					if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Fatalf("the old reader, whose message is over: %d, %v; want EOF", n, err)
					}
					wantMessage(t, c, websocket.Text, "next")
				}
			})
		})
	}
}

// A decoder of JSON stops at the value's end, without having seen io.EOF.
func TestMessageWhoseOctetsWereAllReadIsOver(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for _, last := range []struct {
			name string
			wire [][]byte
		}{
			{"one frame", [][]byte{raw.text(`{"N":1}`)}},
			{"an empty frame ends it", [][]byte{raw.frame(frame.Text, false, `{"N":1}`), raw.frame(frame.Continuation, true, "")}},
			{"several do", [][]byte{
				raw.frame(frame.Text, false, `{"N":1}`), raw.frame(frame.Continuation, false, ""), raw.frame(frame.Continuation, true, ""),
			}},
		} {
			for range 2 {
				raw.write(last.wire...)
				_, r, err := c.Reader(forever)
				wantError(t, last.name, err, nil)
				var v struct{ N int }
				if err := json.NewDecoder(r).Decode(&v); err != nil || v.N != 1 {
					t.Fatalf("%s: %v, %v", last.name, v, err)
				}
			}
			raw.write(raw.text("next"))
			wantMessage(t, c, websocket.Text, "next")
		}
		raw.write(raw.text("1"))
		_, r, _ := c.Reader(forever)
		io.ReadFull(r, make([]byte, 1))
		reading := c.CloseRead(forever)
		synctest.Wait()
		wantError(t, "CloseRead after a message that was read", reading.Err(), nil)
	})
}

func TestReaderOfAnEmptyMessageIsAtItsEnd(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text(""), raw.frame(frame.Binary, false, ""), raw.frame(frame.Continuation, true, ""), raw.text("next"))
		for _, want := range []websocket.MessageType{websocket.Text, websocket.Binary} {
			typ, r, err := c.Reader(forever)
			if err != nil || typ != want {
				t.Fatalf("Reader: %s, %v; want %s", typ, err, want)
			}
			if n, err := r.Read(nil); n != 0 || err != nil && err != io.EOF {
				t.Fatalf("Read of nothing = %d, %v", n, err)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Fatalf("Read = %d, %v; want EOF", n, err)
			}
		}
		_, unread, _ := c.Reader(forever)
		wantMessage(t, c, websocket.Text, "next")
		if n, err := unread.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("a reader whose message somebody else has read: %d, %v; want EOF", n, err)
		}
	})
}

func TestEmptyMessageThatNobodyReadIsFollowedByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, nil)
		raw.write(raw.text(""), raw.text("next"))
		c.Reader(forever)
		got, err := streamMessage(c, forever)
		if err != nil || got != "next" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestReaderSeesEndOfACompleteMessageEvenIfTheConnectionHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, nil)
		raw.write(raw.text("whole"), raw.closing(websocket.CloseNormal, ""))
		_, r, _ := c.Reader(forever)
		io.ReadFull(r, make([]byte, len("whole")))
		wantClosed(t, c, websocket.CloseNormal)
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read = %d, %v; want EOF", n, err)
		}
	})
}

func TestReaderFailsWhenTheConnectionEndsInsideTheMessage(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.frame(frame.Text, false, "half"), raw.closing(websocket.CloseNormal, ""))
		_, r, _ := c.Reader(forever)
		got, err := io.ReadAll(r)
		if string(got) != "half" || websocket.CloseCodeOf(err) != websocket.CloseNormal {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestReaderObeysItsContext(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.frame(frame.Text, false, "be"))
		_, r, _ := c.Reader(expiring(time.Second))
		got, err := io.ReadAll(r)
		if string(got) != "be" || err != context.DeadlineExceeded {
			t.Fatalf("got %q, %v", got, err)
		}
		raw.write(raw.frame(frame.Continuation, true, "gun"))
		if _, err := r.Read(make([]byte, 1)); err != context.DeadlineExceeded {
			t.Fatalf("Read after its context has ended: %v", err)
		}
		wantMessage(t, c, websocket.Text, "gun")
	})
}

func TestConcurrentReadersShareAMessage(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, &streamOptions)
		const size = 4 << 20
		written := inBackground(func() error { return c.Write(forever, websocket.Binary, make([]byte, size)) })
		var readers [3]io.Reader
		for i := range readers { // all, before one of them can come to the message's end
			_, r, err := s.Reader(forever)
			wantError(t, "Reader", err, nil)
			readers[i] = r
		}
		var shares []<-chan int64
		for _, r := range readers {
			shares = append(shares, inBackground(func() int64 { n, _ := io.Copy(io.Discard, r); return n }))
		}
		total := int64(0)
		for _, share := range shares {
			total += <-share
		}
		if total != size {
			t.Errorf("the shares make %d octets, want %d", total, size)
		}
		wantError(t, "Write", <-written, nil)
	})
}

func TestReaderOfAMessageThatOthersHaveFinishedDoesNotReadTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, raw := serverAndRaw(t, nil)
		raw.write(raw.text("first"), raw.text("second"))
		_, first, _ := c.Reader(forever)
		_, again, _ := c.Reader(forever)
		io.ReadAll(again)
		_, second, _ := c.Reader(forever)
		if got, err := io.ReadAll(first); len(got) != 0 || err != nil {
			t.Errorf("the first reader goes on with %q, %v", got, err)
		}
		if got, err := io.ReadAll(second); string(got) != "second" || err != nil {
			t.Errorf("the second reader gives %q, %v", got, err)
		}
	})
}

func TestReaderHandsOutNoInvalidUTF8(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		go raw.nc.Write(raw.text(strings.Repeat("x", 100_000) + "\xFF"))
		_, r, err := c.Reader(forever)
		wantError(t, "Reader", err, nil)
		var got strings.Builder
		_, err = io.CopyBuffer(onlyWriter{&got}, r, make([]byte, 200_000))
		var violation *websocket.ProtocolError
		if !errors.As(err, &violation) || violation.Code != websocket.CloseInvalidPayload {
			t.Errorf("the reader ends with %v", err)
		}
		if strings.Trim(got.String(), "x") != "" {
			t.Errorf("the reader gave %q", strings.Trim(got.String(), "x"))
		}
	})
}
