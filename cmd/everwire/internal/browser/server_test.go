package browser

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/cli"
	"github.com/everwire/everwire/cmd/everwire/internal/demo"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
)

// A site is a server with pages. Its addresses are without a slash at the end.
type site struct {
	http string // its pages' origin, "http://127.0.0.1:1234"
	ws   string // the same for WebSockets
	stop func() // stops it in order and waits; again it does nothing
}

// overWSAndWSS runs a test twice: in the clear and over TLS.
func overWSAndWSS(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Helper()
	needsBrowser(t)
	t.Parallel()
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, secure)
		})
	}
}

var announced = regexp.MustCompile(`https?://127\.0\.0\.1:[0-9]+`)

// serve runs "everwire serve" until the test ends or stops it. It must end with status 0.
func serve(t *testing.T, secure bool, flags ...string) *site {
	t.Helper()
	args := append([]string{"serve", "--addr", "127.0.0.1:0"}, flags...)
	if secure {
		args = append(args, "--tls-self-signed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	screen, stdout := io.Pipe()
	var stderr logbook
	var status int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stdout.Close()
		status = cli.Main(ctx, args, stdout, &stderr)
	}()
	s := &site{stop: func() { cancel(); <-ended }}
	t.Cleanup(func() {
		s.stop()
		if status != 0 {
			t.Errorf("everwire serve ended with status %d", status)
		}
		if t.Failed() {
			t.Logf("everwire %s\n%s", strings.Join(args, " "), stderr.String())
		}
	})

	first, _ := bufio.NewReader(screen).ReadString('\n')
	go io.Copy(io.Discard, screen)
	s.http = announced.FindString(first)
	if s.http == "" || strings.HasPrefix(s.http, "https:") != secure {
		t.Fatalf("everwire %s said %q", strings.Join(args, " "), first)
	}
	s.ws = "ws" + strings.TrimPrefix(s.http, "http")
	return s
}

// A logbook is standard error.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// listen serves a handler until the test ends.
func listen(t *testing.T, secure bool, h http.Handler) *site {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // browsers open connections that they do not use
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return &site{http: srv.URL, ws: "ws" + strings.TrimPrefix(srv.URL, "http"), stop: srv.Close}
}

// serveAlone serves one demo and its page until the test ends. Stop closes the connections in order; from then on
// it refuses new ones, but the pages, with all that a browser fetches for them when it likes, stay.
func serveAlone(t *testing.T, secure bool, name string) *site {
	t.Helper()
	i := slices.IndexFunc(demo.All, func(d demo.Demo) bool { return d.Name == name })
	endpoint := demo.All[i].New()
	endpoint.Handler = pages.Handler(name)
	t.Cleanup(func() { endpoint.Close() })
	mux := http.NewServeMux()
	mux.Handle("/"+name, endpoint)
	mux.Handle("/static/", pages.Static())
	s := listen(t, secure, mux)
	s.stop = func() {
		if err := endpoint.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	return s
}

// refused is what the console says when a server that has stopped refuses a connection.
const refused = "Unexpected response code: 503"

// receive returns what comes from a server that the test runs.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came from the server")
		panic("unreachable")
	}
}

// blank is a page with nothing in it, for scripts to run in.
var blank = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, `<!doctype html><html lang="en"><title>Blank</title><link rel="icon" href="data:,">`)
})
