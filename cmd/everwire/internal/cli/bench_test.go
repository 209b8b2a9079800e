package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/bench"
	"github.com/everwire/everwire/cmd/everwire/load"
	"github.com/everwire/everwire/websocket"
)

// benchConfig reads a command line of everwire bench. It ends with the URL.
func benchConfig(t *testing.T, stdin string, args ...string) (bench.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	v := newBenchFlags(flags)
	if err := flags.Parse(args); err != nil {
		return bench.Config{}, err
	}
	return v.config(flags, strings.NewReader(stdin), flags.Arg(0))
}

func TestBenchFlagsMakeAPlan(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "message")
	if err := os.WriteFile(file, []byte("from a file \xff"), 0o644); err != nil {
		t.Fatal(err)
	}
	template := filepath.Join(dir, "template")
	if err := os.WriteFile(template, []byte("n={{.Sequence}}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		args []string
		want func(c *bench.Config) bool
	}{
		{"nothing", nil, func(c *bench.Config) bool {
			p := &c.Plan
			return p.URL == "ws://localhost:8080/echo" && p.Scenario == load.Echo && p.Connections == 10 && p.InFlight == 1 && p.Size == 64 &&
				p.Duration == 10*time.Second && p.Timeout == 10*time.Second && !p.Text && !p.Deflate && p.Expect == load.ExpectExact &&
				c.Source == "random" && p.Sources == nil && p.Reopen == 0
		}},
		{"numbers", []string{"-c", "10k", "--rate", "50k", "-d", "1m", "-s", "4KiB", "--connect-rate", "1k"}, func(c *bench.Config) bool {
			p := &c.Plan
			return p.Connections == 10_000 && p.Rate == 50_000 && p.Duration == time.Minute && p.Size == 4096 && p.ConnectRate == 1000
		}},
		{"a closed loop's window", []string{"--in-flight", "16"}, func(c *bench.Config) bool { return c.Plan.InFlight == 16 }},
		{"an open loop has none", []string{"--rate", "5"}, func(c *bench.Config) bool { return c.Plan.InFlight == openLoopWindow }},
		{"an open loop's, if asked for", []string{"--rate", "5", "--in-flight", "3"}, func(c *bench.Config) bool { return c.Plan.InFlight == 3 }},
		{"broadcast with a rate", []string{"--broadcast", "--rate", "5"}, func(c *bench.Config) bool {
			return c.Plan.Scenario == load.Broadcast && c.Plan.InFlight == openBroadcastWindow
		}},
		{"idle", []string{"--idle"}, func(c *bench.Config) bool { return c.Plan.Scenario == load.Idle }},
		{"handshake", []string{"--handshake"}, func(c *bench.Config) bool { return c.Plan.Scenario == load.Handshake }},
		{"soak", []string{"--soak", "8h"}, func(c *bench.Config) bool {
			return c.Soak && c.Plan.Duration == 8*time.Hour && c.Plan.Reopen == time.Second
		}},
		{"soak with a pause", []string{"--soak", "8h", "--reopen", "5s"}, func(c *bench.Config) bool { return c.Plan.Reopen == 5*time.Second }},
		{"stages", []string{"--stages", "30s:1000,1m:0"}, func(c *bench.Config) bool {
			return c.Plan.Connections == 0 && c.Plan.Duration == 0 && len(c.Plan.Stages) == 2
		}},
		{"stages from some", []string{"--stages", "30s:1000", "-c", "5", "--warmup", "1s"}, func(c *bench.Config) bool { return c.Plan.Connections == 5 }},
		{"data", []string{"--data", "hello"}, func(c *bench.Config) bool {
			return c.Plan.Text && string(c.Plan.Payload) == "hello" && c.Source == "text"
		}},
		{"data, binary", []string{"--data", "hello", "--binary"}, func(c *bench.Config) bool { return !c.Plan.Text }},
		{"file", []string{"--data-file", file}, func(c *bench.Config) bool {
			return !c.Plan.Text && string(c.Plan.Payload) == "from a file \xff" && c.Source == "file"
		}},
		{"standard input", []string{"--data-file", "-", "--text"}, func(c *bench.Config) bool {
			return c.Plan.Text && string(c.Plan.Payload) == "from stdin"
		}},
		{"empty messages", []string{"--size", "0"}, func(c *bench.Config) bool { return c.Plan.Payload != nil && len(c.Plan.Payload) == 0 }},
		{"an empty file", []string{"--data-file", os.DevNull}, func(c *bench.Config) bool { return c.Plan.Payload != nil && len(c.Plan.Payload) == 0 }},
		{"template", []string{"--template", "{{.Sequence}}"}, func(c *bench.Config) bool {
			return c.Plan.Text && c.Plan.Template == "{{.Sequence}}" && c.Source == "template"
		}},
		{"template in a file", []string{"--template", template, "--binary"}, func(c *bench.Config) bool {
			return !c.Plan.Text && c.Plan.Template == "n={{.Sequence}}"
		}},
		{"compressed", []string{"--compress"}, func(c *bench.Config) bool { return c.Plan.Deflate && !c.Plan.Takeover }},
		{"compressed with context", []string{"--compress=takeover"}, func(c *bench.Config) bool { return c.Plan.Deflate && c.Plan.Takeover }},
		{"any answer", []string{"--expect", "any"}, func(c *bench.Config) bool { return c.Plan.Expect == load.ExpectAny }},
		{"the handshake's fields", []string{"-H", "X-A: b", "--origin", "https://example.com", "--subprotocol", "chat", "--bearer", "abc"},
			func(c *bench.Config) bool {
				p := &c.Plan
				return p.Header.Get("X-A") == "b" && p.Header.Get("Authorization") == "Bearer abc" && p.Origin == "https://example.com" &&
					p.Header.Get("Origin") == "" && reflect.DeepEqual(p.Subprotocols, []string{"chat"}) && c.Dial.Header.Get("Origin") != ""
			}},
		{"TLS", []string{"--insecure", "--servername", "example.com"}, func(c *bench.Config) bool {
			return c.Plan.TLS.InsecureSkipVerify && c.Plan.TLS.ServerName == "example.com"
		}},
		{"sources", []string{"--sources", "3"}, func(c *bench.Config) bool { return len(c.Plan.Sources) == 3 && c.Plan.Sources[0].IsLoopback() }},
		{"as many sources as it takes", []string{"--sources", "auto", "-c", "100k"}, func(c *bench.Config) bool {
			return len(c.Plan.Sources) == len(load.Loopback(100_000))
		}},
		{"these sources", []string{"--sources", "10.0.0.1, 10.0.0.2"}, func(c *bench.Config) bool {
			return len(c.Plan.Sources) == 2 && c.Plan.Sources[1].String() == "10.0.0.2"
		}},
		{"thresholds", []string{"--fail", "p99>50ms", "--fail", "errors>0"}, func(c *bench.Config) bool { return len(c.Thresholds) == 2 }},
		{"reports", []string{"--json", "-", "--csv", "a", "--html", "b", "-q"}, func(c *bench.Config) bool {
			return c.Outputs == bench.Outputs{JSON: "-", CSV: "a", HTML: "b"} && c.Quiet
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := benchConfig(t, "from stdin", append(row.args, "localhost:8080/echo")...)
			if err != nil || !row.want(&c) {
				t.Errorf("%q make %+v, %v", row.args, c, err)
			}
		})
	}
}

func TestBenchContradictions(t *testing.T) {
	for _, row := range []struct{ args, says string }{
		{"--text --binary", "--text and --binary contradict each other; give one of them"},
		{"--size 5 --data x", "--size and --data contradict"},
		{"--data x --template {{.Time}}", "--data and --template contradict"},
		{"--broadcast --idle", "--broadcast and --idle contradict"},
		{"--idle --handshake", "--idle and --handshake contradict"},
		{"--rate 5 --rate-per-connection 5", "--rate and --rate-per-connection contradict"},
		{"--duration 5s --soak 5s", "--duration and --soak contradict"},
		{"--duration 5s --stages 5s:5", "--duration and --stages contradict"},
		{"--broadcast --rate-per-connection 5", "--broadcast has no use for --rate-per-connection: only one connection sends"},
		{"--broadcast --stages 5s:5", "--broadcast has no use for --stages"},
		{"--broadcast --expect any", "--broadcast has no use for --expect"},
		{"--broadcast --template {{.Time}}", "--broadcast has no use for --template"},
		{"--idle --rate 5", "--idle has no use for --rate: it just holds the connections"},
		{"--idle --in-flight 5", "--idle has no use for --in-flight"},
		{"--handshake --connect-rate 5", "--handshake has no use for --connect-rate: --rate says"},
		{"--handshake --size 5", "--handshake has no use for --size: it sends no messages"},
		{"--handshake --stages 5s:5", "--handshake has no use for --stages"},
		{"--stages 5s:5 --warmup 1s", "--connections to begin with"},
		{"--duration 0", "must take some time"},
		{"--soak 0", "must take some time"},
		{"--timeout 0", "--timeout must be more than 0"},
		{"--data-file /no/such/file", "--data-file: open /no/such/file"},
		{"--template /no/such/file", "a template that is not in a file has {{ in it"},
		{"--data-file - --text", "not UTF-8"},
		{"-c 0", "must be from 1 to 16,777,216"},
		{"--in-flight 100k", "must be from 1 to 65,536"},
		{"--rate fast", "must be a number in a second"},
		{"--size 5KB", "must be a number of octets"},
		{"--stages 5:5", `"5" is no duration`},
		{"--expect all", "must be exact, any or none"},
		{"--compress=some", "must be off, no-takeover or takeover"},
		{"--fail p99>5", "a time needs a unit, such as in p99>50ms"},
		{"--sources some", "must be auto, a number of loopback addresses, or addresses"},
		{"--sources 0", "must be from 1 to"},
		{"--key k", "--key is for a certificate"},
		{"-H x", "must be written as 'Name: value'"},
		{"-H Upgrade:x", "belongs to the handshake itself"},
		{"--user x", "--user must be name:password"},
	} {
		t.Run(row.args, func(t *testing.T) {
			_, err := benchConfig(t, "\xff", append(strings.Fields(row.args), "ws://localhost:8080/echo")...)
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, row.says)
			}
		})
	}
	for _, row := range []struct{ name, url, args, says string }{
		{"no WebSocket URL", "ftp://x/", "", `a URL of scheme "ftp" is no WebSocket's`},
		{"a Unix domain socket", "ws+unix:///tmp/x", "", "a Unix domain socket cannot be loaded"},
		{"loopback to elsewhere", "ws://example.com/", "--sources 3", "from which example.com cannot be reached"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := benchConfig(t, "", append(strings.Fields(row.args), row.url)...); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want %q", err, row.says)
			}
		})
	}
}

func TestBenchExitStatus(t *testing.T) {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	ts := httptest.NewServer(srv)
	defer ts.Close()
	echo := "ws" + strings.TrimPrefix(ts.URL, "http")
	for _, row := range []struct {
		name, args string
		status     int
		stdout     string // a part of it; empty: there is none
		stderr     string // what it is; empty: there is none
	}{
		{"good", echo + " -c 2 -d 100ms -q", 0, "✓ errors > 0", ""},
		{"a threshold is crossed", echo + " -c 2 -d 100ms -q --fail connections>0", 1, "✗ connections > 0", "everwire: it fails: connections > 0 ("},
		{"a page", echo + "/%zz", 2, "", "everwire: the URL is malformed"},
		{"nobody there", "ws://127.0.0.1:1/ -q", 2, "", "everwire: 127.0.0.1:1 refused the connection"},
		{"no URL", "", 2, "", "everwire: accepts 1 arg(s), received 0\nRun \"everwire bench --help\" for usage.\n"},
		{"a bad threshold", echo + " --fail p99", 2, "", `everwire: invalid argument "p99" for "--fail" flag: at its end: a comparison is missing`},
		{"nowhere to write", echo + " --json /no/such/folder/x -d 100ms", 2, "", "everwire: --json: cannot write into the folder of /no/such/folder/x"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr buffer
			if status := Main(t.Context(), append([]string{"bench"}, strings.Fields(row.args)...), &stdout, &stderr); status != row.status {
				t.Errorf("exit status %d, want %d", status, row.status)
			}
			if got := stdout.String(); !strings.Contains(got, row.stdout) || row.stdout == "" && got != "" {
				t.Errorf("output %q, want %q in it", got, row.stdout)
			}
			if got := stderr.String(); !strings.HasPrefix(got, row.stderr) || row.stderr == "" && got != "" {
				t.Errorf("error output %q, want it to begin with %q", got, row.stderr)
			}
		})
	}
}

func TestBenchWritesJSONToStandardOutput(t *testing.T) {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	ts := httptest.NewServer(srv)
	defer ts.Close()
	var stdout bytes.Buffer
	var stderr buffer
	args := []string{"bench", strings.TrimPrefix(ts.URL, "http://"), "-c", "2", "-d", "100ms", "-q", "--json", "-"}
	if status := Main(t.Context(), args, &stdout, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	var doc struct {
		Version int  `json:"version"`
		Passed  bool `json:"passed"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil || doc.Version != bench.JSONVersion || !doc.Passed {
		t.Errorf("%v: %s", err, stdout.String())
	}
}
