package demo

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestEchoSendsBackWhatCame(t *testing.T) {
	tests := []struct {
		name string
		typ  websocket.MessageType
		data string
	}{
		{"text", websocket.Text, "WebSockets are cool!"},
		{"empty text", websocket.Text, ""},
		{"Unicode", websocket.Text, "Джон 😀 e\u0301 \x00"},
		{"binary", websocket.Binary, "\x00\xff\xfe"},
		{"empty binary", websocket.Binary, ""},
		{"binary that is UTF-8", websocket.Binary, "text"},
		{"more than a server takes by default", websocket.Binary, strings.Repeat("x", 3<<20)},
	}
	n := serve(t, Echo())
	c := n.dial("")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			go c.Write(t.Context(), tt.typ, []byte(tt.data)) // it may be larger than what the stream holds
			hear(t, c, tt.typ, tt.data)
		})
	}
}

func TestEchoTakes64MiB(t *testing.T) {
	tests := []struct {
		name   string
		length string // of a frame, as its header has it
		state  websocket.ReadyState
	}{
		{"64 MiB", "\x00\x00\x00\x00\x04\x00\x00\x00", websocket.Open},
		{"64 MiB and 1 octet", "\x00\x00\x00\x00\x04\x00\x00\x01", websocket.Closing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := serve(t, Echo())
				c := n.dial("")
				server := n.srv.Clients().Members()[0]
				// A frame that is too large is refused by its header.
				if _, err := io.WriteString(n.last, "\x82\xff"+tt.length+"\x00\x00\x00\x00"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if state := server.ReadyState(); state != tt.state {
					t.Errorf("the server's end is %s, want %s", state, tt.state)
				}
				if tt.state == websocket.Closing {
					_, _, err := c.Read(t.Context())
					if code := websocket.CloseCodeOf(err); code != websocket.CloseMessageTooBig {
						t.Errorf("%v, want code 1009", err)
					}
				}
			})
		})
	}
}

// A client that sends and does not read is held back, and misses nothing once it reads.
func TestEchoHoldsBackWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size = 100, 64 << 10
		n := serve(t, Echo())
		c := n.dial("")
		sent := make(chan error, 1)
		go func() {
			for range messages {
				if err := c.Write(t.Context(), websocket.Binary, noise(size)); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		synctest.Wait() // the writer cannot go on
		waiting := n.srv.Clients().Members()[0].BufferedAmount()
		if waiting <= echoWaiting || waiting > echoWaiting+size {
			t.Errorf("%d octets wait, want more than %d by no more than one message", waiting, echoWaiting)
		}
		for range messages {
			hear(t, c, websocket.Binary, string(noise(size)))
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

// Messages without content weigh nothing, so they are not held back; there still is an end to them.
func TestEchoClosesWhoFloodsItWithEmptyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serve(t, Echo())
		c := n.dial("")
		go io.WriteString(n.last, strings.Repeat("\x82\x80\x00\x00\x00\x00", 200_000))
		synctest.Wait()
		for {
			_, _, err := c.Read(t.Context())
			if err == nil {
				continue
			}
			if code := websocket.CloseCodeOf(err); code != websocket.CloseTryAgainLater {
				t.Errorf("%v, want code %d", err, websocket.CloseTryAgainLater)
			}
			return
		}
	})
}

func TestEchoSaysHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serve(t, Echo())
		began := time.Now()
		c := n.dial("?hello=1s")
		for i := range 3 {
			hear(t, c, websocket.Text, "Hello?")
			if got, want := time.Since(began), time.Duration(i+1)*time.Second; got != want {
				t.Errorf("Hello? after %s, want %s", got, want)
			}
		}
		say(t, c, websocket.Text, "and it echoes")
		hear(t, c, websocket.Text, "and it echoes")
		if err := c.Close(websocket.CloseNormal, ""); err != nil {
			t.Error(err)
		}
		// If the goroutine that says hello were left, the bubble would not end.
	})
}

func TestEchoHelloInterval(t *testing.T) {
	tests := []struct {
		name, query string
		status      int // 0 if the connection is made
	}{
		{"none", "", 0},
		{"another parameter", "?other=1", 0},
		{"shortest", "?hello=100ms", 0},
		{"longest", "?hello=1h", 0},
		{"longest otherwise", "?hello=60m", 0},
		{"too short", "?hello=99ms", 400},
		{"too long", "?hello=1h1ns", 400},
		{"zero", "?hello=0", 400},
		{"negative", "?hello=-1s", 400},
		{"no unit", "?hello=1", 400},
		{"no value", "?hello", 400},
		{"empty", "?hello=", 400},
		{"no duration", "?hello=often", 400},
		{"past any duration", "?hello=99999999999h", 400},
		{"the first of two counts", "?hello=x&hello=1s", 400},
		{"malformed query", "?hello=%zz", 400},
	}
	n := serve(t, Echo())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n.mustAnswer(t, tt.query, tt.status, "from 100ms to 1h")
		})
	}
}
