package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/chat"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// A guestbook is Events that let in whom they like, and note what they are told.
type guestbook chan string

func (g guestbook) Connect(_ context.Context, c *events.Connection) (events.Welcome, error) {
	return events.Welcome{User: "user-" + c.Agent}, nil
}

func (g guestbook) Message(c *events.Connection, m *hub.Message) {
	g <- c.User + " in " + m.Room + ": " + string(m.Data)
}

func (g guestbook) Disconnect(c *events.Connection, _ websocket.CloseEvent) {
	g <- c.User + " has gone"
}

// newChat adds a node with the chat.
func newChat(t *testing.T, broker hub.Broker, name string, told events.Events) (nd *node, url string) {
	t.Helper()
	nd = &node{t: t, log: &safeBuffer{}}
	nd.hub = hub.New(&hub.Options{Broker: broker, Room: chat.Room, Node: name})
	room := chat.New(chat.Options{Hub: nd.hub, Events: told, Arrived: func(s *websocket.Socket, c *events.Connection) { nd.directory.Add(s, c.ID, c.User) }})
	var err error
	if nd.api, err = New(Options{Hub: nd.hub, Keys: keysOf(t, testKey), Sockets: &nd.directory, Limits: Limits{Wait: patience}}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/chat", room)
	mux.Handle(Path, nd.api)
	server := httptest.NewServer(mux)
	nd.url = server.URL
	t.Cleanup(func() {
		room.Close()
		server.Close()
		nd.api.Close()
		nd.hub.Close(context.Background())
	})
	return nd, "ws" + strings.TrimPrefix(server.URL, "http") + "/chat"
}

// say sends a request of everwire.chat.v1, if it is one, and reads until an answer of a type comes.
func say(t *testing.T, c *websocket.Conn, request, until string) map[string]any {
	t.Helper()
	if request != "" {
		if err := c.Write(t.Context(), websocket.Text, []byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	for {
		var got map[string]any
		if err := c.ReadJSON(t.Context(), &got); err != nil {
			t.Fatalf("no %s: %v", until, err)
		}
		if got["type"] == until {
			return got
		}
	}
}

// A backend and the people of a chat are one room, whatever the nodes that they are at.
func TestBackendsTakePartInTheChat(t *testing.T) {
	memory := hub.NewMemory(nil)
	defer memory.Close(context.Background())
	told := make(guestbook, 10)
	backend, _ := newChat(t, memory.Node(), "n1", nil)
	_, url := newChat(t, memory.Node(), "n2", told)
	ada, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{chat.Subprotocol}, Header: http.Header{"User-Agent": {"ada"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Terminate()
	joined := say(t, ada, `{"type":"join","room":"blue","name":"Ada"}`, "joined")

	for _, tt := range []struct{ name, body, want string }{
		{"JSON", `"data":{"text":"hello"}`, `{"text":"hello"}`},
		{"text", `"text":"hello"`, `"hello"`},
		{"binary", `"base64":"AAE="`, `"AAE="`},
	} {
		var p published
		backend.ask(http.MethodPost, "publish", `{"room":"blue","publisher":"billing","id":"`+tt.name+`",`+tt.body+`}`).into(http.StatusOK, &p)
		got := say(t, ada, "", "message")
		data, err := json.Marshal(got["data"])
		if err != nil || string(data) != tt.want || got["from"] != "billing" || got["id"] != tt.name || got["room"] != "blue" {
			t.Errorf("%s: received %v", tt.name, got)
		}
		if at, _ := got["position"].(map[string]any); p.Position == nil || at["offset"] != float64(p.Position.Offset) || at["epoch"] != p.Position.Epoch {
			t.Errorf("%s: at %v, and the answer was %+v", tt.name, at, p.Position)
		}
	}

	say(t, ada, `{"type":"publish","room":"blue","id":"mine","data":1}`, "published")
	if got := <-told; got != "user-ada in blue: 1" {
		t.Errorf("told %q", got)
	}
	var list messageList
	if backend.ask(http.MethodGet, "rooms/blue/history", "").into(http.StatusOK, &list); len(list.Messages) != 4 || list.Messages[3].ID != "mine" {
		t.Errorf("the history is %+v", list)
	}
	var present memberList
	backend.ask(http.MethodGet, "rooms/blue/presence", "").into(http.StatusOK, &present)
	me := joined["member"].(map[string]any)
	if len(present.Members) != 1 || present.Members[0].ID != me["id"] || present.Members[0].Node != "n2" || !strings.Contains(string(present.Members[0].Value), me["name"].(string)) {
		t.Errorf("present is %+v, and the member %v", present, me)
	}

	// What nodes tell each other nobody can say who is just connected.
	refused := say(t, ada, `{"type":"publish","room":"`+ControlRoom+`","data":{"user":"user-ada","code":4000}}`, "error")
	if refused["code"] != "bad_request" && refused["code"] != "forbidden" {
		t.Errorf("%v", refused)
	}
	var d disconnected
	backend.ask(http.MethodPost, "disconnect", `{"user":"user-ada","reason":"enough"}`).into(http.StatusOK, &d)
	for err = nil; err == nil; {
		_, _, err = ada.Read(t.Context())
	}
	if closed, ok := err.(*websocket.CloseError); !ok || closed.Code != 4403 || closed.Reason != "enough" {
		t.Errorf("it ended with %v", err)
	}
	if got := <-told; got != "user-ada has gone" {
		t.Errorf("told %q", got)
	}
}

func TestTheRawChatIsNotReserved(t *testing.T) {
	if rawRoom != chat.Raw {
		t.Errorf("it is %s, not %s", chat.Raw, rawRoom)
	}
	for _, room := range []string{chat.Raw + "2", ControlRoom} {
		if !reserved(room) {
			t.Errorf("%s is not reserved", room)
		}
	}
}
