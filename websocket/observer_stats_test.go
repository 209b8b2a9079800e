package websocket_test

import (
	"bytes"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestStatsCountConnectionsAndMemory(t *testing.T) {
	bubbles(t, "", func(t *testing.T) {
		srv := websocket.Server{Budget: 10 << 20}
		var s *websocket.Socket
		srv.OnConnection(func(x *websocket.Socket, _ *http.Request) { s = x })
		dial := serveInMemory(t, &srv, wstest.PipeSize(1<<10))
		now := srv.Stats()
		equal(t, "nobody there", [4]int64{int64(now.Connections), now.Partial, now.Queued, now.Budget}, [4]int64{0, 0, 0, 10 << 20})

		c, err := websocket.Dial(t.Context(), "ws://x/", dial)
		must(t, err)
		defer c.Terminate()
		c.SetCompression(websocket.CompressNever)
		synctest.Wait()
		equal(t, "connections", srv.Stats().Connections, 1)

		must(t, s.Send(make([]byte, 1<<20)))
		synctest.Wait()
		now = srv.Stats()
		if now.Queued < 1<<20 || now.Queued > 1<<20+4<<10 || now.Partial != 0 {
			t.Errorf("with 1 MiB that waits: queued %d, partial %d", now.Queued, now.Partial)
		}
		go func() {
			wr, err := c.Writer(t.Context(), websocket.Binary)
			must(t, err)
			_, err = wr.Write(make([]byte, 200<<10))
			must(t, err)
		}()
		synctest.Wait()
		now = srv.Stats()
		if now.Partial < 200<<10 || now.Partial > 1<<20 || now.Queued < 1<<20 || now.Queued > 1<<20+4<<10 {
			t.Errorf("with 200 KiB of a message besides: queued %d, partial %d", now.Queued, now.Partial)
		}
		c.Terminate()
		synctest.Wait()
		now = srv.Stats()
		equal(t, "all gone", [3]int64{int64(now.Connections), now.Partial, now.Queued}, [3]int64{})
	})
}

func TestStatsWithoutABudget(t *testing.T) {
	srv := websocket.Server{Budget: -1}
	now := srv.Stats()
	equal(t, "figures", [3]int64{now.Partial, now.Queued, now.Budget}, [3]int64{})
	srv.Options.Origins = []string{"[", strings.Repeat("*", 3)}
	silenceLog(t)
	(&websocket.Server{Options: srv.Options}).Stats() // options that cannot work are for the handshake to tell
}

// onALoop reports whether the caller is called by an event loop.
func onALoop() bool { return bytes.Contains(debug.Stack(), []byte("/engine.(*Worker).serve")) }

func TestStatsTellOfTheLoops(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		var srv websocket.Server
		entered, gate := make(chan struct{}), make(chan struct{})
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if m.Text() == "block" && onALoop() {
					close(entered)
					<-gate
				}
				s.SendMessage(m)
			})
		})
		d := listen(&srv)
		c := rawOver(t, d.dial())
		c.ask(exampleRequest + "\r\n" + maskedText("hello"))
		equal(t, "echo", c.frames(2+5), "\x81\x05hello")
		loops := srv.Stats().Loops
		if len(loops) == 0 {
			t.Skip("there are no event loops here")
		}
		on := 0
		for _, l := range loops {
			on += l.Connections
		}
		if on == 0 {
			t.Error("no connection is on a loop")
		}
		before := srv.Stats().Steals
		limit := time.Now().Add(30 * time.Second)
		var echo <-chan string
		for blocked := false; !blocked; { // loops do not call the listeners of sockets which have just lost them one
			if time.Now().After(limit) {
				t.Fatal("no listener is called by a loop")
			}
			c := rawOver(t, d.dial())
			c.ask(exampleRequest + "\r\n" + maskedText("block"))
			echo = inBackground(func() string { return c.frames(2 + 5) })
			select {
			case <-entered:
				blocked = true
			case <-echo:
				c.nc.Close()
			}
		}
		for ; srv.Stats().Steals == before; runtime.Gosched() {
			if time.Now().After(limit) {
				t.Fatal("a blocked loop is not among the Steals")
			}
		}
		close(gate)
		equal(t, "echo", <-echo, "\x81\x05block")
		worst := time.Duration(0)
		for ; worst < time.Millisecond/2; runtime.Gosched() { // the loop may not have looked yet
			for _, l := range srv.Stats().Loops {
				worst = max(worst, l.Lag)
			}
			if time.Now().After(limit) {
				t.Fatalf("the lag after a loop was blocked is %v", worst)
			}
		}
	})
}
