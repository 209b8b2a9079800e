package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
	"github.com/everwire/everwire/websocket"
)

// serveEcho serves an echo, whose handler may be wrapped, and returns its URL.
func serveEcho(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	return serveHandler(t, srv, wrap)
}

func serveHandler(t *testing.T, handler http.Handler, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	if wrap != nil {
		handler = wrap(handler)
	}
	ts := httptest.NewServer(handler)
	t.Cleanup(ts.Close)
	return "ws" + strings.TrimPrefix(ts.URL, "http")
}

// quick is a short run of everything's defaults.
func quick(url string) Config {
	return Config{
		Source: "random", Quiet: true, Dial: &websocket.DialOptions{Proxy: websocket.NoProxy},
		Plan: load.Plan{
			URL: url, Scenario: load.Echo, Connections: 4, InFlight: 1, Size: 64, Duration: 200 * time.Millisecond, Timeout: 10 * time.Second,
		},
	}
}

// A ran is what came of a run.
type ran struct {
	err            error
	stdout, stderr string
	doc            document // of the JSON, if there is one
	html, csv      string
}

// runs runs with all reports in files.
func runs(t *testing.T, ctx context.Context, c Config) ran {
	t.Helper()
	dir := t.TempDir()
	c.Outputs = Outputs{JSON: filepath.Join(dir, "r.json"), CSV: filepath.Join(dir, "r.csv"), HTML: filepath.Join(dir, "r.html")}
	var stdout, stderr bytes.Buffer
	r := ran{err: Run(ctx, c, &stdout, &stderr)}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return b
	}
	if text := read(c.Outputs.JSON); text != nil {
		if err := json.Unmarshal(text, &r.doc); err != nil {
			t.Fatal(err)
		}
	}
	r.html, r.csv = string(read(c.Outputs.HTML)), string(read(c.Outputs.CSV))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 && len(entries) != 3 {
		t.Errorf("there are %v, %v", entries, err)
	}
	return r
}

func thresholdsOf(t *testing.T, texts ...string) (all []Threshold) {
	t.Helper()
	for _, text := range texts {
		one, err := ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func TestARunIsMeasuredAndReported(t *testing.T) {
	url := serveEcho(t, nil)
	c := quick(url + "/path?token=secret")
	c.Plan.Warmup, c.Plan.Duration = 50*time.Millisecond, 2*time.Second // for some answers to come in, whatever else the machine does
	c.Thresholds = thresholdsOf(t, "messages<1", "p99>1min")
	r := runs(t, t.Context(), c)
	if r.err != nil {
		t.Fatal(r.err)
	}
	d := &r.doc
	if d.Version != JSONVersion || !d.Passed || d.Totals.Messages == 0 || d.Latency.Count != d.Totals.Messages || d.Handshake.Count != 4 {
		t.Errorf("the JSON says %+v", d)
	}
	if d.Totals.Connections != 4 || d.Totals.Elapsed < 2 || d.Totals.Sent < 64*d.Totals.Messages || len(d.Thresholds) != 3 {
		t.Errorf("the totals are %+v", d.Totals)
	}
	var timed int64
	for _, s := range d.Series {
		if s.Latency != nil {
			timed += s.Latency.Count
		}
	}
	if timed != d.Latency.Count {
		t.Errorf("the series has %d latencies, the totals %d", timed, d.Latency.Count)
	}
	if !strings.HasPrefix(r.stdout, url+"/path?…\n") || !strings.Contains(r.stdout, "Throughput") || r.stderr != "" {
		t.Errorf("it says %s\nand %q", r.stdout, r.stderr)
	}
	if !strings.Contains(r.html, `id="latency"`) || strings.Count(r.csv, "\n") != 1+len(d.Series) {
		t.Errorf("the page has %d octets, the CSV is %s", len(r.html), r.csv)
	}
	if strings.Contains(r.stdout+r.html+r.csv, "secret") {
		t.Error("the query is told")
	}
}

// until returns a context and what ends it, as Ctrl-C ends a run, when it is called for the nth time: a run that has no other end has
// measured as much then, however slow the machine is.
func until(t *testing.T, n int64) (context.Context, func()) {
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	var calls atomic.Int64
	return ctx, func() {
		if calls.Add(1) == n {
			end()
		}
	}
}

// serveSeen serves an echo that tells of each message.
func serveSeen(t *testing.T, seen func()) string {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.SendMessage(m)
			seen()
		})
	})
	return serveHandler(t, srv, nil)
}

func TestEveryScenarioIsReported(t *testing.T) {
	room := func(t *testing.T, seen func()) string {
		hub := &websocket.Server{}
		hub.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
				hub.Broadcast(m.Type(), m.Bytes())
				seen()
			})
		})
		return serveHandler(t, hub, nil)
	}
	door := func(t *testing.T, seen func()) string {
		return serveEcho(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				seen()
			})
		})
	}
	for _, row := range []struct {
		name   string
		serve  func(t *testing.T, seen func()) string // the run ends when it has seen 40
		change func(p *load.Plan)
		check  func(d *document) bool
	}{
		// With a window of one the server sees no message before the one before it was answered.
		{"open loop", serveSeen, func(p *load.Plan) { p.Rate = 200 }, func(d *document) bool {
			return d.Settings.OpenLoop && d.Totals.Messages > 0 && d.Latency.Count <= int64(200*d.Totals.Elapsed)+4
		}},
		{"open loop on each", serveSeen, func(p *load.Plan) { p.RatePerConnection = 50 }, func(d *document) bool {
			return d.Settings.OpenLoop && d.Totals.Messages > 0 && d.Latency.Count <= int64(200*d.Totals.Elapsed)+4
		}},
		{"broadcast", room, func(p *load.Plan) { p.Scenario = load.Broadcast }, func(d *document) bool {
			return d.Totals.Messages >= 4 && d.Latency != nil
		}},
		{"idle", serveSeen, func(p *load.Plan) { p.Scenario, p.Duration = load.Idle, 200*time.Millisecond }, func(d *document) bool {
			return d.Totals.Connections == 4 && d.Totals.Messages == 0 && d.Latency == nil && d.Handshake.Count == 4
		}},
		{"handshake", door, func(p *load.Plan) { p.Scenario = load.Handshake }, func(d *document) bool {
			return d.Totals.Messages > 0 && d.Latency.Count == d.Totals.Messages
		}},
		{"stages", serveSeen, func(p *load.Plan) {
			p.Connections, p.RatePerConnection, p.Duration = 0, 100, 0
			p.Stages = []load.Stage{
				{Duration: 100 * time.Millisecond, Connections: 5}, {Duration: 100 * time.Millisecond, Connections: 1}, {Duration: time.Hour, Connections: 1},
			}
		}, func(d *document) bool {
			return d.Totals.Connections > 0 && d.Totals.Connections <= 5 && d.Totals.Connecting == 0 && d.Settings.Connections == 5 && d.Settings.Duration == 3600.2
		}},
		{"template", serveSeen, func(p *load.Plan) { p.Text, p.Template = true, `{"n":{{.Sequence}},"r":"{{.Random 8}}"}` }, func(d *document) bool {
			return d.Totals.Messages > 0
		}},
		{"compressed", serveSeen, func(p *load.Plan) { p.Deflate, p.Takeover, p.Text = true, true, true }, func(d *document) bool {
			return d.Totals.Messages > 0 && d.Settings.Compress == "takeover"
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, seen := until(t, 40)
			c := quick(row.serve(t, seen))
			c.Plan.Duration = time.Hour
			row.change(&c.Plan)
			r := runs(t, ctx, c)
			if r.err != nil || !row.check(&r.doc) {
				t.Errorf("%v: totals %+v, settings %+v\n%s", r.err, r.doc.Totals, r.doc.Settings, r.stdout)
			}
		})
	}
}

func TestACrossedThresholdFailsTheRun(t *testing.T) {
	ctx, seen := until(t, 2000)
	c := quick(serveSeen(t, seen))
	c.Plan.Duration = time.Hour
	c.Thresholds = thresholdsOf(t, "p50>0", "rate<1", "messages<100M")
	r := runs(t, ctx, c)
	if !errors.Is(r.err, ErrFailed) {
		t.Fatalf("error %v, want ErrFailed", r.err)
	}
	if said := r.err.Error(); !strings.HasPrefix(said, "it fails: p50 > 0 (") || !strings.Contains(said, "messages < 100M (") ||
		strings.Contains(said, "rate") {
		t.Errorf("it says %q", said)
	}
	if r.doc.Passed || !strings.Contains(r.stdout, "✗ p50 > 0") || !strings.Contains(r.stdout, "✓ rate < 1") {
		t.Errorf("passed %t, and\n%s", r.doc.Passed, r.stdout)
	}
}

// When no connection is left the run ends early, and what there was is reported all the same.
func TestARunThatBreaksOffIsReported(t *testing.T) {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		n := 0
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if n++; n > 20 {
				s.Close(4000, "enough")
				return
			}
			s.SendMessage(m)
		})
	})
	c := quick(serveHandler(t, srv, nil))
	c.Plan.Duration = time.Minute
	r := runs(t, t.Context(), c)
	if !errors.Is(r.err, ErrFailed) || !strings.Contains(r.err.Error(), "broke off") {
		t.Fatalf("error %v, want ErrFailed", r.err)
	}
	if len(r.doc.Errors) != 1 || r.doc.Errors[0].Kind != "close 4000" || r.doc.Errors[0].Count != 4 ||
		!strings.Contains(r.doc.Errors[0].Example, "enough") {
		t.Errorf("the errors are %+v", r.doc.Errors)
	}
	if r.doc.Passed || !strings.Contains(r.stdout, "close 4000") || r.html == "" {
		t.Errorf("passed %t, and\n%s", r.doc.Passed, r.stdout)
	}
}

// The end of the context is Ctrl-C.
func TestAnInterruptedRunIsReported(t *testing.T) {
	ctx, seen := until(t, 2000)
	c := quick(serveSeen(t, seen))
	c.Plan.Duration = time.Hour
	r := runs(t, ctx, c)
	if r.err != nil {
		t.Fatal(r.err)
	}
	if !r.doc.Interrupted || r.doc.Totals.Messages == 0 || !strings.Contains(r.stdout, "Interrupted") || !strings.Contains(r.html, "interrupted:") {
		t.Errorf("interrupted %t, %d messages, and\n%s", r.doc.Interrupted, r.doc.Totals.Messages, r.stdout)
	}
}

func TestARunThatIsInterruptedWhileItConnectsHasNothingToReport(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		conn, err := silent.Accept()
		if err == nil {
			conn.Read(make([]byte, 1))
			interrupt()
			defer conn.Close()
			conn.Read(make([]byte, 4096)) // until the run ends it
			conn.Read(make([]byte, 4096))
		}
	}()
	c := quick("ws://" + silent.Addr().String() + "/")
	c.Plan.Connections = 1
	r := runs(t, ctx, c)
	if r.err == nil || errors.Is(r.err, ErrFailed) || !strings.Contains(r.err.Error(), "interrupted while it connected") {
		t.Errorf("error %v", r.err)
	}
	if r.stdout != "" || r.html != "" {
		t.Errorf("it says %q", r.stdout)
	}
}

func TestWhoCannotConnectIsToldWhatToTry(t *testing.T) {
	const nobody = "ws://127.0.0.1:1/" // of a port that was just given back another program may make its own
	page := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<p>hello")) }), nil)
	forbidden := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }), nil)
	echo := serveEcho(t, nil)
	for _, row := range []struct{ name, url, says string }{
		{"refused", nobody, "refused the connection"},
		{"a page", page, "no WebSocket server"},
		{"not allowed", forbidden, "401"},
		{"no host", "ws://no.such.host.invalid/", "there is no host no.such.host.invalid"},
		{"no TLS", "wss" + strings.TrimPrefix(echo, "ws"), "ws:// instead of wss://"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := runs(t, t.Context(), quick(row.url))
			if r.err == nil || errors.Is(r.err, ErrFailed) || !strings.Contains(r.err.Error(), row.says) || strings.Contains(r.err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", r.err, row.says)
			}
			if r.stdout != "" {
				t.Errorf("it says %q", r.stdout)
			}
		})
	}
}

// A server that takes some connections and not all has been loaded, and fell short.
func TestAServerThatTakesSomeConnectionsFails(t *testing.T) {
	var requests atomic.Int64
	url := serveEcho(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 4 {
				http.Error(w, "full", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	c := quick(url)
	c.Plan.Connections = 50
	r := runs(t, t.Context(), c)
	if !errors.Is(r.err, ErrFailed) || !strings.Contains(r.err.Error(), "could not open 50 connections at a time: connection ") ||
		!strings.Contains(r.err.Error(), "503") {
		t.Errorf("error %v, want ErrFailed", r.err)
	}
}

// Once some were open it is not the address that is wrong, though nobody answers there any more.
func TestAServerThatDiesWhileConnectionsOpenFails(t *testing.T) {
	c := quick("ws://127.0.0.1:1/")
	err := c.unopened(t.Context(), &load.Error{Kind: load.ConnectError, Connection: 7, Err: syscall.ECONNREFUSED}, 7)
	if !errors.Is(err, ErrFailed) || err.Error() != "could not open 4 connections at a time: connection 7: connection refused" {
		t.Errorf("error %v, want ErrFailed", err)
	}
}

// What the server does not agree to was never going to work: that is no failure of a load.
func TestAServerThatDoesNotCompressCannotBeLoadedSo(t *testing.T) {
	srv := &websocket.Server{}
	srv.Options.Compression.Disabled = true
	c := quick(serveHandler(t, srv, nil))
	c.Plan.Deflate = true
	r := runs(t, t.Context(), c)
	if r.err == nil || errors.Is(r.err, ErrFailed) {
		t.Errorf("error %v", r.err)
	}
}

func TestAReportOnStandardOutputHasItForItself(t *testing.T) {
	c := quick(serveEcho(t, nil))
	c.Outputs.JSON, c.Quiet = "-", false
	var stdout, stderr bytes.Buffer
	if err := Run(t.Context(), c, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Errorf("%v: %s", err, stdout.String())
	}
	if !strings.Contains(stderr.String(), "Throughput") {
		t.Errorf("the summary is not there: %s", stderr.String())
	}
	c.Quiet = true
	stderr.Reset()
	if err := Run(t.Context(), c, &stdout, &stderr); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, and with --quiet it says %s", err, stderr.String())
	}
}
