package metrics

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// scraped is what a scrape says, by name.
type scraped map[string]*dto.MetricFamily

func scrape1(t *testing.T, m *Metrics) (scraped, string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	text := w.Body.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families, text
}

// value returns a counter or gauge, or how many a histogram has counted. Labels are name, value, name, value; there is 0
// where there is no such metric.
func (s scraped) value(name string, labels ...string) float64 {
	for _, m := range s[name].GetMetric() {
		if has(m, labels) {
			switch s[name].GetType() {
			case dto.MetricType_COUNTER:
				return m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				return m.GetGauge().GetValue()
			case dto.MetricType_HISTOGRAM:
				return float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}

func has(m *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool {
			return l.GetName() == pair[0] && l.GetValue() == pair[1]
		}) {
			return false
		}
	}
	return true
}

// echoing is a Server that is watched as "echo".
type echoing struct {
	*Metrics
	*websocket.Server
	url    string
	closed chan websocket.CloseEvent // of each connection, when it has been counted
}

func newEchoing(t *testing.T, options websocket.AcceptOptions) *echoing {
	t.Helper()
	e := &echoing{New(), &websocket.Server{Options: options}, "", make(chan websocket.CloseEvent, 100)}
	e.Watch("echo", e.Server)
	e.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() == "panic" {
				panic("as asked")
			}
			s.SendMessage(m)
		})
		s.OnClose(func(_ *websocket.Socket, ev websocket.CloseEvent) { e.closed <- ev })
	})
	server := httptest.NewUnstartedServer(e.Server)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.Start()
	e.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return e
}

// dial connects without compression, unless asked for.
func (e *echoing) dial(t *testing.T, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	if opts == nil {
		opts = &websocket.DialOptions{}
	}
	c, err := websocket.Dial(t.Context(), e.url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Terminate() })
	return c
}

// echo says something and hears it.
func echo(t *testing.T, c *websocket.Conn, kind websocket.MessageType, say string) {
	t.Helper()
	if err := c.Write(t.Context(), kind, []byte(say)); err != nil {
		t.Fatal(err)
	}
	if got, heard, err := c.Read(t.Context()); err != nil || got != kind || string(heard) != say {
		t.Fatalf("heard %v %q, %v", got, heard, err)
	}
}

func TestWhatIsCounted(t *testing.T) {
	e := newEchoing(t, websocket.AcceptOptions{Compression: websocket.Compression{Disabled: true}})
	c := e.dial(t, nil)
	echo(t, c, websocket.Text, "hello")
	echo(t, c, websocket.Text, strings.Repeat("x", 1000))
	echo(t, c, websocket.Binary, "\x00\x01")
	c.CloseRead(t.Context()) // reads on, so that the Pong is seen
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Close(4001, "bye")
	if ev := <-e.closed; ev.Code != 4001 {
		t.Fatalf("closed with %v", ev)
	}
	_, err := websocket.Dial(t.Context(), e.url, &websocket.DialOptions{Header: http.Header{"Origin": {"http://elsewhere.example"}}})
	if err == nil {
		t.Fatal("a page from elsewhere may connect")
	}
	if err := e.Shutdown(t.Context()); err != nil { // which waits until the close event is over: so long a connection counts
		t.Fatal(err)
	}

	got, text := scrape1(t, e.Metrics)
	on := func(labels ...string) []string { return append([]string{"endpoint", "echo"}, labels...) }
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"everwire_connections", on(), 0},
		{"everwire_handshakes_total", on("result", "accepted", "status", "101"), 1},
		{"everwire_handshakes_total", on("result", "origin", "status", "403"), 1},
		{"everwire_handshake_seconds", on(), 1},
		{"everwire_messages_total", on("direction", "received", "type", "text"), 2},
		{"everwire_messages_total", on("direction", "sent", "type", "text"), 2},
		{"everwire_messages_total", on("direction", "received", "type", "binary"), 1},
		{"everwire_messages_total", on("direction", "sent", "type", "binary"), 1},
		{"everwire_message_bytes_total", on("direction", "received", "type", "text"), 1005},
		{"everwire_message_bytes_total", on("direction", "sent", "type", "binary"), 2},
		{"everwire_wire_bytes_total", on("direction", "received", "type", "text"), 1005 + 6 + 8},
		{"everwire_wire_bytes_total", on("direction", "sent", "type", "text"), 1005 + 2 + 4},
		{"everwire_control_frames_total", on("direction", "received", "type", "ping"), 1},
		{"everwire_control_frames_total", on("direction", "sent", "type", "pong"), 1},
		{"everwire_control_frames_total", on("direction", "received", "type", "close"), 1},
		{"everwire_control_frames_total", on("direction", "sent", "type", "close"), 1},
		{"everwire_closes_total", on("code", "4xxx", "clean", "true"), 1},
		{"everwire_handler_seconds", on(), 3},
		{"everwire_failures_total", on("cause", "protocol"), 0},
	} {
		if v := got.value(tt.name, tt.labels...); v != tt.want {
			t.Errorf("%s%v = %v, want %v", tt.name, tt.labels, v, tt.want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestConnectionsThereAre(t *testing.T) {
	e := newEchoing(t, websocket.AcceptOptions{})
	c := e.dial(t, nil)
	e.dial(t, nil)
	echo(t, c, websocket.Text, "so that both are on a loop, where there are loops")
	got, _ := scrape1(t, e.Metrics)
	if n := got.value("everwire_connections", "endpoint", "echo"); n != 2 {
		t.Errorf("%v connections, want 2", n)
	}
	var lags, connections float64
	for _, m := range got["everwire_loop_connections"].GetMetric() {
		connections += m.GetGauge().GetValue()
	}
	lags = float64(len(got["everwire_loop_lag_seconds"].GetMetric()))
	if loops := len(e.Stats().Loops); lags != float64(loops) || loops > 0 && connections < 2 {
		t.Errorf("%v loops with %v connections, want %d with 2 or more", lags, connections, loops)
	}
}

func TestFailuresAreCounted(t *testing.T) {
	e := newEchoing(t, websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: 1000}})
	for _, say := range []string{"panic", strings.Repeat("x", 1001)} {
		c := e.dial(t, nil)
		if err := c.Write(t.Context(), websocket.Text, []byte(say)); err != nil {
			t.Fatal(err)
		}
		c.Read(t.Context())
		<-e.closed
	}
	got, text := scrape1(t, e.Metrics)
	for _, cause := range []string{"panic", "too_big"} {
		if n := got.value("everwire_failures_total", "endpoint", "echo", "cause", cause); n != 1 {
			t.Errorf("%v failures of cause %s, want 1\n%s", n, cause, text)
		}
	}
	if n := got.value("everwire_closes_total", "code", "1006", "clean", "false"); n != 2 {
		t.Errorf("%v closes with 1006, want 2", n)
	}
}

// Whoever connects, and however it goes, there are as many time series as before.
func TestNoPeerMakesTimeSeries(t *testing.T) {
	var closes closes
	var handshakes handshakes
	for code := range 1 << 16 {
		closes.count(websocket.CloseEvent{Code: websocket.CloseCode(code), WasClean: code%2 == 0})
		handshakes.count(code, nil)
	}
	codes, statusLabels := map[string]bool{}, map[string]bool{}
	for i := range closes {
		codes[codeLabel(i)] = true
	}
	for i := range handshakes[accepted] {
		statusLabels[statusLabel(i)] = true
	}
	if len(codes) != len(closes) || len(codes) > 20 {
		t.Errorf("%d labels for %d counters of codes", len(codes), len(closes))
	}
	if len(statusLabels) != len(statuses)+1 || len(statusLabels) > 25 {
		t.Errorf("%d labels for %d counters of statuses", len(statusLabels), len(statuses)+1)
	}
	if closes[otherCode][0].Load()+closes[otherCode][1].Load() != 1<<16-16-2000 {
		t.Error("codes that nobody knows are not counted as others")
	}
}

// gathered returns what Prometheus is told of a Server with which all has happened that there is a metric for.
func gathered(t *testing.T) *Metrics {
	t.Helper()
	m := New()
	m.Watch("echo", &websocket.Server{})
	m.WatchHub(func() hub.Stats { return hub.Stats{} })
	m.WatchGate(func() shed.Figures { return shed.Figures{} })
	m.WatchWebhook(func() events.Figures { return events.Figures{} })
	ep := m.endpoints.list[0]
	for result := range ep.handshakes {
		ep.handshakes[result][0].Add(1)
	}
	for code := range ep.closes {
		ep.closes[code][1].Add(1)
	}
	return m
}

func TestNamesFollowTheConventions(t *testing.T) {
	got, _ := scrape1(t, gathered(t))
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if !strings.HasPrefix(name, "everwire_") {
			continue
		}
		f := got[name]
		if !regexp.MustCompile(`^[a-z_]+$`).MatchString(name) {
			t.Errorf("%s: bad name", name)
		}
		if counter := f.GetType() == dto.MetricType_COUNTER; counter != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, f.GetType())
		}
		if f.GetType() == dto.MetricType_HISTOGRAM && !strings.HasSuffix(name, "_seconds") {
			t.Errorf("%s does not name its unit", name)
		}
		if help := f.GetHelp(); !strings.HasSuffix(help, ".") {
			t.Errorf("%s: help %q", name, help)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "everwire_build_info"} {
		if got[name] == nil && !(name == "process_open_fds" && !exists("/proc/self/fd")) {
			t.Errorf("there is no %s", name)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func TestPromtoolFindsNothingWrong(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("EVERWIRE_TEST_ALL") != "" {
			t.Fatal(`promtool is not installed; "make tools" installs it`)
		}
		t.Skip(`promtool is not installed; "make tools" installs it`)
	}
	_, text := scrape1(t, gathered(t))
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = bytes.NewReader([]byte(text))
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, said)
	}
}

// The documents have each metric, and no other.
func TestEveryMetricIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, line := range strings.Split(string(page), "\n") {
		if cells := strings.Split(line, "`"); strings.HasPrefix(line, "| `everwire_") {
			documented[cells[1]] = true
		}
	}
	got, _ := scrape1(t, gathered(t))
	there := map[string]bool{"everwire_loop_lag_seconds": true, "everwire_loop_connections": true} // while there are loops
	for name := range got {
		if strings.HasPrefix(name, "everwire_") {
			there[name] = true
		}
	}
	for name := range there {
		if !documented[name] {
			t.Errorf("docs/operating.md does not have %s", name)
		}
	}
	for name := range documented {
		if !there[name] {
			t.Errorf("docs/operating.md has %s, which there is not", name)
		}
	}
}
