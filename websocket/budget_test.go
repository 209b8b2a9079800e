package websocket_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// holder connects a raw client to srv, whose stream is small, and returns it and its socket.
func holder(t *testing.T, ln *wstest.Listener, sockets <-chan *websocket.Socket) (net.Conn, *websocket.Socket) {
	t.Helper()
	nc, err := ln.Dial(t.Context(), "tcp", "x:80")
	must(t, err)
	must(t, shakeHands(nc))
	return nc, <-sockets
}

func budgeted(t *testing.T, srv *websocket.Server) (*wstest.Listener, <-chan *websocket.Socket) {
	sockets := make(chan *websocket.Socket, 100)
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { sockets <- s })
	ln := wstest.Listen(wstest.PipeSize(4 << 10))
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln, sockets
}

// Who holds the most of the Server's memory goes, and nobody else does.
func TestTheLargestHolderEndsWith1013WhenTheBudgetIsUsedUp(t *testing.T) {
	begun := map[*websocket.Socket]bool{}
	for _, row := range []struct {
		name   string
		budget int64
		fill   func(t *testing.T, nc net.Conn, s *websocket.Socket, n int)
	}{
		{"messages that wait", 500_000, func(t *testing.T, _ net.Conn, s *websocket.Socket, n int) {
			for range n {
				must(t, s.Send(make([]byte, 10_000)))
			}
		}},
		{"a message that has begun", 600_000, func(t *testing.T, nc net.Conn, s *websocket.Socket, n int) {
			for range n {
				first := byte(0x02)
				if begun[s] {
					first = 0x00
				}
				begun[s] = true
				_, err := io.WriteString(nc, clientFrame(first, string(make([]byte, 10_000))))
				must(t, err)
			}
			settled := make(chan struct{}) // once the Ping behind it is seen, all was read
			var once sync.Once
			s.OnPing(func(*websocket.Socket, []byte) { once.Do(func() { close(settled) }) })
			io.WriteString(nc, clientFrame(0x89, ""))
			within(t, "the message to arrive", settled)
		}},
		{"messages for many", 500_000, func(t *testing.T, _ net.Conn, s *websocket.Socket, n int) {
			for range n {
				p, err := websocket.Prepare(websocket.Binary, make([]byte, 10_000))
				must(t, err)
				must(t, s.SendPrepared(p))
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{Budget: row.budget}
			ln, sockets := budgeted(t, &srv)
			type client struct {
				net.Conn
				*websocket.Socket
				j *journal
			}
			var clients []client
			for range 4 {
				nc, s := holder(t, ln, sockets)
				defer nc.Close()
				j := newJournal()
				j.listen(s)
				clients = append(clients, client{nc, s, j})
			}
			failed := make(chan error, 1)
			clients[2].OnError(func(_ *websocket.Socket, err error) { failed <- err })
			for i, c := range clients { // 100, 50, 200 and 50 KB: within it
				row.fill(t, c.Conn, c.Socket, []int{10, 5, 20, 5}[i])
			}
			for _, c := range clients {
				equal(t, "state", c.ReadyState(), websocket.Open)
			}
			row.fill(t, clients[0].Conn, clients[0].Socket, 2) // and still
			nc, s := holder(t, ln, sockets)
			defer nc.Close()
			row.fill(t, nc, s, 10) // over it

			if err := <-failed; !errors.Is(err, websocket.ErrBudget) {
				t.Errorf("the error is %v", err)
			}
			if row.name == "a message that has begun" { // else what was being written comes first
				equal(t, "code", closeCode(t, clients[2].Conn), websocket.CloseTryAgainLater)
			}
			clients[2].Conn.Close()
			clients[2].j.waitClose(t)
			for i, c := range clients {
				if i != 2 {
					equal(t, "state", c.ReadyState(), websocket.Open)
				}
			}
			equal(t, "state of the last", s.ReadyState(), websocket.Open)
			row.fill(t, clients[1].Conn, clients[1].Socket, 10) // there is room again
			equal(t, "state", clients[1].ReadyState(), websocket.Open)
		})
	}
}

// A broadcast is in memory once, however many wait for it.
func TestABroadcastCountsOnce(t *testing.T) {
	srv := websocket.Server{Budget: 300_000}
	ln, sockets := budgeted(t, &srv)
	var all []*websocket.Socket
	for range 20 {
		nc, s := holder(t, ln, sockets)
		defer nc.Close()
		all = append(all, s)
	}
	n, err := srv.Broadcast(websocket.Binary, make([]byte, 200_000))
	must(t, err)
	equal(t, "reached", n, 20)
	for _, s := range all {
		equal(t, "state", s.ReadyState(), websocket.Open)
	}
	equal(t, "octets counted", websocket.BudgetUsed(&srv) < 300_000, true)
	for _, s := range all {
		s.Terminate()
	}
	for _, s := range all {
		<-s.Context().Done()
	}
	must(t, srv.Shutdown(t.Context()))
	equal(t, "octets left", websocket.BudgetUsed(&srv), 0)
}

// Whatever sockets do, in the end the budget is what it was.
func TestNothingIsLeftInTheBudget(t *testing.T) {
	for _, policy := range []websocket.Policy{websocket.RefuseNewest, websocket.DropOldest, websocket.ReplaceByKey, websocket.CloseSlow} {
		srv := websocket.Server{Budget: 10 << 20, Options: websocket.AcceptOptions{
			Queue: websocket.Queue{Bytes: 300_000, Full: policy},
		}}
		ln, sockets := budgeted(t, &srv)
		var done sync.WaitGroup
		for i := range 20 {
			nc, s := holder(t, ln, sockets)
			s.OnDrop(func(*websocket.Socket, websocket.Drop) {})
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
			done.Go(func() {
				if i%2 == 0 {
					go io.Copy(io.Discard, nc)
				}
				for range 10 {
					io.WriteString(nc, clientFrame(0x02, string(make([]byte, 20_000))))
					io.WriteString(nc, clientFrame(0x80, "x"))
					if i%2 == 1 {
						break
					}
				}
				nc.Close()
			})
		}
		for range 50 {
			srv.Broadcast(websocket.Binary, make([]byte, 30_000))
			srv.Broadcast(websocket.Binary, make([]byte, 300))
		}
		done.Wait()
		must(t, srv.Shutdown(t.Context()))
		equal(t, "octets left", websocket.BudgetUsed(&srv), 0)
	}
}

// A message that was dropped is let go of also if the listener who is told panics.
func TestAPanicInOnDropLeavesNothingInTheBudget(t *testing.T) {
	for _, policy := range []websocket.Policy{websocket.RefuseNewest, websocket.DropOldest} {
		srv := websocket.Server{Budget: 10 << 20, Options: websocket.AcceptOptions{
			Queue: websocket.Queue{Bytes: 300_000, Full: policy},
		}}
		ln, sockets := budgeted(t, &srv)
		nc, s := holder(t, ln, sockets)
		s.OnDrop(func(*websocket.Socket, websocket.Drop) { panic("it ends just this socket") })
		failed := make(chan struct{})
		s.OnError(func(_ *websocket.Socket, err error) {
			if !errors.As(err, new(*websocket.PanicError)) {
				t.Errorf("the error is %v, want a PanicError", err)
			}
			close(failed)
		})
		for range 50 {
			srv.Broadcast(websocket.Binary, make([]byte, 30_000))
		}
		within(t, "the error", failed)
		nc.Close()
		must(t, srv.Shutdown(t.Context()))
		equal(t, "octets left", websocket.BudgetUsed(&srv), 0)
	}
}

func TestTheDefaultBudget(t *testing.T) {
	var srv websocket.Server
	if n := websocket.BudgetLimit(&srv); n < 64<<20 || n > 1<<42 {
		t.Errorf("the default budget is %d", n)
	}
	equal(t, "the default budget of a limited process", websocket.MemoryLimit() > 0, true)
	equal(t, "without a budget", websocket.BudgetLimit(&websocket.Server{Budget: -1}), -1)
}
