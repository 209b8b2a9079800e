package websocket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A Read that Rates hold back obeys its context, and the messages that were held back still come, each once.
func TestAThrottledReadObeysItsContext(t *testing.T) {
	for name, rates := range map[string]websocket.Rates{"messages": {Messages: 0.2}, "bytes": {Bytes: 4000}} {
		bubbles(t, name, func(t *testing.T) {
			const n, size = 10, 20_000
			opts := &wstest.PairOptions{}
			opts.Accept.Rates = rates
			opts.Dial.Heartbeat.Interval = -1
			s, c := wstest.Conns(t, opts)
			go func() {
				for i := range n {
					c.Write(forever, websocket.Binary, append(make([]byte, size), byte(i)))
				}
			}()
			expired := 0
			for i := 0; i < n; {
				_, data, err := s.Read(expiring(time.Second))
				switch {
				case errors.Is(err, context.DeadlineExceeded):
					expired++
				case err != nil || len(data) != size+1 || data[size] != byte(i):
					t.Fatalf("message %d: %d octets, %v", i, len(data), err)
				default:
					i++
				}
			}
			if expired < 20 {
				t.Errorf("%d Reads expired: there was nothing to test", expired)
			}
		})
	}
}

func TestAThrottledReadIsReleasedByTheConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Rates.Messages = 0.001
		s, c := wstest.Conns(t, opts)
		for range 2 {
			send(t, c, websocket.Text, "x")
		}
		wantMessage(t, s, websocket.Text, "x")
		wantMessage(t, s, websocket.Text, "x")
		reading := inBackground(func() error { _, _, err := s.Read(forever); return err })
		synctest.Wait()
		start := time.Now()
		s.Terminate()
		wantError(t, "Read", <-reading, websocket.ErrClosed)
		equal(t, "after", time.Since(start), 0)
	})
}
