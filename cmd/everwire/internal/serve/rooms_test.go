package serve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// freeAddr is an address that was free just now, of a range from which the system gives no ports to who asks for any.
func freeAddr(t *testing.T) string {
	t.Helper()
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
}

// runNode is run for a node of a cluster, in which it is alone. If another program takes its port meanwhile, it tries another one.
func runNode(t *testing.T, cfg Config) *running {
	t.Helper()
	for {
		cfg.Cluster = cluster.Config{
			Embedded: true, Addr: freeAddr(t), Store: t.TempDir(), SecretFile: cfg.Cluster.SecretFile, Clients: cfg.Cluster.Clients,
		}
		r, err := begin(t, cfg)
		if err == nil {
			return r
		}
		if !strings.Contains(err.Error(), "in use") {
			t.Fatal(err)
		}
	}
}

// joinNode is runNode for a node that joins another one, and has no storage.
func joinNode(t *testing.T, first *running) *running {
	t.Helper()
	for {
		r, err := begin(t, Config{ShutdownTimeout: time.Minute, Cluster: cluster.Config{
			Embedded: true, Addr: freeAddr(t), Peers: []string{first.config.Cluster.Addr}, SecretFile: first.config.Cluster.SecretFile,
		}})
		if err == nil {
			return r
		}
		if !strings.Contains(err.Error(), "in use") {
			t.Fatal(err)
		}
	}
}

// converse asks a chat for something and returns the first answer of a type.
func converse(t *testing.T, c *websocket.Conn, ask, answer string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Write(ctx, websocket.Text, []byte(ask)); err != nil {
		t.Fatal(err)
	}
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", answer, err)
		}
		if strings.Contains(string(text), `"type":"`+answer+`"`) {
			return string(text)
		}
	}
}

func dialChat(t *testing.T, r *running, header http.Header) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(t.Context(), r.ws+"/chat", &websocket.DialOptions{
		Subprotocols: []string{"everwire.chat.v1"}, Header: header,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

// A node alone keeps what was said when it is started again.
func TestNodeAloneKeepsItsHistory(t *testing.T) {
	r := runNode(t, Config{ShutdownTimeout: time.Minute})
	r.log.await(t, 1, "joined the cluster")
	if status, body := get(t, r.base+"/readyz"); status != 200 {
		t.Errorf("/readyz: %d %q", status, body)
	}
	c := dialChat(t, r, nil)
	converse(t, c, `{"type":"join","room":"blue","name":"Ada"}`, "joined")
	converse(t, c, `{"type":"publish","room":"blue","id":"1","data":"still here"}`, "published")
	c.Terminate()
	cfg := r.config
	r.end(t)

	r = run(t, cfg)
	c = dialChat(t, r, nil)
	r.log.await(t, 1, "joined the cluster")
	if said := converse(t, c, `{"type":"join","room":"blue","name":"Ada","recent":10}`, "message"); !strings.Contains(said, `"data":"still here"`) {
		t.Errorf("it remembers %s", said)
	}
}

func TestTheChatIsOpenAndSaysSo(t *testing.T) {
	r := run(t, Config{})
	want := "\nRooms are of this process alone.\nThe chat is open to everybody who reaches it; --auth says who may come.\n"
	if !strings.Contains(r.screen, want) {
		t.Errorf("it says\n%s", r.screen)
	}
	if status, _ := get(t, r.base+"/api/rooms"); status != 404 {
		t.Errorf("without keys /api/ answers %d", status)
	}
}

// With --auth who has no token stays out, and with --api-keys-file backends come in.
func TestChatWithTokensAndKeys(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	cfg := Config{APIKeysFile: file("keys", "backend 0123456789abcdef0123456789abcdef\n")}
	cfg.Auth.Mode = "jwt"
	cfg.Auth.JWT.SecretFile = file("secret", strings.Repeat("s", 32))
	r := run(t, cfg)
	if strings.Contains(r.screen, "open to everybody") {
		t.Errorf("it says\n%s", r.screen)
	}
	if refused := refusedBy(t, r.ws+"/chat"); refused == nil || refused.Status != http.StatusUnauthorized {
		t.Errorf("without a token: %v, want 401", refused)
	}
	if refused := refusedBy(t, r.ws+"/echo"); refused != nil {
		t.Errorf("the echo is refused: %v", refused)
	}
	ask := func(what, key, body string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "POST", r.base+"/api/"+what, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+key)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	const key = "0123456789abcdef0123456789abcdef"
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "ada", "exp": time.Now().Add(time.Hour).Unix(), "join": []string{">"}, "publish": []string{">"},
	}).SignedString([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	early := dialChat(t, r, http.Header{"Authorization": {"Bearer " + token}})
	late := dialChat(t, r, nil)
	converse(t, late, `{"type":"auth","token":"`+token+`"}`, "authenticated")
	raw, err := websocket.Dial(t.Context(), r.ws+"/chat", &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Terminate()
	if err := raw.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := raw.Read(t.Context()); err != nil || string(text) != "hello" { // before it, the server may not know yet whose this is
		t.Fatalf("heard %q, %v", text, err)
	}
	converse(t, early, `{"type":"join","room":"blue"}`, "joined")
	if status := ask("publish", "fedcba9876543210fedcba9876543210", `{"room":"blue","data":"hello"}`); status != 401 {
		t.Errorf("with a wrong key: %d", status)
	}
	if status := ask("publish", key, `{"room":"blue","data":"hello"}`); status != 200 {
		t.Errorf("publish: %d", status)
	}
	if _, text, err := early.Read(t.Context()); err != nil || !strings.Contains(string(text), `"data":"hello"`) {
		t.Errorf("heard %s, %v", text, err)
	}
	if status := ask("disconnect", key, `{"user":"ada","code":4403}`); status != 200 {
		t.Errorf("disconnect: %d", status)
	}
	for _, c := range []*websocket.Conn{early, late, raw} {
		if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != 4403 {
			t.Errorf("a connection of hers ended with %v", err)
		}
	}
}

// A node without keys closes whom the API of another one disconnects.
func TestDisconnectReachesNodesWithoutKeys(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	keys, secret := filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "secret")
	for name, content := range map[string]string{keys: "backend " + key + "\n", secret: "0123456789abcdef"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked := runNode(t, Config{APIKeysFile: keys, ShutdownTimeout: time.Minute, Cluster: cluster.Config{SecretFile: secret}})
	asked.log.await(t, 1, "joined the cluster")
	other := joinNode(t, asked)
	other.log.await(t, 1, "joined the cluster")
	c := dialChat(t, other, nil)
	converse(t, c, `{"type":"join","room":"blue","name":"Ada"}`, "joined")

	disconnect := func(r *running) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "POST", r.base+"/api/disconnect", strings.NewReader(`{"room":"blue","code":4403}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+key)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if status := disconnect(other); status != http.StatusNotFound {
		t.Errorf("the node without keys answers %d", status)
	}
	if status := disconnect(asked); status != http.StatusOK {
		t.Fatalf("disconnect: %d", status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	for err == nil {
		_, _, err = c.Read(ctx)
	}
	if websocket.CloseCodeOf(err) != 4403 {
		t.Errorf("the connection ended with %v", err)
	}
}

// With webhooks a backend says who may come, and hears of it.
func TestChatAsksAndTellsABackend(t *testing.T) {
	told := make(chan string, 10)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/events":
			told <- string(body)
		case strings.Contains(string(body), `"open sesame"`):
			io.WriteString(w, `{"user":"ada","name":"Ada","join":[">"],"publish":[">"]}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer backend.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Webhook: backend.URL + "/events", WebhookSecretFile: secret, Metrics: "127.0.0.1:0", ShutdownTimeout: time.Minute}
	cfg.Auth.Mode, cfg.Auth.WebhookURL = "webhook", backend.URL+"/judge"
	r := run(t, cfg)
	c := dialChat(t, r, nil)
	converse(t, c, `{"type":"auth","token":"wrong"}`, "error")
	c = dialChat(t, r, nil)
	if said := converse(t, c, `{"type":"auth","token":"open sesame"}`, "authenticated"); !strings.Contains(said, `"user":"ada"`) {
		t.Errorf("it says %s", said)
	}
	if event := <-told; !strings.Contains(event, `"user":"ada"`) {
		t.Errorf("the backend is told %s", event)
	}
	if _, metrics := get(t, r.operatorsAt(t, 1)+"/metrics"); !strings.Contains(metrics, "\neverwire_webhook_waiting ") {
		t.Error("the metrics have nothing of the webhook")
	}
}

// A stuckBroker is out of reach when it is closed.
type stuckBroker struct{ hub.Broker }

func (b stuckBroker) Close(ctx context.Context) error {
	<-ctx.Done()
	return errors.Join(ctx.Err(), b.Broker.Close(context.Background()))
}

// A lastTeller notes how much time it has to tell what is left.
type lastTeller struct {
	teller
	left time.Duration
}

func (l *lastTeller) Close(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	l.left = time.Until(deadline)
	return nil
}

func TestABrokerOutOfReachLeavesTimeToTellABackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tells, log := &lastTeller{}, newLogbook()
		r := &rooms{hub: hub.New(&hub.Options{Broker: stuckBroker{hub.NewMemory(nil)}}), tells: tells, log: log.logger()}
		r.close()
		if tells.left != lastWords {
			t.Errorf("%v were left, want %v", tells.left, lastWords)
		}
		log.await(t, 1, "not everything could be told at the end")
	})
}
