package serve

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/demo"
)

// operatorsAt returns the nth URL, from 1, at which a server listens for its operators.
func (r *running) operatorsAt(t *testing.T, n int) string {
	t.Helper()
	return "http://" + r.log.await(t, n, "listening for operators")["addr"].(string)
}

func TestMetricsAndProfilesAreServedOnAddressesOfTheirOwn(t *testing.T) {
	r := run(t, Config{Metrics: "127.0.0.1:0", Pprof: "localhost:0"})
	metrics, pprof := r.operatorsAt(t, 1), r.operatorsAt(t, 2)
	tests := []struct {
		name, url string
		status    int
		holds     string
	}{
		{"metrics", metrics + "/metrics", 200, "everwire_connections{"},
		{"profiles", pprof + "/debug/pprof/", 200, "goroutine"},
		{"a profile", pprof + "/debug/pprof/goroutine?debug=1", 200, "goroutine profile: total"},
		{"what there is, with metrics", metrics + "/", 200, "\n/metrics\n"},
		{"what there is, with profiles", pprof + "/", 200, "\n/debug/pprof/\n"},
		{"no profiles with metrics", metrics + "/debug/pprof/", 404, ""},
		{"no metrics with profiles", pprof + "/metrics", 404, ""},
		{"no metrics for clients", r.base + "/metrics", 404, ""},
		{"no profiles for clients", r.base + "/debug/pprof/", 404, ""},
		{"no demos for operators", metrics + "/echo", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := get(t, tt.url); status != tt.status || !strings.Contains(body, tt.holds) {
				t.Errorf("status %d, want %d, %q in\n%.200s", status, tt.status, tt.holds, body)
			}
		})
	}
	t.Run("symbols by POST", func(t *testing.T) {
		answer, err := http.Post(pprof+"/debug/pprof/symbol", "", strings.NewReader("0x1"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || !strings.HasPrefix(string(body), "num_symbols: 1") {
			t.Errorf("%s: %q", answer.Status, body)
		}
	})
}

func TestMetricsAndProfilesMayShareAnAddress(t *testing.T) {
	r := run(t, Config{Metrics: "127.0.0.1:0", Pprof: "127.0.0.1:0"})
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if status, _ := get(t, r.operatorsAt(t, 1)+path); status != 200 {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Who scrapes while the server starts, finds all endpoints: here when the first of two addresses is served, and the other
// is not yet.
func TestFirstScrapeFindsAllEndpoints(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var first, found string
	log := slog.New(slog.NewJSONHandler(writerFunc(func(line []byte) (int, error) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return 0, err
		}
		switch {
		case r["msg"] != "listening for operators":
		case first == "":
			first = r["addr"].(string)
		default:
			_, found = get(t, "http://"+first+"/metrics")
			stop()
		}
		return len(line), nil
	}), nil))
	if err := Run(ctx, Config{Addr: "127.0.0.1:0", Metrics: "127.0.0.1:0", Pprof: "localhost:0"}, io.Discard, log); err != nil {
		t.Fatal(err)
	}
	for _, d := range demo.All {
		if !strings.Contains(found, `everwire_connections{endpoint="`+d.Name+`"} 0`) {
			t.Errorf("the scrape does not have the endpoint %s", d.Name)
		}
	}
}

func TestProfilesForEverybodyAreWarnedOf(t *testing.T) {
	const warning = "whoever reaches this address can take profiles"
	for _, tt := range []struct {
		cfg  Config
		warn bool
	}{
		{Config{Pprof: "127.0.0.1:0"}, false},
		{Config{Pprof: "localhost:0"}, false},
		{Config{Metrics: ":0"}, false},
		{Config{Pprof: ":0"}, true},
		{Config{Metrics: "0.0.0.0:0", Pprof: "0.0.0.0:0"}, true},
	} {
		r := run(t, tt.cfg)
		if warned := strings.Contains(r.log.String(), warning); warned != tt.warn {
			t.Errorf("%+v: warned %t, want %t", tt.cfg, warned, tt.warn)
		}
		r.end(t)
	}
}

func TestNothingIsServedToOperatorsUnlessAskedFor(t *testing.T) {
	r := run(t, Config{})
	r.end(t)
	if strings.Contains(r.log.String(), "operators") {
		t.Errorf("it listened for operators:\n%s", r.log)
	}
}

func TestOperatorsAddressInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	addr := other.Addr().String()
	for flag, cfg := range map[string]Config{
		"--metrics": {Metrics: addr},
		"--pprof":   {Metrics: "127.0.0.1:0", Pprof: addr},
	} {
		cfg.Addr = "127.0.0.1:0"
		err := Run(t.Context(), cfg, io.Discard, newLogbook().logger())
		want := "cannot listen on " + addr + ": another program uses this port; stop that one, or choose another port " +
			"with " + flag + " (" + flag + " 127.0.0.1:0 takes any that is free)"
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
