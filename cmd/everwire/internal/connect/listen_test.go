package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// A listening is a run that waits for connections.
type listening struct {
	url      string
	out, err *buffer
	in       *io.PipeWriter
	ended    chan result
	stop     context.CancelFunc
}

// listen runs c with an input and an output of its own, and waits until it listens.
func listen(t *testing.T, c Config) *listening {
	t.Helper()
	r, w := pipe(t)
	l := &listening{out: &buffer{}, err: &buffer{}, in: w, ended: make(chan result, 1)}
	if c.In == nil {
		c.In = r
	}
	c.Out, c.Err = l.out, l.err
	if c.TCPListen == "" {
		c.Accept = &websocket.AcceptOptions{}
	}
	ctx, stop := context.WithCancel(t.Context())
	l.stop = stop
	t.Cleanup(stop)
	go func() { l.ended <- run(ctx, c) }()
	line := l.err.await(t, "listening on ")
	l.url, _, _ = strings.Cut(line, "\n")
	l.url, _, _ = strings.Cut(l.url, " ")
	return l
}

func dial(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

func receive(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, data, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func send(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestListenTakesTheFirst(t *testing.T) {
	l := listen(t, Config{Listen: "127.0.0.1:0"})
	c := dial(t, l.url, nil)
	io.WriteString(l.in, "from the input\n")
	if got := receive(t, c); got != "from the input" {
		t.Errorf("received %q", got)
	}
	send(t, c, "to the output")
	l.out.await(t, "to the output\n")
	if second, err := websocket.Dial(t.Context(), l.url, nil); err == nil {
		second.Terminate()
		t.Error("a second client was let in")
	}
	c.Close(websocket.CloseNormal, "")
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestASecondIsRefusedAlsoBeforeTheFirstIsJoined(t *testing.T) {
	var told buffer
	d := &door{
		Config: &Config{Accept: &websocket.AcceptOptions{}, Err: &told},
		conns:  make(chan *websocket.Conn), closed: make(chan struct{}), // nobody takes them yet
	}
	srv := httptest.NewServer(d)
	defer srv.Close()
	first := dial(t, srv.URL, nil)
	_, err := websocket.Dial(t.Context(), srv.URL, nil)
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("a second client was answered %v, want 503", err)
	}
	close(d.closed)
	if _, _, err := first.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("when no more is taken: %v", err)
	}
}

func TestListenGoesOnAfterWhatIsNoHandshake(t *testing.T) {
	l := listen(t, Config{Listen: "127.0.0.1:0"})
	resp, err := http.Get("http" + strings.TrimPrefix(l.url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a browser was answered %s", resp.Status)
	}
	_, err = websocket.Dial(t.Context(), l.url, &websocket.DialOptions{Header: http.Header{"Origin": {"https://elsewhere.example"}}})
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("a page of another origin was answered %v", err)
	}
	l.err.await(t, "was refused: ")
	dial(t, l.url, nil).Close(websocket.CloseInternalError, "")
	if got := <-l.ended; got.status != Abnormal {
		t.Errorf("%+v", got)
	}
}

func TestListenOverTLS(t *testing.T) {
	cert := testcert.New("127.0.0.1")
	l := listen(t, Config{Listen: "127.0.0.1:0", TLS: cert.Server(), Verbose: 2})
	if !strings.HasPrefix(l.url, "wss://") {
		t.Fatalf("it listens on %s", l.url)
	}
	c := dial(t, l.url, &websocket.DialOptions{TLSConfig: cert.Client()})
	send(t, c, "hello")
	l.out.await(t, "hello\n")
	c.Close(websocket.CloseNormal, "")
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
	for _, shown := range []string{"> GET / HTTP/1.1\n", "< HTTP/1.1 101 Switching Protocols\n", `→ text 5 fin mask=`} {
		if !strings.Contains(l.err.String(), shown) {
			t.Errorf("%q was not shown:\n%s", shown, l.err)
		}
	}
}

func TestListenOnEveryAddress(t *testing.T) {
	l := listen(t, Config{Listen: ":0"})
	if !strings.HasPrefix(l.url, "ws://localhost:") {
		t.Errorf("it listens on %s", l.url)
	}
	dial(t, l.url, nil).Close(websocket.CloseNormal, "")
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestListenOnAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, Config{Listen: "unix:" + path})
	c := dial(t, "ws+unix://"+path+":/", nil)
	send(t, c, "hello")
	l.out.await(t, "hello\n")
	c.Close(websocket.CloseNormal, "")
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

// Clients of a Unix domain socket have no address to be called by.
func TestListenTellsHowOneOfManyEnded(t *testing.T) {
	needShell(t)
	path := filepath.Join(t.TempDir(), "socket")
	for listenAt, name := range map[string]string{"unix:" + path: "a client", "127.0.0.1:0": "127.0.0.1:"} {
		l := listen(t, Config{Listen: listenAt, Keep: true, Exec: "cat"})
		url := l.url
		if strings.HasPrefix(listenAt, "unix:") {
			url = "ws+unix://" + path + ":/"
		}
		dial(t, url, nil).Close(websocket.CloseInternalError, "")
		if rest := l.err.await(t, "\neverwire: "+name); !strings.Contains(rest, ": the peer closed the connection: 1011") {
			t.Errorf("on %s it was told %q", listenAt, rest)
		}
		l.stop()
		if got := <-l.ended; got.status != 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestListenWhereSomebodyElseDoes(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr := ln.Addr().String()
	for name, c := range map[string]Config{
		"listen": {Listen: addr}, "tcp-listen": {TCPListen: addr, URL: "ws://127.0.0.1:1", Dial: &websocket.DialOptions{}},
	} {
		got := run(t.Context(), c)
		if got.status != Failed || !strings.Contains(got.text, addr+": address already in use") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestListenUntilInterrupted(t *testing.T) {
	for name, keep := range map[string]bool{"the first": false, "any number": true} {
		l := listen(t, Config{Listen: "127.0.0.1:0", Keep: keep})
		l.stop()
		want := Interrupted
		if keep {
			want = 0
		}
		if got := <-l.ended; got.status != want {
			t.Errorf("%s: %+v, want status %d", name, got, want)
		}
	}
}

func TestListenAndNobodyComes(t *testing.T) {
	for _, keep := range []bool{false, true} {
		got := run(t.Context(), Config{Listen: "127.0.0.1:0", Keep: keep, Accept: &websocket.AcceptOptions{}, Timeout: 1, In: strings.NewReader("")})
		if got.status != TimedOut {
			t.Errorf("%+v", got)
		}
	}
}
