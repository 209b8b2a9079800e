package bench

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// shortReport is the sample with few points, so that one can read what is written of it.
func shortReport() *Report {
	r := sampleReport()
	r.Series = []Sample{r.Series[0], r.Series[1], r.Series[10], r.Series[38]}
	return r
}

func jsonOf(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Programs of others read this. A member may come to it; one that changes needs another JSONVersion.
func TestJSONIsStable(t *testing.T) {
	r := shortReport()
	r.Latency = drawn(100, 1e6) // a curve of few points
	r.Settings.Reopen, r.Settings.ConnectRate, r.Settings.PerConnection = 1e9, 500, 2
	r.Settings.Stages = []load.Stage{{Duration: 30e9, Connections: 1000}}
	wantGolden(t, "report.json", jsonOf(t, r))
}

func TestJSONOfNothingHasNoHoles(t *testing.T) {
	r := &Report{}
	r.Judge([]Threshold{{Text: "p99>1s", Metric: "p99", Op: ">", Value: 1e9, kind: timed, percentile: 99}})
	text := jsonOf(t, r)
	var d map[string]any
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"errors", "thresholds", "series", "latency_curve"} {
		if _, ok := d[name].([]any); !ok {
			t.Errorf("%s is %v, want an array", name, d[name])
		}
	}
	if d["latency_ms"] != nil || d["handshake_ms"] != nil {
		t.Errorf("latencies of nothing: %v, %v", d["latency_ms"], d["handshake_ms"])
	}
	if check := d["thresholds"].([]any)[0].(map[string]any); check["actual"] != nil || check["passed"] != false {
		t.Errorf("the threshold is %v", check)
	}
	if d["passed"] != false {
		t.Error("it passed")
	}
}
