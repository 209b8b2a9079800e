package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A journal collects the lines of Events.
type journal struct {
	mu    sync.Mutex
	lines []string
	ended int
	all   chan struct{} // closed when both directions have ended
}

func newJournal() *journal { return &journal{all: make(chan struct{})} }

func (j *journal) see(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := line(e)
	j.lines = append(j.lines, l[:min(len(l), 150)])
	if e.End != nil {
		if j.ended++; j.ended == 2 {
			close(j.all)
		}
	}
}

// done waits for both ends, and returns all.
func (j *journal) done(t *testing.T) []string {
	t.Helper()
	select {
	case <-j.all:
	case <-time.After(time.Minute):
		t.Error("the end is not told")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func inOrder(t *testing.T, lines []string, want ...string) {
	t.Helper()
	rest := lines
	for _, w := range want {
		i := slices.IndexFunc(rest, func(l string) bool { return strings.HasPrefix(l, w) })
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", w, strings.Join(lines, "\n"))
		}
		rest = rest[i+1:]
	}
}

func TestAServersStreamIsTold(t *testing.T) {
	j := newJournal()
	ln := wstest.Listen()
	defer ln.Close()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		typ, data, err := c.Read(context.Background())
		if err == nil {
			err = c.Write(context.Background(), typ, data)
		}
		if err != nil {
			t.Error(err)
		}
		c.Close(websocket.CloseNormal, "bye")
	})}
	go srv.Serve(wrapping{ln, j})
	defer srv.Close()
	c, err := websocket.Dial(context.Background(), "ws://server/x", &websocket.DialOptions{
		DialContext: ln.Dial, Compression: websocket.Compression{Threshold: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(context.Background(), websocket.Text, []byte("hello hello hello")); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = c.Read(context.Background())
	}
	c.Close(websocket.CloseNormal, "")
	inOrder(t, j.done(t), "client GET /x HTTP/1.1", "server HTTP/1.1 101", "client text", "client message text 17 of", "server text",
		"server message text 17 of", `server close 5 "\x03\xe8bye"`, `client close 2`)
}

// wrapping is a listener whose connections are looked at.
type wrapping struct {
	net.Listener
	j *journal
}

func (l wrapping) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Wrap(nc, NewDecoder(Config{Messages: true}, l.j.see), FromServer), nil
}

func TestWrapPassesEverythingThrough(t *testing.T) {
	a, b := wstest.Pipe()
	defer b.Close()
	j := newJournal()
	w := Wrap(a, NewDecoder(Config{}, j.see), FromClient)
	w.SetReadDeadline(time.Unix(1, 0))
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a deadline that has passed: %v", err)
	}
	w.SetReadDeadline(time.Time{})
	io.WriteString(w, "PING / HTTP/1.1\r\n\r\n")
	if err := w.(closeWriter).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); err != nil || string(got) != "PING / HTTP/1.1\r\n\r\n" {
		t.Fatalf("got %q, %v", got, err)
	}
	io.WriteString(b, "HTTP/1.1 400 No\r\n\r\nbody")
	b.Close()
	if got, err := io.ReadAll(w); err != nil || string(got) != "HTTP/1.1 400 No\r\n\r\nbody" {
		t.Fatalf("got %q, %v", got, err)
	}
	inOrder(t, j.done(t), "client PING / HTTP/1.1", "client end 19", "server HTTP/1.1 400 No", "server end 23 undecoded 4")
	w.Close()
}

func TestAReadThatFailsIsTold(t *testing.T) {
	a, b := wstest.Pipe()
	defer b.Close()
	f := wstest.Faulty(a)
	f.Reads().CutAfter(0, wstest.CutReset)
	j := newJournal()
	w := Wrap(f, NewDecoder(Config{}, j.see), FromClient)
	_, err := w.Read(make([]byte, 1))
	w.Close()
	if err == nil {
		t.Fatal("the read did not fail")
	}
	inOrder(t, j.done(t), "server end 0 "+err.Error(), "client end 0")
}

// shortOnce writes half of the first Write only, as one does whose deadline comes.
type shortOnce struct {
	net.Conn
	done bool
}

func (s *shortOnce) Write(b []byte) (int, error) {
	if !s.done {
		s.done = true
		n, _ := s.Conn.Write(b[:len(b)/2])
		return n, os.ErrDeadlineExceeded
	}
	return s.Conn.Write(b)
}

func TestAWriteThatIsTakenUpAgainIsToldOnce(t *testing.T) {
	a, b := wstest.Pipe()
	defer b.Close()
	j := newJournal()
	w := Wrap(&shortOnce{Conn: a}, NewDecoder(Config{}, j.see), FromClient)
	text := request + "\r\n"
	n, err := io.WriteString(w, text)
	if err == nil {
		t.Fatal("the first write succeeded")
	}
	io.WriteString(w, text[n:])
	w.Close()
	inOrder(t, j.done(t), headOnly, fmt.Sprintf("client end %d", len(text)))
}

// echo serves, over TLS if there is a config for it, and returns the URL.
func echo(t *testing.T, secure func(*httptest.Server)) string {
	t.Helper()
	srv := &websocket.Server{Options: websocket.AcceptOptions{Compression: takeover}}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	h := httptest.NewUnstartedServer(srv)
	if secure != nil {
		secure(h)
	} else {
		h.Start()
	}
	t.Cleanup(func() {
		srv.Shutdown(context.Background())
		h.Close()
	})
	return "ws" + strings.TrimPrefix(h.URL, "http")
}

var takeover = websocket.Compression{Threshold: -1, ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext}
