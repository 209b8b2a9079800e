//go:build linux

package websocket_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/websocket"
)

// TestBlockedListenersCostLittleMemory has thousands of listeners block at a time, while others go on. With
// EVERWIRE_LONG=1 they are 10,000 for five seconds, with clients in other processes.
func TestBlockedListenersCostLittleMemory(t *testing.T) {
	for _, row := range []struct {
		name   string
		listen func(s *websocket.Socket, f func())
		word   string // what has the clients cause it
	}{
		{"OnMessage", func(s *websocket.Socket, f func()) { s.OnMessage(func(*websocket.Socket, websocket.Message) { f() }) }, "send"},
		{"OnClose", func(s *websocket.Socket, f func()) { s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { f() }) }, "cut"},
	} {
		t.Run(row.name, func(t *testing.T) {
			blocked, release := make(chan struct{}), make(chan struct{})
			var returned atomic.Int64
			server := listening(t, func(s *websocket.Socket) {
				row.listen(s, func() {
					blocked <- struct{}{}
					<-release
					returned.Add(1)
				})
			})
			n, clients := 1000, []crowdOfClients{&clientsHere{}}
			if os.Getenv("EVERWIRE_LONG") != "" {
				n, clients = 10_000, []crowdOfClients{newClientsElsewhere(t), newClientsElsewhere(t)}
			}
			for _, c := range clients {
				c.connect(t, server.URL, n/len(clients))
				defer c.end()
			}
			all := newWitnesses(t, overNetwork(false, websocket.EventLoops))
			all.testify(t)
			debug.FreeOSMemory()
			before, stolen := resident(t), engine.Stolen()
			began := time.Now()
			for _, c := range clients {
				c.tell(row.word)
			}
			for range n {
				received(t, blocked)
			}
			took, slowest := time.Since(began), time.Duration(0)
			for first := true; first || os.Getenv("EVERWIRE_LONG") != "" && time.Since(began) < 5*time.Second; first = false {
				asked := time.Now()
				all.testify(t)
				slowest = max(slowest, time.Since(asked))
			}
			grown := resident(t) - before
			t.Logf("%d blocked listeners after %v: %.1f MiB more; nine round trips of others took %v at most", n, took.Round(time.Millisecond), float64(grown)/(1<<20), slowest)
			if limit := int64(n)*(100<<20)/10_000 + 16<<20; grown > limit {
				t.Errorf("%d blocked listeners cost %d octets, more than %d", n, grown, limit)
			}
			if lost := engine.Stolen() - stolen; lost > int64(n)/2 {
				t.Errorf("%d times a loop was lost: listeners go on blocking it", lost)
			}
			close(release)
			for returned.Load() != int64(n) {
				time.Sleep(time.Millisecond)
			}
			all.testify(t)
		})
	}
}

// resident returns this process's memory.
func resident(t testing.TB) (octets int64) {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	fmt.Sscan(string(statm), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// listening starts a server of sockets on event loops.
func listening(t testing.TB, setup func(*websocket.Socket)) *httptest.Server {
	t.Helper()
	opts := &websocket.AcceptOptions{Compression: websocket.Compression{Disabled: true}}
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { websocket.Upgrade(w, r, opts, setup) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// A crowdOfClients is many clients that do the same.
type crowdOfClients interface {
	connect(t testing.TB, url string, n int)
	tell(word string)
	end()
}

// clientsHere are clients in this process.
type clientsHere struct{ sockets []*websocket.Socket }

func (c *clientsHere) connect(t testing.TB, url string, n int) {
	opened := make(chan error, n)
	opts := &websocket.DialOptions{Compression: websocket.Compression{Disabled: true}}
	for range n {
		s, err := websocket.New(url, opts, func(s *websocket.Socket) {
			s.OnOpen(func(*websocket.Socket) { opened <- nil })
			s.OnError(func(_ *websocket.Socket, err error) { opened <- err })
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		})
		if err != nil {
			t.Fatal(err)
		}
		c.sockets = append(c.sockets, s)
		if len(c.sockets)%64 == 0 { // what a listener's backlog surely takes
			for range 64 {
				if err := <-opened; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for range n % 64 {
		if err := <-opened; err != nil {
			t.Fatal(err)
		}
	}
}

func (c *clientsHere) tell(word string) {
	for _, s := range c.sockets {
		switch word {
		case "send":
			s.SendText(strings.Repeat("x", 64))
		case "cut":
			s.Terminate()
		}
	}
}

func (c *clientsHere) end() {
	c.tell("cut")
	for _, s := range c.sockets {
		<-s.Context().Done()
	}
}

// clientsElsewhere are clients in another process, which is this test's program once more.
type clientsElsewhere struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

const elsewhere = "EVERWIRE_TEST_CLIENTS"

func newClientsElsewhere(t testing.TB) *clientsElsewhere {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &clientsElsewhere{process: exec.Command(self, "-test.run=^TestClientsElsewhere$", "-test.count=1")}
	c.process.Env = append(os.Environ(), elsewhere+"=1")
	c.process.Stderr = os.Stderr
	c.in, _ = c.process.StdinPipe()
	out, _ := c.process.StdoutPipe()
	c.out = bufio.NewScanner(out)
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clientsElsewhere) connect(t testing.TB, url string, n int) {
	fmt.Fprintln(c.in, url, n)
	for c.out.Scan() {
		if c.out.Text() == "ready" {
			return
		}
	}
	t.Fatal("the other process cannot connect")
}

func (c *clientsElsewhere) tell(word string) { fmt.Fprintln(c.in, word) }

func (c *clientsElsewhere) end() {
	c.in.Close()
	for c.out.Scan() {
	}
	c.process.Wait()
}

// TestClientsElsewhere is no test, but what the other process does.
func TestClientsElsewhere(t *testing.T) {
	if os.Getenv(elsewhere) == "" {
		t.Skip("it is a part of other tests")
	}
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	var url string
	var n int
	fmt.Sscan(in.Text(), &url, &n)
	var c clientsHere
	c.connect(t, url, n)
	fmt.Println("ready")
	for in.Scan() {
		c.tell(in.Text())
	}
	c.end()
}
