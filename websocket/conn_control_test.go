package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

var errHandler = errors.New("the handler says no")

func TestControlHandlerSeesFramesInOrder(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		var seen []string
		c.HandleControl(func(op frame.Opcode, payload []byte) (bool, error) {
			seen = append(seen, fmt.Sprintf("%s %s", op, payload))
			return false, nil
		})
		raw.write(raw.frame(frame.Ping, true, "1"), raw.frame(frame.Text, false, "a"), raw.frame(frame.Pong, true, "2"),
			raw.frame(frame.Continuation, true, "b"), raw.closing(1000, ""))
		wantMessage(t, c, websocket.Text, "ab")
		wantClosed(t, c, websocket.CloseNormal)
		if got := strings.Join(seen, ", "); got != "ping 1, pong 2, close \x03\xE8" {
			t.Errorf("the handler saw %q", got)
		}
		raw.wantFrame(frame.Pong, "1") // it did not handle that
		raw.wantClose(websocket.CloseNormal)
	})
}

func TestControlHandlerMayAnswerPings(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.HandleControl(func(op frame.Opcode, payload []byte) (bool, error) {
			return true, c.WriteControl(forever, frame.Pong, append(payload, '!'))
		})
		raw.write(raw.frame(frame.Ping, true, "1"), raw.text("x"))
		wantMessage(t, c, websocket.Text, "x")
		raw.wantFrame(frame.Pong, "1!")
		c.HandleControl(nil)
		raw.write(raw.frame(frame.Ping, true, "2"), raw.text("y"))
		wantMessage(t, c, websocket.Text, "y")
		raw.wantFrame(frame.Pong, "2")
	})
}

func TestControlHandlersErrorIsReadsAndChangesNothing(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		refuse := true
		c.HandleControl(func(frame.Opcode, []byte) (bool, error) {
			if refuse {
				return false, errHandler
			}
			return false, nil
		})
		raw.write(raw.frame(frame.Text, false, "a"), raw.frame(frame.Ping, true, "1"), raw.frame(frame.Continuation, true, "b"))
		if _, _, err := c.Read(forever); err != errHandler {
			t.Fatalf("Read: %v; want the handler's error", err)
		}
		wantMessage(t, c, websocket.Text, "ab")
		refuse = false
		raw.write(raw.frame(frame.Ping, true, "2"), raw.text("c"))
		wantMessage(t, c, websocket.Text, "c")
		raw.wantFrame(frame.Pong, "2")
	})
}

func TestCloseFrameRefusedByTheHandlerIsTheProgramsToAnswer(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.HandleControl(func(frame.Opcode, []byte) (bool, error) { return false, errHandler })
		raw.write(raw.closing(1000, "bye"))
		if _, _, err := c.Read(forever); err != errHandler {
			t.Fatalf("Read: %v; want the handler's error", err)
		}
		synctest.Wait()
		send(t, c, websocket.Text, "one more")
		raw.wantFrame(frame.Text, "one more")
		wantError(t, "WriteControl", c.WriteControl(forever, frame.Close, frame.AppendClose(nil, 1000, "now")), nil)
		raw.wantFrame(frame.Close, "\x03\xE8now")
		c.Terminate()
		wantNoGoroutines(t)
	})
}

func TestWriteControl(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for _, row := range []struct {
			name    string
			op      frame.Opcode
			payload string
			want    error
		}{
			{"a large Ping", frame.Ping, strings.Repeat("x", 126), websocket.ErrInvalidControl},
			{"a large Close", frame.Close, strings.Repeat("x", 126), websocket.ErrInvalidControl},
			{"a Close of one octet", frame.Close, "x", websocket.ErrInvalidClose},
			{"a code that is not sent", frame.Close, "\x03\xEE", websocket.ErrInvalidClose},
			{"a reason that is not UTF-8", frame.Close, "\x03\xE8\xFF", websocket.ErrInvalidClose},
		} {
			wantError(t, row.name, c.WriteControl(forever, row.op, []byte(row.payload)), row.want)
		}
		for _, op := range []frame.Opcode{frame.Text, frame.Continuation, 0xB} {
			if c.WriteControl(forever, op, nil) == nil {
				t.Errorf("opcode %s is taken", op)
			}
		}
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		w.Write([]byte(strings.Repeat("x", 40<<10))) // a fragment leaves
		wantError(t, "Ping", c.WriteControl(forever, frame.Ping, []byte("?")), nil)
		wantError(t, "Pong", c.WriteControl(forever, frame.Pong, nil), nil)
		if h, _, err := raw.read(); err != nil || h.Opcode != frame.Text || h.Fin {
			t.Fatalf("%v, %v; want a fragment", h, err)
		}
		raw.wantFrame(frame.Ping, "?")
		raw.wantFrame(frame.Pong, "")
		wantError(t, "Close", c.WriteControl(forever, frame.Close, nil), nil)
		raw.wantFrame(frame.Close, "")
		wantError(t, "a second Close", c.WriteControl(forever, frame.Close, nil), websocket.ErrClosed)
		wantError(t, "a late Ping", c.WriteControl(forever, frame.Ping, nil), websocket.ErrClosed)
		wantError(t, "the message", w.Close(), websocket.ErrClosed)
		wantError(t, "a late message", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		raw.write(raw.text("still coming"), raw.closing(1001, ""))
		wantMessage(t, c, websocket.Text, "still coming")
		wantClosed(t, c, websocket.CloseGoingAway)
		raw.wantEnd()
	})
}

func TestWriteControlWaitsItsTurn(t *testing.T) {
	for _, op := range []frame.Opcode{frame.Ping, frame.Close} {
		bubbles(t, op.String(), func(t *testing.T) {
			s, c := wstest.Conns(t, &streamOptions)
			large := make([]byte, 1<<20)
			writing := inBackground(func() error { return s.Write(forever, websocket.Binary, large) })
			synctest.Wait() // nobody reads: it stands still
			wantError(t, "WriteControl", s.WriteControl(expiring(time.Second), op, nil), context.DeadlineExceeded)
			if _, data, err := c.Read(forever); err != nil || len(data) != len(large) {
				t.Fatalf("read %d octets, %v", len(data), err)
			}
			wantError(t, "Write", <-writing, nil)
			send(t, s, websocket.Text, "as it was")
			wantMessage(t, c, websocket.Text, "as it was")
		})
	}
}

func TestWriteControlThatIsCutOffFailsTheConnection(t *testing.T) {
	bubbles(t, "Close", func(t *testing.T) {
		s, c := wstest.Conns(t, &streamOptions)
		full := inBackground(func() error { // as much as the stream takes
			for {
				if err := s.Write(expiring(time.Second), websocket.Binary, make([]byte, 1000)); err != nil {
					return err
				}
			}
		})
		if err := <-full; err == nil {
			t.Fatal("the stream took everything")
		}
		err := s.WriteControl(expiring(time.Second), frame.Close, nil)
		if err == nil {
			t.Fatal("the Close frame was taken")
		}
		wantError(t, "Write", s.Write(forever, websocket.Text, nil), websocket.ErrClosed)
		c.Terminate()
	})
}

func TestWriteControlKnowsAnEndedContext(t *testing.T) {
	s, c := memoryConns(t, nil)
	ctx, cancel := context.WithCancel(forever)
	cancel()
	wantError(t, "WriteControl", s.WriteControl(ctx, frame.Close, nil), context.Canceled)
	send(t, s, websocket.Text, "as it was")
	wantMessage(t, c, websocket.Text, "as it was")
	s.Terminate()
	wantError(t, "after Terminate", s.WriteControl(forever, frame.Ping, nil), websocket.ErrClosed)
}

// A client that shows the Pings that its server sends.
func ExampleConn_HandleControl() {
	ctx := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		c.WriteControl(ctx, frame.Ping, []byte("are you there?"))
		c.Write(ctx, websocket.Text, []byte("hello"))
		c.Close(websocket.CloseNormal, "")
	}))
	defer srv.Close()

	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(websocket.CloseNormal, "")
	c.HandleControl(func(op frame.Opcode, payload []byte) (handled bool, err error) {
		if op == frame.Ping {
			fmt.Printf("a Ping: %s\n", payload)
		}
		return false, nil // it is answered as always
	})
	_, data, err := c.Read(ctx)
	fmt.Printf("%s %v\n", data, err)
	// Output:
	// a Ping: are you there?
	// hello <nil>
}
