//go:build unix

package terminal

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// flooded starts a link to a server that sends so many messages of a size, and waits until the inbox is full.
func flooded(t *testing.T, messages, size int) *inbox {
	t.Helper()
	p := serve(t, nil)
	b := newInbox()
	l := newLink(t.Context(), Config{Open: opener(p.url)}, b)
	t.Cleanup(l.cut)
	l.connect()
	s := within(t, p.sockets)
	go func() {
		for i := range messages {
			s.Send(bytes.Repeat([]byte{byte(i)}, size))
			if i%16 == 0 && s.Flush(s.Context()) != nil {
				return
			}
		}
	}()
	deadline := time.After(awhile)
	for {
		b.mu.Lock()
		full := b.paused != nil
		b.mu.Unlock()
		if full {
			return b
		}
		select {
		case <-b.wake:
		case <-deadline:
			t.Fatal("the inbox does not fill")
		}
	}
}

func TestAFullInboxHoldsTheServer(t *testing.T) {
	for _, tt := range []struct {
		name           string
		messages, size int
	}{{"many", 3 * maxEvents, 1}, {"large", 100, 1 << 18}} {
		t.Run(tt.name, func(t *testing.T) {
			b := flooded(t, tt.messages, tt.size)
			if len(b.events) > maxEvents || b.octets >= maxOctets+tt.size {
				t.Errorf("it holds %d events, %d octets", len(b.events), b.octets)
			}
			n, paused := 0, false
			for n < tt.messages {
				events, more, held := b.take(100, 1<<20)
				paused = paused || held
				for _, e := range events {
					m, ok := e.what.(arrival)
					if !ok {
						continue // the open event
					}
					if len(m.data) != tt.size || m.data[0] != byte(n) {
						t.Fatalf("message %d is %d octets of %d", n, len(m.data), m.data[0])
					}
					n++
				}
				if !more && n < tt.messages {
					within(t, b.wake)
				}
			}
			if !paused || b.octets != 0 {
				t.Errorf("it was full: %v, and has %d octets", paused, b.octets)
			}
		})
	}
}

func TestInboxTakesAtLeastOne(t *testing.T) {
	b := newInbox()
	b.put(nil, arrival{websocket.Binary, make([]byte, 100)})
	b.put(nil, arrival{websocket.Binary, make([]byte, 100)})
	for _, more := range []bool{true, false} {
		if events, left, _ := b.take(10, 1); len(events) != 1 || left != more {
			t.Errorf("%d events, more %v", len(events), left)
		}
	}
	if events, more, held := b.take(10, 1); len(events) != 0 || more || held {
		t.Errorf("of an empty inbox: %d events", len(events))
	}
}

func TestALinkThatIsCutMakesNoConnection(t *testing.T) {
	p := serve(t, nil)
	b := newInbox()
	begun := make(chan struct{})
	open := opener(p.url)
	l := newLink(t.Context(), Config{Open: func(ctx context.Context, setup func(*websocket.Socket)) error {
		close(begun)
		<-ctx.Done() // longer than the link lasts
		return open(ctx, setup)
	}}, b)
	l.connect()
	within(t, begun)
	l.cut()
	for {
		within(t, b.wake)
		events, _, _ := b.take(10, 1)
		for _, e := range events {
			switch e.what.(type) {
			case opened:
				t.Fatal("there is a connection")
			case websocket.CloseEvent:
				return
			}
		}
	}
}
