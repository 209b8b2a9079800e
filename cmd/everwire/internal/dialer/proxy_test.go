package dialer

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// welcoming lets everybody in, and waits until they have gone.
var welcoming = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if c, err := websocket.Accept(w, r, nil); err == nil {
		c.Read(context.Background())
		c.Terminate()
	}
})

// connected dials as a command does.
func connected(t *testing.T, url string, args ...string) {
	t.Helper()
	f, err := parse(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Options()
	if err != nil {
		t.Fatal(err)
	}
	c, err := websocket.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(Explain(err))
	}
	if err := c.Close(websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: ln, Config: &http.Server{Handler: welcoming}}
	srv.Start()
	defer srv.Close()
	t.Setenv("http_proxy", "http://127.0.0.1:1") // which is not asked
	connected(t, "ws://example.com/x", "--unix-socket", path)
}

func TestProxyIsUsed(t *testing.T) {
	srv := httptest.NewServer(welcoming)
	defer srv.Close()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		there, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.Copy(there, here)
			there.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(here, there)
		here.(*net.TCPConn).CloseWrite()
		<-done
	}))
	defer proxy.Close()
	connected(t, "ws://example.com/x", "--proxy", "http://me:it@"+proxy.Listener.Addr().String())
	if got, want := <-asked, "CONNECT example.com:80 Basic bWU6aXQ="; got != want {
		t.Errorf("the proxy was asked %q, want %q", got, want)
	}
}
