package deploy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// A query is an expression for Prometheus, and where it stands.
type query struct{ where, expr string }

// dashboard returns the queries of the dashboard for Grafana, and its panels.
func dashboard(t *testing.T) (queries []query, panels []panel) {
	t.Helper()
	text, err := os.ReadFile("grafana/everwire.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels     []panel
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries = append(queries, query{p.Title, target.Expr})
		}
	}
	for _, v := range board.Templating.List {
		if inner, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			metric, _, _ := strings.Cut(inner, ", ")
			queries = append(queries, query{"$" + v.Name, metric})
		}
	}
	for _, a := range board.Annotations.List {
		queries = append(queries, query{a.Name, a.Expr})
	}
	return queries, board.Panels
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Targets                  []struct{ Expr string }
	GridPos                  struct{ X, Y, W, H int }
}

// alerts returns the expressions of the alerts.
func alerts(t *testing.T) (queries []query) {
	t.Helper()
	text, err := os.ReadFile("prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range strings.Split(string(text), "- alert: ")[1:] {
		name, rest, _ := strings.Cut(rule, "\n")
		_, rest, _ = strings.Cut(rest, "expr:")
		expr, _, _ := strings.Cut(rest, "labels:")
		queries = append(queries, query{name, expr})
	}
	return queries
}

// metrics are the names of metrics in an expression: nothing else in it begins so, outside of the braces.
func (q query) metrics() []string {
	return metricName.FindAllString(inBraces.ReplaceAllString(q.expr, ""), -1)
}

var (
	metricName = regexp.MustCompile(`\b(?:everwire|go|process)_[a-z_]+`)
	inBraces   = regexp.MustCompile(`\{[^{}]*\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	listening  = regexp.MustCompile(`msg=listening addr=(\S+)`)
	operators  = regexp.MustCompile(`msg="listening for operators" addr=(\S+)`)
)

// scraped is what a server shows to Prometheus while there is traffic: names, the labels of each, and their values.
type scraped map[string]map[string]map[string]bool

func scrape(t *testing.T) scraped {
	t.Helper()
	server, err := run(t, nil, "msg=listening addr=", everwire(t), "serve", "--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := server.said.String()
	var c [3]*websocket.Conn
	for i := range c {
		if c[i], err = websocket.Dial(context.Background(), "ws://"+listening.FindStringSubmatch(said)[1]+"/echo", nil); err != nil {
			t.Fatal(err)
		}
		defer c[i].Terminate()
		wantEcho(t, c[i], websocket.Text, "hello")
	}
	c[1].Close(websocket.CloseNormal, "")
	c[2].Terminate()
	if err := server.waitAgain("msg=closed", 2); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + operators.FindStringSubmatch(said)[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	found := scraped{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, labels, _ := strings.Cut(line, "{")
		name, _, _ = strings.Cut(name, " ")
		if found[name] == nil {
			found[name] = map[string]map[string]bool{"job": {}, "instance": {}} // which Prometheus adds
		}
		for _, l := range matcher.FindAllStringSubmatch(labels, -1) {
			if found[name][l[1]] == nil {
				found[name][l[1]] = map[string]bool{}
			}
			found[name][l[1]][l[2]] = true
		}
	}
	return found
}

// What the dashboard and the alerts ask for is there, with the labels that they ask for, and the values of these.
func TestQueriesAskForWhatThereIs(t *testing.T) {
	queries, _ := dashboard(t)
	queries = append(queries, alerts(t)...)
	there := scrape(t)
	selector := regexp.MustCompile(`([a-z_]+)\{([^{}]*)\}`)
	for _, q := range queries {
		names := q.metrics()
		if len(names) == 0 && !strings.HasPrefix(strings.TrimSpace(q.expr), "up ") {
			t.Errorf("%s: no metric in %s", q.where, q.expr)
		}
		for _, name := range names {
			if there[name] == nil {
				t.Errorf("%s: there is no %s", q.where, name)
			}
		}
		for _, s := range selector.FindAllStringSubmatch(q.expr, -1) {
			for _, l := range matcher.FindAllStringSubmatch(s[2], -1) {
				values := there[s[1]][l[1]]
				if there[s[1]] != nil && values == nil {
					t.Errorf("%s: %s has no label %s", q.where, s[1], l[1])
				}
				for value := range strings.SplitSeq(l[2], "|") {
					if values != nil && !values[value] && !strings.HasPrefix(value, "$") {
						t.Errorf("%s: %s is never %s=%q", q.where, s[1], l[1], value)
					}
				}
			}
		}
	}
}

// Each metric of everwire's own is on the dashboard.
func TestDashboardShowsEverything(t *testing.T) {
	queries, _ := dashboard(t)
	shown := map[string]bool{}
	for _, q := range queries {
		for _, name := range q.metrics() {
			shown[family(name)] = true
		}
	}
	for name := range scrape(t) {
		if strings.HasPrefix(name, "everwire_") && !shown[family(name)] {
			t.Errorf("%s is not shown", name)
		}
	}
}

// family is the name of a histogram, of whose parts some need not be shown.
func family(name string) string {
	for _, part := range []string{"_bucket", "_count", "_sum"} {
		name = strings.TrimSuffix(name, part)
	}
	return name
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		missing(t, "promtool is not installed")
	}
	if said, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

func TestPrometheusTakesTheAlerts(t *testing.T) {
	promtool(t, "check", "rules", "prometheus/alerts.yaml")
}

// The alerts are quiet on a good day, and each is heard on a bad one.
func TestAlertsTellGoodDaysFromBad(t *testing.T) {
	promtool(t, "test", "rules", "prometheus/alerts_test.yaml")
	text, err := os.ReadFile("prometheus/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alerts(t) {
		if !strings.Contains(string(text), `{alertname="`+a.where+`"}`) {
			t.Errorf("no bad day has %s", a.where)
		}
	}
}

// Every query is in Prometheus' language, once Grafana has put its variables in.
func TestPrometheusTakesTheDashboardsQueries(t *testing.T) {
	queries, _ := dashboard(t)
	rules := "groups:\n- name: dashboard\n  rules:\n"
	variables := strings.NewReplacer("$__rate_interval", "1m", "$__range", "6h", "$job", "everwire", "$instance", ".*", "$endpoint", ".*")
	for i, q := range queries {
		rules += fmt.Sprintf("  - record: query:%d\n    expr: %q\n", i, variables.Replace(q.expr))
	}
	promtool(t, "check", "rules", writeFile(t, t.TempDir(), "rules.yaml", rules))
}

func TestDashboardIsInOrder(t *testing.T) {
	_, panels := dashboard(t)
	ids := map[int]bool{}
	for i, p := range panels {
		if p.ID == 0 || ids[p.ID] {
			t.Errorf("%s: its id is %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && (p.Title == "" || p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("panel %d %q lacks something", p.ID, p.Title)
		}
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s goes over the edge", p.Title)
		}
		for _, other := range panels[:i] {
			a, b := p.GridPos, other.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s lies over %s", p.Title, other.Title)
			}
		}
	}
}
