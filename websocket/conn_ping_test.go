package websocket_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

func TestPingReturnsWhenItsPongCameWhileSomebodyReads(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		s.CloseRead(forever)
		c.CloseRead(forever)
		var pinging sync.WaitGroup
		for range 10 {
			pinging.Go(func() {
				for range 20 {
					if err := s.Ping(forever); err != nil {
						t.Errorf("the server's Ping: %v", err)
					}
					if err := c.Ping(forever); err != nil {
						t.Errorf("the client's Ping: %v", err)
					}
				}
			})
		}
		pinging.Wait()
	})
}

func TestPingWhoseContextEndsLeavesConnUsable(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		if err := c.Ping(expiring(time.Second)); err != context.DeadlineExceeded {
			t.Fatalf("Ping that nobody reads for: %v", err)
		}
		c.CloseRead(forever)
		if err := c.Ping(expiring(time.Second)); err != context.DeadlineExceeded {
			t.Fatalf("Ping that is not answered: %v", err)
		}
		late := make([]string, 2)
		for i := range late {
			h, payload, err := raw.read()
			if err != nil || h.Opcode != frame.Ping || len(payload) > frame.MaxControlPayload {
				t.Fatalf("the peer received %+v, %v; want a Ping", h, err)
			}
			late[i] = string(payload)
		}
		if err := c.Ping(canceledContext()); err != context.Canceled {
			t.Fatalf("Ping whose context has ended: %v", err)
		}
		third := inBackground(func() error { return c.Ping(forever) })
		_, payload, _ := raw.read()
		raw.write(raw.frame(frame.Pong, true, late[0]), raw.frame(frame.Pong, true, late[1]))
		synctest.Wait()
		select {
		case err := <-third:
			t.Fatalf("a late Pong has answered another Ping: %v", err)
		default:
		}
		raw.write(raw.frame(frame.Pong, true, string(payload)))
		wantError(t, "Ping", <-third, nil)
	})
}

func TestPongThatAnswersNoPingIsIgnored(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		ping := inBackground(func() error { return c.Ping(forever) })
		synctest.Wait()
		_, payload, _ := raw.read()
		unasked := []string{
			"", "x", "sevenoc", "nineoctets", string(payload) + "\x00", strings.Repeat("\xFF", 8), strings.Repeat("\x00", 8),
			string(binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(payload)+1)),
		}
		for _, pong := range unasked {
			raw.write(raw.frame(frame.Pong, true, pong))
		}
		raw.write(raw.text("after"))
		wantMessage(t, c, websocket.Text, "after")
		select {
		case err := <-ping:
			t.Fatalf("Ping has returned %v", err)
		default:
		}
		c.Terminate()
		wantError(t, "Ping", <-ping, websocket.ErrClosed)
	})
}

// RFC 6455 §5.5.3: a peer may answer the most recent Ping only.
func TestPongOfALaterPingAnswersTheEarlierOnes(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		var pings [3]<-chan error
		var payloads [3]string
		for i := range pings {
			pings[i] = inBackground(func() error { return c.Ping(forever) })
			_, payload, _ := raw.read()
			payloads[i] = string(payload)
		}
		raw.write(raw.frame(frame.Pong, true, payloads[1]))
		wantError(t, "the first", <-pings[0], nil)
		wantError(t, "the second", <-pings[1], nil)
		synctest.Wait()
		select {
		case err := <-pings[2]:
			t.Fatalf("the third has returned %v", err)
		default:
		}
		raw.write(raw.frame(frame.Pong, true, payloads[2]))
		wantError(t, "the third", <-pings[2], nil)
	})
}

func TestPingIsReleasedByTheConnectionsEnd(t *testing.T) {
	ends := map[string]func(c *websocket.Conn, raw *rawPeer){
		"Terminate":  func(c *websocket.Conn, raw *rawPeer) { c.Terminate() },
		"the peer's": func(c *websocket.Conn, raw *rawPeer) { raw.write(raw.closing(1000, "")) },
		"lost":       func(c *websocket.Conn, raw *rawPeer) { raw.nc.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				c.CloseRead(forever)
				ping := inBackground(func() error { return c.Ping(forever) })
				raw.read()
				start := time.Now()
				end(c, raw)
				wantError(t, "Ping", <-ping, websocket.ErrClosed)
				if took := time.Since(start); took != 0 {
					t.Errorf("it took %v", took)
				}
				wantError(t, "Ping", c.Ping(forever), websocket.ErrClosed)
			})
		})
	}
}

func TestPingIsAnsweredWithItsPayload(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		for _, payload := range []string{"", "x", "\xFF\x00", strings.Repeat("p", 125)} {
			raw.write(raw.frame(frame.Ping, true, payload))
			raw.wantFrame(frame.Pong, payload)
		}
	})
}

func TestPongIsAnsweredWhileAWriterIsBlocked(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		first := fill(t, c, raw)
		stuck := inBackground(func() error { return c.Write(forever, websocket.Text, []byte("stuck")) })
		synctest.Wait()
		next := inBackground(func() error { return c.Write(forever, websocket.Text, []byte("next")) })
		raw.write(raw.frame(frame.Ping, true, "p"), raw.text("who reads does not wait"))
		wantMessage(t, c, websocket.Text, "who reads does not wait")
		raw.wantFrame(frame.Text, first)
		raw.wantFrame(frame.Text, "stuck")
		seen := map[frame.Opcode]string{} // in either order
		for range 2 {
			h, payload, _ := raw.read()
			seen[h.Opcode] = string(payload)
		}
		if seen[frame.Pong] != "p" || seen[frame.Text] != "next" {
			t.Errorf("the peer received %q", seen)
		}
		wantError(t, "Write", <-stuck, nil)
		wantError(t, "Write", <-next, nil)
	})
}

func TestPingsOfAPeerThatDoesNotReadTakeBoundedMemoryAndTheLastIsAnswered(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		fill(t, c, raw)
		const pings = 20_000
		go func() {
			for i := range pings {
				raw.write(raw.frame(frame.Ping, true, fmt.Sprintf("%0100d", i)))
			}
			raw.write(raw.text("after"))
		}()
		heap := watchHeap(t)
		wantMessage(t, c, websocket.Text, "after")
		heap()
		raw.read()
		answered := 0
		for {
			h, payload, err := raw.read()
			if err != nil || h.Opcode != frame.Pong {
				t.Fatalf("the peer received %+v, %v; want Pongs", h, err)
			}
			answered++
			if string(payload) == fmt.Sprintf("%0100d", pings-1) {
				break
			}
		}
		if answered > 1000 {
			t.Errorf("%d Pongs were waiting", answered)
		}
	})
}
