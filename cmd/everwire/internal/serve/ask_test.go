package serve

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAskWhoIsReady(t *testing.T) {
	for name, cfg := range map[string]Config{"plain": {}, "TLS": {TLSSelfSigned: true}} {
		t.Run(name, func(t *testing.T) {
			r := run(t, cfg)
			_, cfg.Addr, _ = strings.Cut(r.base, "://")
			if err := Ask(t.Context(), cfg, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
}

// nobody returns an address on which nobody listens, nor can: it is that of a client's end of a connection.
func nobody(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc.LocalAddr().String()
}

func TestAskWhoIsNotReady(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	shut := newTestSite(t, newLogbook().logger())
	shut.leave(0, nil)
	leaving := httptest.NewServer(shut)
	defer leaving.Close()
	tests := []struct {
		name, addr string
		timeout    time.Duration
		want       string
	}{
		{"nobody", nobody(t), time.Minute, "nothing listens at http://ADDR/readyz; is everwire serve running, with this --addr?"},
		{"silent", silent.Listener.Addr().String(), time.Millisecond, "http://ADDR/readyz does not answer within 1ms"},
		{"shutting down", leaving.Listener.Addr().String(), time.Minute,
			`http://ADDR/readyz answers 503 Service Unavailable: "shutting down"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Ask(t.Context(), Config{Addr: tt.addr}, tt.timeout)
			if want := strings.ReplaceAll(tt.want, "ADDR", tt.addr); err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	tests := map[string]string{
		":8080":            "127.0.0.1:8080",
		"0.0.0.0:8080":     "127.0.0.1:8080",
		"[::]:8080":        "[::1]:8080",
		"192.0.2.1:8080":   "192.0.2.1:8080",
		"ws.example.com:1": "ws.example.com:1",
		"[::1]:1":          "[::1]:1",
	}
	for addr, want := range tests {
		if got := nearest(addr); got != want {
			t.Errorf("nearest(%q) = %q, want %q", addr, got, want)
		}
	}
}
