package websocket_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// tcp4 listens on loopback.
func tcp4(t *testing.T) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

func TestNewListenerTakesSocketsOfPackageNet(t *testing.T) {
	if !engine.Supported {
		ln := wstest.Listen()
		defer ln.Close()
		equal(t, "listener", websocket.NewListener(ln), net.Listener(ln))
		return
	}
	unix := func(t *testing.T) net.Listener {
		ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
		must(t, err)
		t.Cleanup(func() { ln.Close() })
		return ln
	}
	for _, row := range []struct {
		name   string
		listen func(t *testing.T) net.Listener
		taken  bool
	}{
		{"TCP", tcp4, true},
		{"Unix domain", unix, true},
		{"behind the PROXY protocol", func(t *testing.T) net.Listener { return websocket.ProxyListener(tcp4(t)) }, true}, // of strangers it reads none
		{"behind the PROXY protocol of a trusted proxy", func(t *testing.T) net.Listener {
			return websocket.ProxyListener(tcp4(t), netip.MustParsePrefix("127.0.0.0/8"))
		}, false},
		{"wrapped", func(t *testing.T) net.Listener { return disguisingListener{tcp4(t)} }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			ln := websocket.NewListener(row.listen(t))
			dialled := inBackground(func() net.Conn {
				nc, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
				if err != nil {
					t.Error(err)
				}
				return nc
			})
			nc, err := ln.Accept()
			must(t, err)
			defer nc.Close()
			client := <-dialled
			defer client.Close()
			below, ok := nc.(interface{ NetConn() net.Conn })
			if ok != row.taken {
				t.Fatalf("accepted a %T", nc)
			}
			if ok {
				equal(t, "network below", below.NetConn().LocalAddr().Network(), ln.Addr().Network())
			}
		})
	}
}

type disguisingListener struct{ net.Listener }

func (l disguisingListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	return struct{ net.Conn }{nc}, err
}

func TestNewListenerGivesOnErrors(t *testing.T) {
	ln := websocket.NewListener(tcp4(t))
	ln.Close()
	if nc, err := ln.Accept(); nc != nil || err == nil {
		t.Fatalf("a closed listener accepted %v, %v", nc, err)
	}
}

// To net/http the listener's connections are what they would be without it.
func TestHTTPThroughNewListener(t *testing.T) {
	certificate := testcert.New("127.0.0.1")
	body := strings.Repeat("body", 1<<18)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte(body), 0o600))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Proto", r.Proto)
		http.ServeFile(w, r, file)
	})
	for _, row := range []struct {
		name, scheme, proto string
		serve               func(hs *http.Server, ln net.Listener) error
		http2               bool
	}{
		{"without TLS", "http", "HTTP/1.1", (*http.Server).Serve, false},
		{"TLS", "https", "HTTP/1.1", func(hs *http.Server, ln net.Listener) error { return hs.ServeTLS(ln, "", "") }, false},
		{"HTTP/2", "https", "HTTP/2.0", func(hs *http.Server, ln net.Listener) error { return hs.ServeTLS(ln, "", "") }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			ln := websocket.NewListener(tcp4(t))
			hs := &http.Server{Handler: handler, TLSConfig: certificate.Server(), ErrorLog: log.New(io.Discard, "", 0)}
			served := inBackground(func() error { return row.serve(hs, ln) })
			defer func() {
				hs.Close()
				<-served
			}()
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: certificate.Client(), ForceAttemptHTTP2: row.http2}}
			defer client.CloseIdleConnections()
			for range 2 {
				resp, err := client.Get(row.scheme + "://" + ln.Addr().String())
				must(t, err)
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				must(t, err)
				if string(got) != body {
					t.Fatalf("got %d octets of %d", len(got), len(body))
				}
				equal(t, "protocol", resp.Header.Get("Proto"), row.proto)
			}
		})
	}
}

func TestAConnFromNewListenerHasTheStreamBelow(t *testing.T) {
	ln := websocket.NewListener(tcp4(t))
	streams := make(chan net.Conn, 1)
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		streams <- c.Stream()
		c.Close(websocket.CloseNormal, "")
	})}
	served := inBackground(func() error { return hs.Serve(ln) })
	defer func() {
		hs.Close()
		<-served
	}()
	c, err := websocket.Dial(forever, "ws://"+ln.Addr().String(), nil)
	must(t, err)
	defer c.Close(websocket.CloseNormal, "")
	if nc, ok := (<-streams).(*net.TCPConn); !ok {
		t.Fatalf("the stream is a %T", nc)
	}
}
