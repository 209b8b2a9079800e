package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

const examples = "../../../../examples/backend/"

var languages = []struct{ name, program, publish, webhook string }{
	{"python", "python3", examples + "python/publish.py", examples + "python/webhook.py"},
	{"node", "node", examples + "node/publish.mjs", examples + "node/webhook.mjs"},
}

// foreign returns a command of another language, which ends with the test.
func foreign(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program+" is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=*", "no_proxy=*")
	return cmd
}

func TestExamplesPublish(t *testing.T) {
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			nd := newCluster(t, 1).nodes[0]
			member := nd.join("a", "ada", "kept.a")
			run := func(key, room string) (string, error) {
				cmd := foreign(t, l.program, l.publish, room, `{"text": "hello é"}`)
				cmd.Env = append(cmd.Env, "EVERWIRE="+nd.url, "EVERWIRE_KEY="+key)
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			nd.broker.failFirst(1) // so that it has to come again
			said, err := run(testKey, "kept.a")
			var p published
			if err != nil || json.Unmarshal([]byte(said), &p) != nil || p.Position == nil || p.ID == "" {
				t.Errorf("it said %s, %v", said, err)
			}
			expect(t, member, `{"text":"hello é"}`)
			for _, tt := range []struct{ name, key, room, want string }{
				{"a wrong key", "nonsense", "kept.a", "that is not an API key of this server"},
				{"a room of the server's", testKey, "everwire.control", "are the server's own"},
			} {
				said, err := run(tt.key, tt.room)
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(said, tt.want) {
					t.Errorf("%s: %v: %s", tt.name, err, said)
				}
			}
		})
	}
}

func TestExamplesAreTold(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			cmd := foreign(t, l.program, l.webhook, "0")
			cmd.Env = append(cmd.Env, "WEBHOOK_SECRET="+secret)
			cmd.Stderr = t.Output()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cmd.Process.Kill()
				cmd.Wait()
			}()
			lines := bufio.NewScanner(out)
			line := func() string {
				if !lines.Scan() {
					t.Fatalf("it said no more: %v", lines.Err())
				}
				return lines.Text()
			}
			url := line()
			tell := func(secrets ...string) *events.Webhook {
				file := filepath.Join(t.TempDir(), "secret")
				if err := os.WriteFile(file, []byte(strings.Join(secrets, "\n")), 0o600); err != nil {
					t.Fatal(err)
				}
				s, err := events.ReadSecrets(file)
				if err != nil {
					t.Fatal(err)
				}
				w, err := events.NewWebhook(events.WebhookOptions{URL: url, Secrets: s, Timeout: patience})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { w.Close(context.Background()) })
				return w
			}
			other := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
			ada, mallory := &events.Connection{ID: "c1", Name: "Ada é"}, &events.Connection{ID: "c2", Name: "Mallory"}

			for name, secrets := range map[string][]string{"its secret": {secret}, "its secret behind another": {other, secret}} {
				if welcome, err := tell(secrets...).Connect(t.Context(), ada); err != nil || welcome.User != "user-of-Ada é" {
					t.Errorf("signed with %s: %+v, %v", name, welcome, err)
				}
			}
			if _, err := tell(other).Connect(t.Context(), ada); err == nil || !strings.Contains(err.Error(), "status 400") {
				t.Errorf("signed with another secret: %v", err)
			}
			w := tell(secret)
			var refused *events.Refusal
			if _, err := w.Connect(t.Context(), mallory); !errors.As(err, &refused) || refused.Text != "you may not connect" {
				t.Errorf("Mallory: %v", err)
			}
			w.Message(ada, &hub.Message{Room: "blue", Data: []byte(`{"text":"hi"}`)})
			w.Disconnect(ada, websocket.CloseEvent{Code: 1001, WasClean: true})
			if got := strings.ReplaceAll(line(), ": \"", ":\""); got != `Ada é in blue: {"text":"hi"}` {
				t.Errorf("it said %q", got)
			}
			if got := line(); got != "Ada é has gone: 1001" {
				t.Errorf("it said %q", got)
			}
			forge(t, url, secret)
		})
	}
}

// forge sends what is signed and still not good: what is old, and what was changed.
func forge(t *testing.T, url, secret string) {
	t.Helper()
	var captured http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		captured = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := events.NewWebhook(events.WebhookOptions{URL: server.URL, Secrets: events.Secrets{s}, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Connect(t.Context(), &events.Connection{ID: "c3"}); err != nil {
		t.Fatal(err)
	}
	w.Close(t.Context())
	for _, tt := range []struct {
		name   string
		change func(h http.Header, body string) string
		status int
	}{
		{"as it was", func(_ http.Header, body string) string { return body }, 200},
		{"another body", func(_ http.Header, body string) string { return strings.Replace(body, "c3", "c4", 1) }, 400},
		{"another time", func(h http.Header, body string) string {
			h.Set("webhook-timestamp", strconv.FormatInt(time.Now().Unix()+1, 10))
			return body
		}, 400},
		{"another id", func(h http.Header, body string) string { h.Set("webhook-id", "ev_x"); return body }, 400},
		{"no time", func(h http.Header, body string) string { h.Set("webhook-timestamp", "x"); return body }, 400},
		{"another version", func(h http.Header, body string) string {
			h.Set("webhook-signature", strings.Replace(h.Get("webhook-signature"), "v1,", "v2,", 1))
			return body
		}, 400},
		{"no signature", func(h http.Header, body string) string { h.Del("webhook-signature"); return body }, 400},
	} {
		h := captured.Clone()
		changed := tt.change(h, string(body))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(changed))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, response.StatusCode, tt.status)
		}
	}
}

// Other people's code takes the signatures for good, and those of another secret not.
func TestStandardWebhooksTakesTheSignatures(t *testing.T) {
	modules, err := filepath.Abs("../../../../interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "standardwebhooks")); err != nil {
		missing(t, "interop/node_modules has no standardwebhooks: run make tools")
	}
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		Headers map[string]string
		Body    string
	}
	got := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q := request{map[string]string{}, string(body)}
		for name := range r.Header {
			q.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		got <- q
	}))
	defer server.Close()
	w, err := events.NewWebhook(events.WebhookOptions{URL: server.URL, Secrets: events.Secrets{make([]byte, 32), key}, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close(context.Background())
	w.Message(&events.Connection{ID: "c1"}, &hub.Message{Room: "blue é", Data: []byte(`"<hi>"`)})
	input, err := json.Marshal(<-got)
	if err != nil {
		t.Fatal(err)
	}
	script := `const { Webhook } = require('standardwebhooks');
const { Headers, Body } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(new Webhook(process.argv[1]).verify(Body, Headers).data.message.room);`
	for s, want := range map[string]string{secret: "blue é\n", "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32))): ""} {
		cmd := foreign(t, "node", "-e", script, s)
		cmd.Env = append(cmd.Env, "NODE_PATH="+modules)
		cmd.Stdin = strings.NewReader(string(input))
		if out, err := cmd.Output(); string(out) != want || (err == nil) != (want != "") {
			t.Errorf("it says %q, %v; want %q", out, err, want)
		}
	}
}
