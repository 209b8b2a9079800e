package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

const (
	testKey  = "0123456789abcdef-billing"
	otherKey = "fedcba9876543210-support"
)

// A cluster is some nodes on one memory broker.
type cluster struct {
	memory *hub.Memory
	nodes  []*node
}

// A node is a hub with sockets and the API, served.
type node struct {
	t         *testing.T
	hub       *hub.Hub
	broker    *faulty
	api       *API
	directory Directory
	url       string
	log       *safeBuffer
}

// rooms says how the tests' rooms are run: by the first token of their name.
func rooms(name string) hub.RoomOptions {
	kind, _, _ := strings.Cut(name, ".")
	switch kind {
	case "kept", "orders":
		return hub.RoomOptions{History: hub.History{Messages: 5}, Presence: true}
	case "large":
		return hub.RoomOptions{History: hub.History{Messages: 1000}}
	}
	return hub.RoomOptions{}
}

// newCluster starts so many nodes. Change changes the options of each.
func newCluster(t *testing.T, n int, change ...func(*Options)) *cluster {
	t.Helper()
	c := &cluster{memory: hub.NewMemory(nil)}
	t.Cleanup(func() { c.memory.Close(context.Background()) })
	for i := range n {
		c.nodes = append(c.nodes, newNode(t, c.memory.Node(), "n"+string(rune('1'+i)), change...))
	}
	return c
}

func newNode(t *testing.T, broker hub.Broker, name string, change ...func(*Options)) *node {
	t.Helper()
	nd := &node{t: t, broker: &faulty{Broker: broker}, log: &safeBuffer{}}
	logger := slog.New(slog.NewTextHandler(nd.log, nil))
	nd.hub = hub.New(&hub.Options{Broker: nd.broker, Room: rooms, Node: name, Log: logger})
	o := Options{Hub: nd.hub, Keys: keysOf(t, "billing "+testKey+"\nsupport "+otherKey+"\n"), Sockets: &nd.directory, Log: logger, Limits: Limits{Wait: patience}}
	for _, f := range change {
		f(&o)
	}
	var err error
	if nd.api, err = New(o); err != nil {
		t.Fatal(err)
	}
	var sockets websocket.Server
	sockets.OnConnection(nd.connected)
	mux := http.NewServeMux()
	mux.Handle("/ws", &sockets)
	mux.Handle(Path, nd.api)
	server := httptest.NewServer(mux)
	nd.url = server.URL
	t.Cleanup(func() {
		sockets.Close()
		server.Close()
		nd.api.Close()
		nd.hub.Close(context.Background())
	})
	return nd
}

// connected has a socket join the room that it asks for, and tells it.
func (nd *node) connected(s *websocket.Socket, r *http.Request) {
	q := r.URL.Query()
	nd.directory.Add(s, q.Get("id"), q.Get("user"))
	s.OnOpen(func(s *websocket.Socket) {
		options := hub.JoinOptions{ID: q.Get("id"), Value: []byte(`{"name":"` + q.Get("user") + `"}`)}
		if _, err := nd.hub.JoinWith(context.Background(), s, q.Get("room"), options); err != nil {
			nd.t.Error(err)
		}
		s.SendText("ready")
	})
}

// join connects to the node, and waits until it is in the room.
func (nd *node) join(id, user, room string) *websocket.Conn {
	nd.t.Helper()
	url := "ws" + strings.TrimPrefix(nd.url, "http") + "/ws?id=" + id + "&user=" + user + "&room=" + room
	c, err := websocket.Dial(nd.t.Context(), url, nil)
	if err != nil {
		nd.t.Fatal(err)
	}
	nd.t.Cleanup(c.Terminate)
	expect(nd.t, c, "ready")
	return c
}

// expect reads a message.
func expect(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_, got, err := c.Read(t.Context())
	if err != nil || string(got) != want {
		t.Errorf("received %q, %v; want %q", got, err, want)
	}
}

// An asked is an answer of the API's.
type asked struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// ask makes a request with the first key. The body "" is none.
func (nd *node) ask(method, path, body string, header ...string) *asked {
	nd.t.Helper()
	r, err := http.NewRequestWithContext(nd.t.Context(), method, nd.url+Path+path, nil)
	if err != nil {
		nd.t.Fatal(err)
	}
	if body != "" {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.ContentLength = int64(len(body))
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	for i := 0; i < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		nd.t.Fatal(err)
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		nd.t.Fatal(err)
	}
	a := &asked{nd.t, response.StatusCode, response.Header, answered}
	described(nd.t, method, path, a)
	return a
}

// into checks the status, and reads the body.
func (a *asked) into(status int, v any) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

// fails checks an error.
func (a *asked) fails(status int, code, text string) {
	a.t.Helper()
	var f failure
	a.into(status, &f)
	if f.Error.Code != code || !strings.Contains(f.Error.Text, text) {
		a.t.Errorf("the error is %+v; want %s, %q", f.Error, code, text)
	}
}

func keysOf(t *testing.T, content string) *Keys {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := ReadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// faulty is a broker that fails when told to.
type faulty struct {
	hub.Broker
	mu   sync.Mutex
	fail error
	wait bool // until the caller's patience ends
	left int  // so many calls fail, and then none
}

// failFirst has the first n calls fail.
func (f *faulty) failFirst(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = n
}

func (f *faulty) set(fail error, wait bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.wait = fail, wait
}

func (f *faulty) check(ctx context.Context) error {
	f.mu.Lock()
	fail, wait := f.fail, f.wait
	if f.left > 0 {
		f.left--
		fail = hub.ErrUnavailable
	}
	f.mu.Unlock()
	if wait {
		<-ctx.Done()
		return ctx.Err()
	}
	return fail
}

func (f *faulty) Publish(ctx context.Context, r hub.Room, m *hub.Message) (hub.Position, error) {
	if err := f.check(ctx); err != nil {
		return hub.Position{}, err
	}
	return f.Broker.Publish(ctx, r, m)
}

func (f *faulty) Read(ctx context.Context, r hub.Room, after hub.Position) ([]*hub.Message, error) {
	if err := f.check(ctx); err != nil {
		return nil, err
	}
	return f.Broker.Read(ctx, r, after)
}

func (f *faulty) Present(ctx context.Context, room string) ([]hub.Member, error) {
	if err := f.check(ctx); err != nil {
		return nil, err
	}
	return f.Broker.Present(ctx, room)
}

func (f *faulty) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail
}

// safeBuffer is a log that goroutines share.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second
