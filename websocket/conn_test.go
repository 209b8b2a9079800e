package websocket

import (
	"context"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/everwire/everwire/internal/protocol"
)

func TestConnThatHasEndedCanBeCollected(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ends := map[string]func(c *Conn, peer net.Conn){
		"Terminate": func(c *Conn, peer net.Conn) { c.Terminate() },
		"lost":      func(c *Conn, peer net.Conn) { peer.Close(); c.Read(ctx) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			ended := func() weak.Pointer[Conn] {
				nc, peer := net.Pipe()
				defer peer.Close()
				c := overPipe(t, nc)
				go peer.Write([]byte{0x81, 0x80, 0, 0, 0, 0})
				c.Read(ctx)
				end(c, peer)
				return weak.Make(c)
			}()
			for deadline := time.Now().Add(30 * time.Second); ended.Value() != nil; runtime.GC() {
				if time.Now().After(deadline) {
					t.Fatal("something holds on to the Conn: its heartbeat, or the context")
				}
			}
		})
	}
}

func overPipe(t *testing.T, nc net.Conn) *Conn {
	set, err := new(AcceptOptions).settings()
	if err != nil {
		t.Fatal(err)
	}
	return newConn(nc, protocol.Server, set, nil, connInfo{})
}

func TestPingWhoseContextEndsIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, peer := net.Pipe()
		defer peer.Close()
		c := overPipe(t, nc)
		defer c.Terminate()
		for range 10 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := c.Ping(ctx); err != context.DeadlineExceeded {
				t.Fatalf("Ping: %v", err)
			}
		}
		if n := len(c.pings); n != 0 {
			t.Errorf("%d Pings are remembered", n)
		}
	})
}
