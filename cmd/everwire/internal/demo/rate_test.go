package demo

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestRateReadsAsFastAsAsked(t *testing.T) {
	tests := []struct {
		name, query string
		size        int           // of each message
		rest        time.Duration // after each
	}{
		{"the usual", "", 128 << 10, 250 * time.Millisecond},
		{"slow", "?rate=32", 64 << 10, 2 * time.Second},
		{"slowest, largest", "?rate=16", 256 << 10, 16 * time.Second},
		{"fastest", "?rate=65536", 256 << 10, 3906250 * time.Nanosecond},
		{"empty messages take no time", "?rate=16", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const messages = 4
				c := serve(t, Rate()).dial(tt.query)
				began := time.Now()
				go func() {
					for range messages {
						c.Write(t.Context(), websocket.Binary, make([]byte, tt.size))
					}
				}()
				for i := range messages {
					hear(t, c, websocket.Text, strconv.Itoa((i+1)*tt.size))
					if got, want := time.Since(began), time.Duration(i)*tt.rest; got != want {
						t.Errorf("message %d was read after %s, want %s", i, got, want)
					}
				}
			})
		})
	}
}

// What the server does not read stays in the stream and then with the client.
func TestRateHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 64 << 10
		n := serve(t, Rate())
		c := n.dial("?rate=16")
		var sent atomic.Int64
		go func() {
			for c.Write(t.Context(), websocket.Binary, noise(size)) == nil {
				sent.Add(1)
			}
		}()
		synctest.Wait() // the writer cannot go on
		// One message was read; the stream, which holds 64 KiB each way, has most of another.
		was := sent.Load()
		if was > 3 {
			t.Errorf("the client got rid of %d messages in no time", was)
		}
		time.Sleep(38 * time.Second) // one message takes 4
		if got := sent.Load() - was; got < 9 || got > 10 {
			t.Errorf("it got rid of %d more in 38 s, want 9, and 1 more if the stream has room", got)
		}
		c.Terminate()
	})
}

// A client that does not read the counts gets the newest once it does, and costs nothing until then.
func TestRateKeepsOnlyTheNewestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 20_000
		n := serve(t, Rate())
		c := n.dial("?rate=65536")
		go func() {
			for range messages {
				c.Write(t.Context(), websocket.Binary, make([]byte, 64))
			}
		}()
		time.Sleep(10 * time.Second)
		if waiting := n.srv.Clients().Members()[0].BufferedAmount(); waiting > 1<<10 {
			t.Errorf("%d octets of counts wait", waiting)
		}
		for {
			_, data, err := c.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if string(data) == strconv.Itoa(messages*64) {
				return
			}
		}
	})
}

func TestRateTakes256KiB(t *testing.T) {
	c := serve(t, Rate()).dial("?rate=65536")
	say(t, c, websocket.Binary, strings.Repeat("x", 256<<10))
	hear(t, c, websocket.Text, strconv.Itoa(256<<10))
	go c.Write(t.Context(), websocket.Binary, make([]byte, 256<<10+1))
	if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
		t.Errorf("%v, want code 1009", err)
	}
}

// A server that shuts down does not take the time that reading what waits would take.
func TestRateClosesWhileItRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serve(t, Rate())
		c := n.dial("?rate=16")
		say(t, c, websocket.Binary, strings.Repeat("x", 60<<10))
		hear(t, c, websocket.Text, strconv.Itoa(60<<10))
		began := time.Now()
		go c.Read(t.Context()) // to answer the Close frame
		if err := n.srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("closing took %s", took)
		}
	})
}

func TestRateAsked(t *testing.T) {
	tests := []struct {
		name, query string
		status      int // 0 if the connection is made
	}{
		{"none", "", 0},
		{"another parameter", "?other=1", 0},
		{"slowest", "?rate=16", 0},
		{"fastest", "?rate=65536", 0},
		{"too slow", "?rate=15", 400},
		{"too fast", "?rate=65537", 400},
		{"zero", "?rate=0", 400},
		{"negative", "?rate=-512", 400},
		{"a unit", "?rate=32KiB", 400},
		{"a fraction", "?rate=32.5", 400},
		{"no value", "?rate", 400},
		{"past any number", "?rate=99999999999999999999", 400},
		{"the first of two counts", "?rate=x&rate=32", 400},
		{"malformed query", "?rate=%zz", 400},
	}
	n := serve(t, Rate())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n.mustAnswer(t, tt.query, tt.status, "from 16 to 65536")
		})
	}
}
