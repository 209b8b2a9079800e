package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// patience is how long a test waits for what is to come, on a fake clock too.
const patience = 2 * time.Minute

// A node is one server of the chat, in memory.
type node struct {
	t    *testing.T
	hub  *hub.Hub
	srv  *websocket.Server
	ln   *wstest.Listener
	stop func() // again it does nothing

	connected chan struct{} // something for each connection that the chat has begun with
}

// single starts a chat of one node.
func single(t *testing.T, o Options) *node { return start(t, hub.NewMemory(nil), o) }

// pair starts two nodes that are one chat.
func pair(t *testing.T) (a, b *node) {
	memory := hub.NewMemory(nil)
	return start(t, memory, Options{}), start(t, memory.Node(), Options{})
}

// start starts a node with a broker until the end of the test.
func start(t *testing.T, broker hub.Broker, o Options) *node {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	if o.Hub == nil {
		o.Hub = hub.New(&hub.Options{Broker: broker, Room: Room, Log: quiet})
	}
	o.Log = quiet
	n := &node{t: t, hub: o.Hub, srv: New(o), ln: wstest.Listen(), connected: make(chan struct{}, 1000)}
	n.srv.OnConnection(func(*websocket.Socket, *http.Request) { n.connected <- struct{}{} })
	server := &http.Server{Handler: n.srv}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(n.ln)
	}()
	n.stop = func() {
		n.srv.Close()
		server.Close()
		<-ended
		n.hub.Close(context.Background())
	}
	t.Cleanup(n.stop)
	return n
}

func (n *node) options() *websocket.DialOptions {
	return &websocket.DialOptions{DialContext: n.ln.Dial, Subprotocols: []string{Subprotocol}}
}

// A client speaks everwire.chat.v1.
type client struct {
	t *testing.T
	*websocket.Conn
	aside []reply // came before what was waited for, and was not
}

func (n *node) connect() *client { return n.connectWith(n.options()) }

// connectWith returns when the chat has begun with the connection, which it does a moment after the client
// has its answer.
func (n *node) connectWith(o *websocket.DialOptions) *client {
	n.t.Helper()
	c, err := websocket.Dial(n.t.Context(), "ws://chat.test/chat", o)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(c.Terminate)
	<-n.connected
	return &client{t: n.t, Conn: c}
}

// A reply is any message of the server's.
type reply struct {
	Type      string          `json:"type"`
	Room      string          `json:"room"`
	Position  hub.Position    `json:"position"`
	ID        string          `json:"id"`
	From      string          `json:"from"`
	Data      json.RawMessage `json:"data"`
	Encoding  string          `json:"encoding"`
	Time      time.Time       `json:"time"`
	Missed    int             `json:"missed"`
	Member    member          `json:"member"`
	Members   []member        `json:"members"`
	Count     int             `json:"count"`
	Event     string          `json:"event"`
	Code      code            `json:"code"`
	Request   kind            `json:"request"`
	Text      string          `json:"text"`
	Retry     bool            `json:"retry"`
	User      string          `json:"user"`
	Name      string          `json:"name"`
	Expires   string          `json:"expires"`
	AfterMS   int64           `json:"after_ms"`
	asWritten string
}

func (c *client) say(text string) {
	c.t.Helper()
	if err := c.Write(c.t.Context(), websocket.Text, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next message.
func (c *client) read() reply {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	typ, data, err := c.Conn.Read(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	r := reply{asWritten: string(data)}
	if err := json.Unmarshal(data, &r); err != nil {
		c.t.Fatalf("%v in %s", err, data)
	}
	if binary := r.Encoding != ""; typ != websocket.Text && !binary {
		c.t.Fatalf("%s message: %s", typ, data)
	}
	return r
}

// want returns the next message of a type; those of other types before it are put aside.
func (c *client) want(typ string) reply {
	c.t.Helper()
	for i, r := range c.aside {
		if r.Type == typ {
			c.aside = append(c.aside[:i:i], c.aside[i+1:]...)
			return r
		}
	}
	for {
		r := c.read()
		if r.Type == typ {
			return r
		}
		if r.Type == "error" {
			c.t.Fatalf("waiting for %s: %s", typ, r.asWritten)
		}
		c.aside = append(c.aside, r)
	}
}

func (c *client) wantError(want code, retry bool) reply {
	c.t.Helper()
	r := c.want("error")
	if r.Code != want || r.Retry != retry {
		c.t.Fatalf("%s, want code %s and retry %t", r.asWritten, want, retry)
	}
	return r
}

func (c *client) wantMessage(room, from, data string) reply {
	c.t.Helper()
	r := c.want("message")
	if r.Room != room || r.From != from || string(r.Data) != data {
		c.t.Fatalf("%s, want %s from %s in %s", r.asWritten, data, from, room)
	}
	return r
}

// wantMember waits for a change of who is there.
func (c *client) wantMember(event, name string, count int) reply {
	c.t.Helper()
	r := c.want("member")
	if r.Event != event || r.Member.Name != name || r.Count != count {
		c.t.Fatalf("%s, want %s %s, and %d then", r.asWritten, name, event, count)
	}
	return r
}

func (c *client) wantClose(want websocket.CloseCode) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, _, err := c.Conn.Read(ctx)
		if err == nil {
			continue
		}
		if got := websocket.CloseCodeOf(err); got != want {
			c.t.Fatalf("%v, want code %d", err, want)
		}
		return
	}
}

func (c *client) join(room, name string, more ...string) reply {
	c.t.Helper()
	fields := []string{`{"type":"join"`, `"room":` + quote(room)}
	if name != "" {
		fields = append(fields, `"name":`+quote(name))
	}
	c.say(strings.Join(append(fields, more...), ",") + `}`)
	return c.want("joined")
}

func (c *client) publish(room, id, data string) reply {
	c.t.Helper()
	if id == "" {
		c.say(`{"type":"publish","room":` + quote(room) + `,"data":` + data + `}`)
	} else {
		c.say(`{"type":"publish","room":` + quote(room) + `,"id":` + quote(id) + `,"data":` + data + `}`)
	}
	r := c.want("published")
	if r.ID != id || r.Room != room {
		c.t.Fatalf("%s, want id %s", r.asWritten, id)
	}
	return r
}

// isThere returns when joining a room is over with: the broker knows of it, and has said who else is there.
// What follows in a room is done after that.
func (c *client) isThere(room string) {
	c.t.Helper()
	c.publish(room, "", `"here"`)
}

func quote(text string) string { return string(appendJSON(nil, text)) }

// after is the field of a join that goes on after a position.
func after(p hub.Position) string { return `"from":` + string(appendJSON(nil, p)) }

func names(members []member) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return strings.Join(names, " ")
}
