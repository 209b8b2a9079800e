package websocket_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// The promises of a Socket, each a test with that name. They run on every driver, over every kind of
// stream that a driver treats differently, and with the socket under test at either end.

// A connector connects two sockets, whose setups are given, for the length of a test.
type connector func(t *testing.T, opts *wstest.PairOptions, first, second func(*websocket.Socket)) (a, b *websocket.Socket)

// An arrangement connects a subject, the socket under test, with a peer, in this order.
type arrangement struct {
	name    string
	connect connector
}

func arrangements() []arrangement {
	var all []arrangement
	for _, stream := range []arrangement{ // server first, client second
		{"pipe", func(t *testing.T, o *wstest.PairOptions, server, client func(*websocket.Socket)) (s, c *websocket.Socket) {
			return wstest.Sockets(t, o, server, client)
		}},
		{"loop", overNetwork(false, websocket.EventLoops)},
		{"tcp", overNetwork(false, websocket.Goroutines)},
		{"tls", overNetwork(true, websocket.Goroutines)},
		{"tls-loop", overNetwork(true, websocket.EventLoops)},
	} {
		all = append(all, arrangement{stream.name + "/server", stream.connect}, arrangement{stream.name + "/client", swapped(stream.connect)})
	}
	return all
}

func swapped(connect connector) connector {
	return func(t *testing.T, opts *wstest.PairOptions, first, second func(*websocket.Socket)) (a, b *websocket.Socket) {
		b, a = connect(t, opts, second, first)
		return a, b
	}
}

// promise runs a test in every arrangement.
func promise(t *testing.T, test func(t *testing.T, a arrangement)) {
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) { test(t, a) })
	}
}

// overNetwork is wstest.Sockets over loopback TCP, with TLS or without.
func overNetwork(secure bool, driver websocket.Driver) connector {
	return func(t *testing.T, opts *wstest.PairOptions, server, client func(*websocket.Socket)) (s, c *websocket.Socket) {
		t.Helper()
		driven := wstest.PairOptions{}
		if opts != nil {
			driven = *opts
		}
		driven.Accept.Driver, driven.Dial.Driver = driver, driver
		return connectOverNetwork(t, secure, &driven, server, client)
	}
}

func connectOverNetwork(t *testing.T, secure bool, opts *wstest.PairOptions, server, client func(*websocket.Socket)) (s, c *websocket.Socket) {
	t.Helper()
	opts = withoutCompression(opts)
	accepted := make(chan *websocket.Socket, 1)
	hs := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Upgrade(w, r, &opts.Accept, server)
		if err != nil {
			t.Error(err)
			return
		}
		accepted <- s
	}))
	dial := opts.Dial
	if secure {
		hs.Listener = websocket.NewListener(hs.Listener)
		hs.StartTLS()
		dial.TLSConfig = &tls.Config{RootCAs: hs.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	} else {
		hs.Start()
	}
	t.Cleanup(hs.Close)
	opened := make(chan error, 2)
	c, err := websocket.New(hs.URL, &dial, func(c *websocket.Socket) {
		c.OnOpen(func(*websocket.Socket) { opened <- nil })
		c.OnError(func(_ *websocket.Socket, err error) { opened <- err })
		if client != nil {
			client(c)
		}
	})
	if err == nil {
		err = <-opened
	}
	if err != nil {
		t.Fatal(err)
	}
	s = <-accepted
	t.Cleanup(func() {
		s.Terminate()
		c.Terminate()
		<-s.Context().Done()
		<-c.Context().Done()
	})
	return s, c
}

// withoutCompression is what wstest does with its options.
func withoutCompression(opts *wstest.PairOptions) *wstest.PairOptions {
	if opts == nil {
		opts = &wstest.PairOptions{}
	}
	filled := *opts
	if !opts.Compression {
		filled.Accept.Compression.Disabled, filled.Dial.Compression.Disabled = true, true
	}
	return &filled
}

// A journal writes down a socket's events.
type journal struct {
	mu      sync.Mutex
	entries []string
	changed chan struct{}
	running atomic.Int32
	overlap atomic.Bool
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

// listen adds a listener for every event.
func (j *journal) listen(s *websocket.Socket) {
	s.OnOpen(func(*websocket.Socket) { j.note("open") })
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { j.note("message " + short(m.Text())) })
	s.OnError(func(_ *websocket.Socket, err error) { j.note("error") })
	s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
		j.note(fmt.Sprintf("close %d %q clean=%v", e.Code, e.Reason, e.WasClean))
	})
	s.OnPing(func(_ *websocket.Socket, p []byte) { j.note("ping " + string(p)) })
	s.OnPong(func(_ *websocket.Socket, p []byte) { j.note("pong " + string(p)) })
	s.OnDrain(func(*websocket.Socket) { j.note("drain") })
	s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) { j.note("drop " + short(d.Message.Text())) })
}

func short(s string) string {
	if len(s) > 20 {
		return fmt.Sprintf("%s… (%d)", s[:20], len(s))
	}
	return s
}

// note writes down one event, and notices when two run at a time.
func (j *journal) note(entry string) {
	if j.running.Add(1) > 1 {
		j.overlap.Store(true)
	}
	runtime.Gosched() // so that an overlap has a chance to show
	j.mu.Lock()
	j.entries = append(j.entries, entry)
	close(j.changed)
	j.changed = make(chan struct{})
	j.mu.Unlock()
	j.running.Add(-1)
}

func (j *journal) now() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries)
}

// wait returns the entries once done says that they are complete.
func (j *journal) wait(t *testing.T, done func([]string) bool) []string {
	t.Helper()
	limit := time.NewTimer(2 * time.Minute) // on the fake clock, where there is one
	defer limit.Stop()
	for {
		j.mu.Lock()
		entries, changed := slices.Clone(j.entries), j.changed
		j.mu.Unlock()
		if done(entries) {
			return entries
		}
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("still waiting after %q", entries)
		}
	}
}

// waitFor waits for an entry that begins with prefix.
func (j *journal) waitFor(t *testing.T, prefix string) []string {
	t.Helper()
	return j.wait(t, func(e []string) bool {
		return slices.ContainsFunc(e, func(s string) bool { return strings.HasPrefix(s, prefix) })
	})
}

func (j *journal) waitClose(t *testing.T) []string {
	t.Helper()
	return j.waitFor(t, "close ")
}

func within(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("still waiting for %s", what)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func count(entries []string, prefix string) (n int) {
	for _, e := range entries {
		if strings.HasPrefix(e, prefix) {
			n++
		}
	}
	return n
}

func wrapFaulty(f **wstest.FaultyConn) func(net.Conn) net.Conn {
	return func(nc net.Conn) net.Conn {
		*f = wstest.Faulty(nc)
		return *f
	}
}

// rawClient returns a stream to a server's socket, after the opening handshake, and the socket's
// journal.
func rawClient(t *testing.T, setup func(*websocket.Socket)) (net.Conn, *journal) {
	nc, j, _ := rawClientOffering(t, "", setup)
	return nc, j
}

// rawClientOffering is rawClient with a request that offers extensions, and returns the answer's header too.
func rawClientOffering(t *testing.T, extensions string, setups ...func(*websocket.Socket)) (nc net.Conn, j *journal, head string) {
	ln := wstest.Listen()
	j = newJournal()
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
			j.listen(s)
			for _, setup := range setups {
				if setup != nil {
					setup(s)
				}
			}
		})
	})}
	go hs.Serve(ln)
	t.Cleanup(func() { hs.Close() })
	nc, err := ln.Dial(t.Context(), "tcp", "x:80")
	must(t, err)
	request := "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Iv8io/9s+lYFgZWcXczP8Q==\r\n"
	if extensions != "" {
		request += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	fmt.Fprint(nc, request+"\r\n")
	for one := make([]byte, 1); !strings.HasSuffix(head, "\r\n\r\n"); {
		_, err := nc.Read(one)
		must(t, err)
		head += string(one)
	}
	j.waitFor(t, "open")
	return nc, j, head
}
