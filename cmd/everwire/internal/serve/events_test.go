package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/hub/nats/embedded"
	"github.com/everwire/everwire/websocket"
)

// natsServer starts a NATS for clients, and returns its URL.
func natsServer(t *testing.T) string {
	t.Helper()
	srv, err := embedded.Start(t.Context(), embedded.Options{Store: t.TempDir(), Clients: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		srv.Shutdown(ctx)
	})
	if err := srv.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return "nats://" + srv.ClientAddr()
}

// Over NATS a backend says who may connect, and hears of it; while none listens nobody comes in.
func TestChatAsksAndTellsABackendOverNATS(t *testing.T) {
	url := natsServer(t)
	closed := make(chan struct{})
	backend, err := natsgo.Connect(url, natsgo.Timeout(time.Minute), natsgo.ClosedHandler(func(*natsgo.Conn) { close(closed) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		backend.Close()
		<-closed
	})
	told := make(chan *natsgo.Msg, 10)
	for subject, answer := range map[string]natsgo.MsgHandler{
		"shop.connect": func(m *natsgo.Msg) {
			if strings.Contains(string(m.Data), `"agent":"Mallory"`) {
				m.Respond([]byte(`{"status":403,"text":"not you"}`))
				return
			}
			m.Respond([]byte(`{"user":"ada","name":"Ada"}`))
		},
		"shop.message":    func(m *natsgo.Msg) { told <- m },
		"shop.disconnect": func(m *natsgo.Msg) { told <- m },
	} {
		if _, err := backend.Subscribe(subject, answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Flush(); err != nil {
		t.Fatal(err)
	}
	r := run(t, Config{
		Cluster: cluster.Config{NATS: url, Replicas: 1}, EventsSubject: "shop", Metrics: "127.0.0.1:0", ShutdownTimeout: time.Minute,
	})
	hear := func(subject, holds string) {
		t.Helper()
		select {
		case m := <-told:
			if m.Subject != subject || !strings.Contains(string(m.Data), holds) || !strings.Contains(string(m.Data), `"user":"ada"`) {
				t.Errorf("told on %s: %s", m.Subject, m.Data)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing is said on %s", subject)
		}
	}
	c := dialChat(t, r, nil)
	converse(t, c, `{"type":"join","room":"blue"}`, "joined")
	converse(t, c, `{"type":"publish","room":"blue","id":"1","data":"hello"}`, "published")
	hear("shop.message", `"data":"hello"`)
	c.Close(websocket.CloseNormal, "")
	hear("shop.disconnect", `"code":1000`)
	if refused := chatRefused(t, r, "Mallory"); refused != http.StatusForbidden {
		t.Errorf("Mallory: status %d, want 403", refused)
	}
	if _, metrics := get(t, r.operatorsAt(t, 1)+"/metrics"); !strings.Contains(metrics, "\neverwire_webhook_refused_total{by=\"backend\"} 1\n") {
		t.Error("the metrics do not count who was refused")
	}

	// What happens last is told before the line goes.
	late := dialChat(t, r, nil)
	converse(t, late, `{"type":"join","room":"blue"}`, "joined")
	read := make(chan error, 1)
	go func() {
		_, _, err := late.Read(context.Background())
		read <- err
	}()
	r.end(t)
	hear("shop.disconnect", `"code":1001`)
	<-read
}

// A node that brings its NATS along has a place for backends, with the cluster's secret.
func TestABackendAtANodeOfTheCluster(t *testing.T) {
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte("only we know\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runNode(t, Config{
		Cluster:       cluster.Config{Clients: "127.0.0.1:0", SecretFile: secretFile},
		EventsSubject: "shop", ShutdownTimeout: time.Minute,
	})
	at := regexp.MustCompile(`NATS clients at (127\.0\.0\.1:\d+)`).FindStringSubmatch(r.screen)
	if at == nil {
		t.Fatalf("it does not say where NATS clients connect: %s", r.screen)
	}
	if _, err := natsgo.Connect("nats://"+at[1], natsgo.Timeout(time.Minute)); !errors.Is(err, natsgo.ErrAuthorization) {
		t.Errorf("without the secret: %v", err)
	}
	closed := make(chan struct{})
	backend, err := natsgo.Connect("nats://"+at[1], natsgo.UserInfo("everwire", "only we know"),
		natsgo.Timeout(time.Minute), natsgo.ClosedHandler(func(*natsgo.Conn) { close(closed) }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		backend.Close()
		<-closed
	}()
	if _, err := backend.Subscribe("shop.connect", func(m *natsgo.Msg) { m.Respond([]byte(`{"status":403,"text":"not you"}`)) }); err != nil {
		t.Fatal(err)
	}
	if err := backend.Flush(); err != nil {
		t.Fatal(err)
	}
	if refused := chatRefused(t, r, "Mallory"); refused != http.StatusForbidden {
		t.Errorf("status %d, want 403", refused)
	}
}

func TestNobodyComesInWhileNoBackendListens(t *testing.T) {
	r := run(t, Config{Cluster: cluster.Config{NATS: natsServer(t), Replicas: 1}, EventsSubject: "shop", ShutdownTimeout: time.Minute})
	if refused := chatRefused(t, r, "Ada"); refused != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", refused)
	}
}

// chatRefused returns the status with which the chat refuses a client of a name.
func chatRefused(t *testing.T, r *running, agent string) int {
	t.Helper()
	c, err := websocket.Dial(t.Context(), r.ws+"/chat", &websocket.DialOptions{
		Subprotocols: []string{"everwire.chat.v1"}, Header: http.Header{"User-Agent": {agent}},
	})
	if err == nil {
		c.Terminate()
		return http.StatusSwitchingProtocols
	}
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Status
}
