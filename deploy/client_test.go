package deploy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// home is what clients come from: an address that is the proxy's neither nor the servers'. All of 127.0.0.0/8 is
// this machine's on Linux.
const home = "127.0.0.7"

// self is the certificate that every proxy shows, for the names in the configurations.
var self = testcert.New("ws.example.com", "www.example.com")

// reach returns a function that connects to where the proxy listens, for a URL's standard port.
func (p ports) reach() func(ctx context.Context, network, address string) (net.Conn, error) {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(home)}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		to := map[string]string{"80": p.http, "443": p.https}[port]
		if to == "" {
			return nil, errors.New("no test uses port " + port)
		}
		if host, _, _ := net.SplitHostPort(to); host == "::1" {
			return new(net.Dialer).DialContext(ctx, network, to)
		}
		return from.DialContext(ctx, network, to)
	}
}

// options fills in how to reach the proxy, and to trust it.
func (p ports) options(t *testing.T, opts websocket.DialOptions) *websocket.DialOptions {
	t.Helper()
	opts.DialContext = p.reach()
	opts.TLSConfig = self.Client()
	return &opts
}

// dial connects through the proxy.
func (p ports) dial(t *testing.T, url string, opts websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(context.Background(), url, p.options(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

// refused connects through the proxy, which must be refused, and returns the status.
func (p ports) refused(t *testing.T, url string, opts websocket.DialOptions) int {
	t.Helper()
	c, err := websocket.Dial(context.Background(), url, p.options(t, opts))
	if err == nil {
		c.Terminate()
		t.Fatalf("%s let us in", url)
	}
	var refusal *websocket.HandshakeError
	if !errors.As(err, &refusal) || refusal.Response == nil {
		t.Fatalf("%s: %v, want a refusal", url, err)
	}
	return refusal.Response.StatusCode
}

// browser returns an HTTP client that reaches the proxy.
func (p ports) browser(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DialContext:     p.reach(),
		TLSClientConfig: self.Client(),
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// A visitor is a client's end that is a Socket.
type visitor struct {
	*websocket.Socket
	closed chan websocket.CloseEvent
}

// visit connects by a Socket, which is open when visit returns.
func (p ports) visit(t *testing.T, url string, opts websocket.DialOptions, setup func(*websocket.Socket)) *visitor {
	t.Helper()
	v := &visitor{closed: make(chan websocket.CloseEvent, 1)}
	opened := make(chan struct{}, 1)
	gone := make(chan struct{})
	var err error
	v.Socket, err = websocket.New(url, p.options(t, opts), func(s *websocket.Socket) {
		s.OnOpen(func(*websocket.Socket) { opened <- struct{}{} })
		s.OnError(func(_ *websocket.Socket, err error) { t.Log("the client's error:", err) })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
			v.closed <- e
			close(gone)
		})
		if setup != nil {
			setup(s)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.Terminate()
		<-gone
	})
	select {
	case <-opened:
	case <-gone:
		t.Fatal("the connection was not made")
	case <-time.After(patience):
		t.Fatal("waited in vain for the open event")
	}
	return v
}

func (v *visitor) wantClosed(t *testing.T, want websocket.CloseEvent) {
	t.Helper()
	if got := await(t, "the client's close event", v.closed); got != want {
		t.Fatalf("the client's end was closed by %+v, want %+v", got, want)
	}
}

// wantEcho sends a message and wants it back.
func wantEcho(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Write(ctx, typ, []byte(data)); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, c, typ, data)
}

// wantMessage waits for a message.
func wantMessage(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gotType, got, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if gotType != typ || string(got) != data {
		t.Fatalf("got %v of %d octets, want %v of %d", gotType, len(got), typ, len(data))
	}
}

// wantEnd waits until reading ends, by a Close frame or, with 1006, without.
func wantEnd(t *testing.T, c *websocket.Conn, code websocket.CloseCode, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, _, err := c.Read(ctx)
	if ctx.Err() != nil {
		t.Fatal("the connection does not end")
	}
	var bye *websocket.CloseError
	if errors.As(err, &bye) && bye.Reason != reason || websocket.CloseCodeOf(err) != code {
		t.Fatalf("the connection ended by %v, want %d %q", err, code, reason)
	}
}
