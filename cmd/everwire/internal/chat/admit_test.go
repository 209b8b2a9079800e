package chat

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// tokens is an Authenticator: each token is the grant of that name.
type tokens map[string]*auth.Grant

func (k tokens) Authenticate(_ context.Context, token string, _ auth.Visit) (*auth.Grant, error) {
	switch g, ok := k[token]; {
	case token == "down":
		return nil, auth.ErrUnavailable
	case !ok:
		return nil, auth.ErrUnauthorized
	case g.Expired(time.Now()):
		return nil, auth.ErrExpired
	default:
		return g, nil
	}
}

func people() tokens {
	all := []string{">"}
	return tokens{
		"ada":    {User: "u1", Name: "Ada", Join: all, Publish: all},
		"bob":    {User: "u2", Join: []string{"blue", "orders.*"}, Publish: []string{"blue"}},
		"sensor": {User: "s3", Publish: []string{"blue"}},
		"reader": {User: "r4", Join: []string{Raw}},
	}
}

func (n *node) withToken(token string) *client {
	o := n.options()
	o.Header = http.Header{"Authorization": {"Bearer " + token}}
	return n.connectWith(o)
}

func TestTokensOfTheHandshake(t *testing.T) {
	tests := []struct {
		name      string
		header    string
		protocols []string
		status    int // 0: connected
	}{
		{"Authorization", "Bearer ada", []string{Subprotocol}, 0},
		{"a subprotocol", "", []string{Subprotocol, "everwire.bearer.ada"}, 0},
		{"a bad one", "Bearer eve", []string{Subprotocol}, 401},
		{"a bad subprotocol", "", []string{Subprotocol, "everwire.bearer.eve"}, 401},
		{"none, and no subprotocol", "", nil, 401},
		{"none yet", "", []string{Subprotocol}, 0},
		{"the raw chat", "Bearer ada", nil, 0},
		{"not to be judged", "Bearer down", []string{Subprotocol}, 503},
	}
	n := single(t, Options{Auth: people()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := n.options()
			o.Subprotocols = tt.protocols
			if tt.header != "" {
				o.Header = http.Header{"Authorization": {tt.header}}
			}
			c, err := websocket.Dial(t.Context(), "ws://chat.test/chat", o)
			var refused *websocket.HandshakeError
			switch {
			case err == nil && tt.status == 0:
				if got := c.Subprotocol(); tt.protocols != nil && got != Subprotocol {
					t.Errorf("subprotocol %q", got)
				}
				c.Terminate()
			case !errors.As(err, &refused) || refused.Status != tt.status:
				t.Errorf("%v, want status %d", err, tt.status)
			}
		})
	}
}

func TestGrantsAreKept(t *testing.T) {
	n := single(t, Options{Auth: people()})
	bob, sensor := n.withToken("bob"), n.withToken("sensor")
	bob.join("orders.eu", "x")
	for _, tt := range []struct {
		name, request string
		c             *client
	}{
		{"joining another room", `{"type":"join","room":"red"}`, bob},
		{"joining deeper", `{"type":"join","room":"orders.eu.x"}`, bob},
		{"publishing where one may only join", `{"type":"publish","room":"orders.eu","data":1}`, bob},
		{"joining where one may only publish", `{"type":"join","room":"blue"}`, sensor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.say(tt.request)
			tt.c.wantError(forbidden, false)
		})
	}
	bob.join("blue", "x")
	sensor.publish("blue", "1", `21.5`) // without having joined
	bob.wantMessage("blue", "s3", `21.5`)
	bob.publish("blue", "2", `"hm"`)
	bob.wantMessage("blue", "u2", `"hm"`)
}

func TestRawNeedsTheGrant(t *testing.T) {
	n := single(t, Options{Auth: people()})
	o := n.options()
	o.Subprotocols = nil
	o.Header = http.Header{"Authorization": {"Bearer bob"}}
	n.connectWith(o).wantClose(closeRefused)
	o.Header = http.Header{"Authorization": {"Bearer reader"}}
	reader := n.connectWith(o)
	if _, err := n.hub.Publish(t.Context(), Raw, hub.Message{Data: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	hearRaw(t, reader.Conn, "hello")
	sayRaw(t, reader.Conn, "hi")
	reader.wantClose(closeRefused)
}

func TestLimitsAreKept(t *testing.T) {
	n := single(t, Options{Auth: people(), Limits: auth.Limits{ConnectionsPerUser: 1, MembersPerRoom: 1, PublishesPerSecond: 0.001}})
	ada := n.withToken("ada")
	ada.join("blue", "")
	ada.publish("blue", "1", `1`)
	ada.say(`{"type":"publish","room":"blue","id":"2","data":2}`)
	if r := ada.wantError(tooMany, true); r.AfterMS == 0 || r.ID != "2" {
		t.Errorf("%s, want a time to wait", r.asWritten)
	}
	second := n.withToken("ada")
	second.wantError(tooMany, true)
	second.wantClose(websocket.CloseTryAgainLater)
	bob := n.withToken("bob")
	bob.say(`{"type":"join","room":"blue"}`)
	bob.wantError(tooMany, true)
}

// told is Events that note what they are told, and let in whom they like.
type told struct {
	mu      sync.Mutex
	notes   []string
	gone    chan struct{}
	refuses string // a user
	cannot  string // be asked about this one
}

func (e *told) note(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notes = append(e.notes, text)
}

func (e *told) Connect(_ context.Context, c *events.Connection) (events.Welcome, error) {
	e.note("connect " + c.User + " with " + c.Subprotocol)
	if c.User == e.refuses {
		return events.Welcome{}, &events.Refusal{Status: 403, Text: "not you"}
	}
	if c.User == e.cannot {
		return events.Welcome{}, context.DeadlineExceeded
	}
	return events.Welcome{Name: "Dr. " + c.User}, nil
}

func (e *told) Message(c *events.Connection, m *hub.Message) {
	e.note("message of " + c.Name + " in " + m.Room + ": " + string(m.Data))
}

func (e *told) Disconnect(c *events.Connection, _ websocket.CloseEvent) {
	e.note("disconnect " + c.Name)
	e.gone <- struct{}{}
}

func TestEventsAreTold(t *testing.T) {
	for name, raw := range map[string]bool{"v1": false, "raw": true} {
		t.Run(name, func(t *testing.T) {
			e := &told{gone: make(chan struct{}, 1), refuses: "u2"}
			n := single(t, Options{Auth: people(), Events: e})
			o := n.options()
			o.Header = http.Header{"Authorization": {"Bearer ada"}}
			var want []string
			if raw {
				o.Subprotocols = nil
				c := n.connectWith(o)
				sayRaw(t, c.Conn, "hi")
				hearRaw(t, c.Conn, "hi")
				c.Close(websocket.CloseNormal, "")
				want = []string{"connect u1 with ", "message of Dr. u1 in everwire.raw: hi", "disconnect Dr. u1"}
			} else {
				c := n.connectWith(o)
				if r := c.join("blue", "x"); r.Member.Name != "Dr. u1" {
					t.Errorf("%s", r.asWritten)
				}
				c.publish("blue", "1", `"hi"`)
				c.Close(websocket.CloseNormal, "")
				want = []string{"connect u1 with " + Subprotocol, `message of Dr. u1 in blue: "hi"`, "disconnect Dr. u1"}
			}
			<-e.gone
			if got := strings.Join(e.notes, "\n"); got != strings.Join(want, "\n") {
				t.Errorf("told\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		})
	}
}

func TestEventsRefuse(t *testing.T) {
	for _, row := range []struct {
		name   string
		events *told
		status int
		code   code
		retry  bool
		close  websocket.CloseCode
	}{
		{"no", &told{refuses: "u2"}, 403, forbidden, false, closeRefused},
		{"nobody to ask", &told{cannot: "u2"}, 503, unavailable, true, websocket.CloseTryAgainLater},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				row.events.gone = make(chan struct{}, 2)
				t.Cleanup(func() { // when the server is closed, and all that ended was told
					want := "connect u2 with " + Subprotocol
					if notes := row.events.notes; len(notes) != 2 || notes[0] != want || notes[1] != want {
						t.Errorf("told %q, want twice %q", notes, want)
					}
				})
				n := single(t, Options{Auth: people(), Events: row.events})
				o := n.options()
				o.Header = http.Header{"Authorization": {"Bearer bob"}}
				_, err := websocket.Dial(t.Context(), "ws://chat.test/chat", o)
				var refused *websocket.HandshakeError
				if !errors.As(err, &refused) || refused.Status != row.status {
					t.Errorf("%v, want status %d", err, row.status)
				}
				c := n.connect() // and who says later who it is
				c.say(`{"type":"auth","token":"bob"}`)
				c.wantError(row.code, row.retry)
				c.wantClose(row.close)
			})
		})
	}
}

// Whoever is to be found by a user's name is, however the token came.
func TestArrivedIsToldWhoItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan string, 3)
		n := single(t, Options{Auth: people(), Arrived: func(s *websocket.Socket, c *events.Connection) {
			arrived <- c.User + " with " + s.Subprotocol()
		}})
		later := n.connect()
		n.withToken("bob")
		if got := <-arrived; got != "u2 with "+Subprotocol {
			t.Errorf("arrived %s", got)
		}
		later.say(`{"type":"auth","token":"ada"}`)
		if got := <-arrived; got != "u1 with "+Subprotocol {
			t.Errorf("arrived %s", got)
		}
		later.say(`{"type":"auth","token":"ada"}`) // again
		later.want("authenticated")
		later.want("authenticated")
		o := n.options()
		o.Subprotocols = nil
		o.Header = http.Header{"Authorization": {"Bearer ada"}}
		n.connectWith(o)
		if got := <-arrived; got != "u1 with " || len(arrived) > 0 {
			t.Errorf("arrived %s, and %d more", got, len(arrived))
		}
	})
}
