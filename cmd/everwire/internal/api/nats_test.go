package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	natsgo "github.com/nats-io/nats.go"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/nats"
	"github.com/everwire/everwire/hub/nats/embedded"
	"github.com/everwire/everwire/websocket"
)

// natsServer starts a real one, and returns what connects to it.
func natsServer(t *testing.T) (connect func() *natsgo.Conn) {
	t.Helper()
	srv, err := embedded.Start(t.Context(), embedded.Options{Store: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		srv.Shutdown(ctx)
	})
	if err := srv.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return func() *natsgo.Conn {
		closed := make(chan struct{})
		nc, err := srv.Connect(natsgo.ClosedHandler(func(*natsgo.Conn) { close(closed) }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			nc.Close()
			<-closed
		})
		return nc
	}
}

// Over NATS it is as over memory: one id is taken once, whichever node is asked, and all nodes disconnect.
func TestTwoNodesOverNATS(t *testing.T) {
	connect := natsServer(t)
	var nodes []*node
	for _, name := range []string{"n1", "n2"} {
		broker, err := nats.New(connect(), &nats.Options{Node: name, Timeout: patience, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, newNode(t, broker, name))
	}
	member := nodes[1].join("c1", "ada", "kept.a")
	var first, again published
	nodes[0].ask(http.MethodPost, "publish", `{"room":"kept.a","data":1}`, "Idempotency-Key", `"one"`).into(http.StatusOK, &first)
	nodes[1].ask(http.MethodPost, "publish", `{"room":"kept.a","data":1,"id":"one"}`).into(http.StatusOK, &again)
	nodes[0].ask(http.MethodPost, "publish", `{"room":"kept.a","text":"next","publisher":"Zoë"}`)
	if first.Position == nil || again.Position == nil || *first.Position != *again.Position {
		t.Errorf("%+v, and again %+v", first, again)
	}
	expect(t, member, "1")
	expect(t, member, "next")
	var list messageList
	nodes[0].ask(http.MethodGet, "rooms/kept.a/history?after="+first.Position.String(), "").into(http.StatusOK, &list)
	if len(list.Messages) != 1 || list.Messages[0].Publisher != "Zoë" || *list.Messages[0].Text != "next" {
		t.Errorf("%+v", list)
	}
	var present memberList
	if nodes[0].ask(http.MethodGet, "rooms/kept.a/presence", "").into(http.StatusOK, &present); len(present.Members) != 1 || present.Members[0].Node != "n2" {
		t.Errorf("%+v", present)
	}
	var d disconnected
	nodes[0].ask(http.MethodPost, "disconnect", `{"user":"ada","reason":"over NATS"}`).into(http.StatusOK, &d)
	closedWith(t, member, 4403, "over NATS")
}

// What a NATS connection has is what [events.SubjectOptions] ask for.
func TestEventsOverNATS(t *testing.T) {
	connect := natsServer(t)
	backend, nc := connect(), connect()
	told := make(chan *natsgo.Msg, 10)
	for subject, answer := range map[string]natsgo.MsgHandler{
		"shop.connect": func(m *natsgo.Msg) {
			var e struct {
				Data struct{ Connection struct{ Name string } }
			}
			if err := json.Unmarshal(m.Data, &e); err != nil || e.Data.Connection.Name == "Mallory" {
				m.Respond([]byte(`{"status":403,"text":"you may not connect"}`))
				return
			}
			m.Respond([]byte(`{"user":"ada"}`))
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
	s, err := events.NewSubject(events.SubjectOptions{Prefix: "shop", Publish: nc.Publish, Timeout: patience,
		Request: func(ctx context.Context, subject string, data []byte) ([]byte, error) {
			m, err := nc.RequestWithContext(ctx, subject, data)
			if err != nil {
				return nil, err
			}
			return m.Data, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	ada := &events.Connection{ID: "c1", Name: "Ada"}
	if welcome, err := s.Connect(t.Context(), ada); err != nil || welcome.User != "ada" {
		t.Errorf("%+v, %v", welcome, err)
	}
	var refused *events.Refusal
	if _, err := s.Connect(t.Context(), &events.Connection{ID: "c2", Name: "Mallory"}); !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("Mallory: %v", err)
	}
	s.Message(ada, &hub.Message{Room: "blue", Data: []byte("1")})
	if m := <-told; m.Subject != "shop.message" || !json.Valid(m.Data) {
		t.Errorf("told of %s: %s", m.Subject, m.Data)
	}
	s.Disconnect(ada, websocket.CloseEvent{Code: 1006})
	if m := <-told; m.Subject != "shop.disconnect" {
		t.Errorf("told of %s", m.Subject)
	}
}
