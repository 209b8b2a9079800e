package connect

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

func TestVerbose(t *testing.T) {
	cert := testcert.New("127.0.0.1")
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat"}})
		if err != nil {
			return
		}
		if typ, data, err := c.Read(r.Context()); err == nil {
			c.Write(r.Context(), typ, data)
		}
		c.Close(websocket.CloseNormal, "bye")
	}))
	srv.TLS, srv.Config.ErrorLog = cert.Server(), log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	handshake := []string{
		`\* connecting to 127\.0\.0\.1:\d+`,
		`\* connected to 127\.0\.0\.1:\d+`,
		`\* TLS 1\.3, TLS_\w+`,
		`\* certificate of 127\.0\.0\.1, issued by itself, valid until 2106-02-07 06:28 UTC`,
		`> GET / HTTP/1\.1`,
		`> Authorization: …`,
		`< HTTP/1\.1 101 Switching Protocols`,
		`< Sec-WebSocket-Protocol: chat`,
		`\* open; extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; subprotocol: chat`,
	}
	frames := []string{
		`→ text 5 fin mask=[0-9a-f]{8} "hello"`,
		`← text 5 fin "hello"`,
		`← close 5 fin 1000 normal closure "bye"`,
		`→ close 2 fin mask=[0-9a-f]{8} 1000 normal closure`,
	}
	for verbose, want := range [][]string{nil, handshake, append(handshake, frames...), {"> Authorization: Bearer secret"}} {
		c := to("wss"+strings.TrimPrefix(srv.URL, "https"), "hello\n")
		c.Dial.TLSConfig = cert.Client()
		c.Dial.Subprotocols = []string{"chat"}
		c.Dial.Header = http.Header{"Authorization": {"Bearer secret"}}
		c.Verbose = verbose
		got := run(t.Context(), c)
		if got.status != 0 || got.out != "hello\n" {
			t.Fatalf("%+v", got)
		}
		rest := got.err
		for _, line := range want {
			at := regexp.MustCompile("(?m)^" + line + "$").FindStringIndex(rest)
			if at == nil {
				t.Fatalf("with -v %d times %s is not in\n%s", verbose, line, got.err)
			}
			if !strings.HasPrefix(line, "→") && !strings.HasPrefix(line, "←") { // these two go their own ways
				rest = rest[at[1]:]
			}
		}
		if strings.Contains(got.err, "secret") != (verbose == 3) || verbose == 0 && got.err != "" || verbose == 1 && strings.ContainsAny(got.err, "→←") {
			t.Errorf("with -v %d times this was shown:\n%s", verbose, got.err)
		}
	}
}

func TestVerboseWithoutTLSAndInsecure(t *testing.T) {
	c := to(echo(t), "")
	c.Verbose, c.CloseAfterInput = 1, true
	c.Dial.Compression.Disabled = true
	if got := run(t.Context(), c); strings.Contains(got.err, "TLS") || !strings.Contains(got.err, "* open; no extensions; no subprotocol\n") {
		t.Errorf("%+v", got)
	}
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	c = to("wss"+strings.TrimPrefix(srv.URL, "https"), "")
	c.Verbose = 1
	c.Dial.TLSConfig = testcert.New("x").Client()
	c.Dial.TLSConfig.InsecureSkipVerify = true
	if got := run(t.Context(), c); !strings.Contains(got.err, "; not checked (--insecure)\n") || got.status != Refused ||
		!strings.Contains(got.err, "< HTTP/1.1 404 Not Found\n") {
		t.Errorf("%+v", got)
	}
}
