package websocket_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestMessagesYieldsTheConnectionsEndLast(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		go func() {
			for i := range 10 {
				c.Write(forever, websocket.Text, []byte(strings.Repeat("m", i*1000)))
			}
			c.Close(4000, "enough")
		}()
		n, ends := 0, 0
		for m, err := range s.Messages(forever) {
			switch {
			case ends > 0:
				t.Fatal("something came after the end")
			case err != nil:
				ends++
				if websocket.CloseCodeOf(err) != 4000 {
					t.Errorf("the end is %v", err)
				}
			case m.Type() != websocket.Text || m.Text() != strings.Repeat("m", n*1000):
				t.Fatalf("message %d is %.100q", n, m.Text())
			default:
				n++
			}
		}
		if n != 10 || ends != 1 {
			t.Errorf("%d messages and %d ends", n, ends)
		}
	})
}

func TestMessagesStopsWithItsContextAndCanGoOn(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		send(t, c, websocket.Text, "one")
		var got []string
		for m, err := range s.Messages(expiring(time.Second)) {
			got = append(got, fmt.Sprint(m.Text(), err))
		}
		if want := []string{"one<nil>", context.DeadlineExceeded.Error()}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
		send(t, c, websocket.Text, "two")
		wantMessage(t, s, websocket.Text, "two")
	})
}

func TestMessagesLeftByBreakLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memoryConns(t, nil)
		for _, m := range []string{"one", "two", "three"} {
			send(t, c, websocket.Text, m)
		}
		for m := range s.Messages(forever) {
			if m.Text() == "one" {
				break
			}
		}
		wantMessage(t, s, websocket.Text, "two")
		wantMessage(t, s, websocket.Text, "three")
	})
}

// Also while others read, or Close does: the octets belong to the loop's body.
func TestMessageIsValidUntilTheNextIsAskedFor(t *testing.T) {
	disturbances := map[string]func(s, c *websocket.Conn){
		"Read": func(s, c *websocket.Conn) { s.Read(forever) },
		"Messages": func(s, c *websocket.Conn) {
			for range s.Messages(forever) {
				break
			}
		},
		"ReadJSON": func(s, c *websocket.Conn) { s.ReadJSON(forever, new(any)) },
		"Close": func(s, c *websocket.Conn) {
			go c.Read(forever)
			s.Close(websocket.CloseNormal, "")
		},
	}
	for name, disturb := range disturbances {
		bubbles(t, name, func(t *testing.T) {
			s, c := memoryConns(t, nil)
			send(t, c, websocket.Text, strings.Repeat("1", 1000))
			send(t, c, websocket.Text, strings.Repeat("2", 1000))
			for m, err := range s.Messages(forever) {
				wantError(t, "Messages", err, nil)
				for range 3 {
					disturb(s, c)
					if string(m.Bytes()) != strings.Repeat("1", 1000) {
						t.Fatalf("the message became %.20q…", m.Bytes())
					}
					c.Write(forever, websocket.Text, []byte(strings.Repeat("3", 1000)))
				}
				break
			}
		})
	}
}

func TestMessagesThatPanicsInTheBodyLeavesTheConnUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memoryConns(t, nil)
		func() {
			defer func() { recover() }()
			send(t, c, websocket.Text, "one")
			for range s.Messages(forever) {
				panic("the body's")
			}
		}()
		for _, m := range []string{"two", "three"} {
			send(t, c, websocket.Text, m)
			if got, err := nextMessage(s, forever); got != m || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, m)
			}
		}
	})
}

func TestMessageReadAndWrittenAllocatesNothing(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	for _, size := range []int{0, 100, 4000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			quiet := websocket.Heartbeat{Interval: time.Hour}
			pair := &wstest.PairOptions{}
			pair.Accept.Heartbeat, pair.Dial.Heartbeat = quiet, quiet
			s, c := memoryConns(t, pair)
			ctx, cancel := context.WithCancel(forever)
			defer cancel()
			go func() {
				for m, err := range s.Messages(ctx) {
					if err != nil || s.Write(ctx, m.Type(), m.Bytes()) != nil {
						return
					}
				}
			}()
			next, stop := iter.Pull2(c.Messages(ctx))
			defer stop()
			data := make([]byte, size)
			allocs := testing.AllocsPerRun(1000, func() {
				if err := c.Write(ctx, websocket.Binary, data); err != nil {
					t.Fatal(err)
				}
				if m, err, _ := next(); err != nil || m.Len() != int64(size) {
					t.Fatalf("got %d octets, %v", m.Len(), err)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations for a message there and back, want none", allocs)
			}
		})
	}
}
