//go:build unix

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// A testCluster is some everwire serve --cluster, each in a process of its own.
type testCluster struct {
	t     *testing.T
	peers []string
	nodes []*testNode

	mu    sync.Mutex
	alive map[*testNode]string // and where clients reach them, host:port
}

// A testNode may be started again and again.
type testNode struct {
	cluster *testCluster
	addr    string // its own among the nodes
	store   string
	program *exec.Cmd
	log     *spoken
	ended   chan struct{} // the program has
}

// newTestCluster starts a cluster of three nodes that all keep messages.
func newTestCluster(t *testing.T) *testCluster {
	t.Helper()
	for {
		c := threeNodes(t)
		taken := false
		for _, n := range c.nodes {
			taken = taken || !n.start()
		}
		if !taken {
			for _, n := range c.nodes {
				n.log.await(t, "joined the cluster")
			}
			return c
		}
		for _, n := range c.nodes { // other ports, from the beginning
			n.kill()
		}
	}
}

// threeNodes is a cluster of three, none of which runs.
func threeNodes(t *testing.T) *testCluster {
	c := &testCluster{t: t, alive: map[*testNode]string{}}
	for range 3 {
		c.node()
	}
	for _, n := range c.nodes {
		c.peers = append(c.peers, n.addr)
	}
	return c
}

// node adds a node, which is not started, with an address that was free just now. It is of a range from which the system gives
// no ports to who asks for any.
func (c *testCluster) node() *testNode {
	c.t.Helper()
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		ln.Close()
		n := &testNode{cluster: c, addr: addr, store: c.t.TempDir()}
		c.nodes = append(c.nodes, n)
		return n
	}
}

// start starts the node's program and waits until it serves. It returns false if another program has the node's port.
func (n *testNode) start() bool {
	t := n.cluster.t
	t.Helper()
	n.log = newSpoken()
	n.program = exec.CommandContext(t.Context(), os.Args[0], append(nodeArgs("127.0.0.1:0", n.addr, n.cluster.peers),
		"--cluster-store", n.store, "--admin-token-file", tokenFile(t))...)
	n.program.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	n.program.Stderr = n.log
	out := newSpoken()
	n.program.Stdout = out
	if err := n.program.Start(); err != nil {
		t.Fatal(err)
	}
	program, log, ended := n.program, n.log, make(chan struct{})
	n.ended = ended
	go func() {
		program.Wait()
		log.end()
		out.end()
		close(ended)
	}()
	t.Cleanup(func() {
		n.gone()
		program.Process.Kill()
		<-ended
	})
	text, ok := out.find("\nPress Ctrl-C")
	if !ok {
		if strings.Contains(n.log.String(), "in use") {
			return false
		}
		t.Fatalf("everwire serve ended:\n%s%s", text, n.log)
	}
	url := endpoint.FindString(text)
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.cluster.alive[n] = strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/chat")
	return true
}

// nodeArgs are the arguments of a node's program.
func nodeArgs(addr, own string, peers []string) []string {
	return []string{"serve", "--addr", addr, "--cluster", "--cluster-addr", own, "--peers", strings.Join(peers, ",")}
}

// again starts a node that has ended, or is about to, or was not started before.
func (n *testNode) again() {
	n.cluster.t.Helper()
	if n.ended != nil {
		<-n.ended
	}
	for range 20 { // another program may have the port for a moment
		if n.start() {
			n.log.await(n.cluster.t, "joined the cluster")
			return
		}
	}
	n.cluster.t.Fatalf("the node's port is in use: %s", n.addr)
}

// gone has clients come to the node no more.
func (n *testNode) gone() {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	delete(n.cluster.alive, n)
}

// kill ends the node at once.
func (n *testNode) kill() {
	n.gone()
	if n.program != nil {
		n.program.Process.Kill()
	}
}

// leave ends the node in order.
func (n *testNode) leave() {
	n.cluster.t.Helper()
	n.gone()
	if err := n.program.Process.Signal(syscall.SIGTERM); err != nil {
		n.cluster.t.Fatal(err)
	}
	n.log.await(n.cluster.t, "msg=stopped")
}

// url is where clients reach the node.
func (n *testNode) url() string {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	return n.cluster.alive[n]
}

// any returns a node that is alive.
func (c *testCluster) any() *testNode {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Collect(maps.Keys(c.alive))
	return all[rand.IntN(len(all))]
}

// spoken is output that can be waited for.
type spoken struct {
	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	over    bool
}

func newSpoken() *spoken {
	s := &spoken{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
	return s.text.Write(p)
}

func (s *spoken) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.changed.Broadcast()
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// find returns what there is once it has a text, or all, and false, if it ends without.
func (s *spoken) find(text string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.text.String(), text) {
		if s.over {
			return s.text.String(), false
		}
		s.changed.Wait()
	}
	return s.text.String(), true
}

func (s *spoken) await(t *testing.T, text string) {
	t.Helper()
	if all, ok := s.find(text); !ok {
		t.Fatalf("it ended without %q:\n%s", text, all)
	}
}

// said is what the chat says, as far as these tests care.
type said struct {
	Type, Room, ID, Code, From, Text string
	Position                         hub.Position
	Data                             string
}

// join connects to a node and joins a room; from may be nil.
func (n *testNode) join(ctx context.Context, room, name string, from *hub.Position) (*websocket.Conn, error) {
	c, err := websocket.Dial(ctx, "ws://"+n.url()+"/chat", &websocket.DialOptions{Subprotocols: []string{"everwire.chat.v1"}})
	if err != nil {
		return nil, err
	}
	request := map[string]any{"type": "join", "room": room, "name": name}
	if from != nil {
		request["from"] = from
	}
	if err = tell(ctx, c, request); err != nil {
		c.Terminate()
		return nil, err
	}
	for {
		s, err := hear(ctx, c)
		if err == nil && s.Type == "error" {
			err = fmt.Errorf("%s: %s", s.Code, s.Text)
		}
		if err != nil {
			c.Terminate()
			return nil, err
		}
		if s.Type == "joined" {
			return c, nil
		}
	}
}

func tell(ctx context.Context, c *websocket.Conn, request any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return c.Write(ctx, websocket.Text, text)
}

func hear(ctx context.Context, c *websocket.Conn) (s said, err error) {
	_, text, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// A listener is a member of a room who comes back from where it was whenever its connection ends, and keeps what it hears.
type listener struct {
	cluster *testCluster
	room    string
	at      *testNode // where it is at first

	mu      sync.Mutex
	heard   []said
	last    hub.Position
	comings int
}

// listen listens until ctx ends. Joined is called each time it has joined.
func (l *listener) listen(ctx context.Context, joined func()) {
	for node := l.at; ctx.Err() == nil; node = l.cluster.any() {
		l.mu.Lock()
		from := l.last
		l.mu.Unlock()
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		c, err := node.join(attempt, l.room, "listener", &from)
		cancel()
		if err != nil { // as for any client: the node may be gone, or the cluster choosing a leader
			pause(ctx)
			continue
		}
		l.mu.Lock()
		l.comings++
		l.mu.Unlock()
		joined()
		l.hear(ctx, c)
		c.Terminate()
	}
}

func (l *listener) hear(ctx context.Context, c *websocket.Conn) {
	for {
		s, err := hear(ctx, c)
		if err != nil {
			return
		}
		if s.Type == "message" {
			l.mu.Lock()
			l.heard = append(l.heard, s)
			l.last = s.Position
			l.mu.Unlock()
		}
	}
}

// data is what it has heard.
func (l *listener) data() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.heard {
		all = append(all, s.Data)
	}
	return all
}

// times is how often it has joined.
func (l *listener) times() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.comings
}

// pause is what clients wait before they try again.
func pause(ctx context.Context) {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
	}
}

// A speaker publishes one message after the other, each until it is acknowledged, with its ID.
type speaker struct {
	cluster *testCluster
	room    string
	name    string
	conn    *websocket.Conn
	at      *testNode
	acked   []string
}

// say publishes the next message. It returns only when that is acknowledged, or ctx ends.
func (s *speaker) say(ctx context.Context) {
	text := fmt.Sprintf("%s %04d", s.name, len(s.acked))
	id := strings.ReplaceAll(text, " ", "-")
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := s.attempt(attempt, id, text)
		cancel()
		if err == nil {
			s.acked = append(s.acked, text)
			return
		}
		pause(ctx)
	}
}

func (s *speaker) attempt(ctx context.Context, id, text string) (err error) {
	if s.conn == nil {
		if s.conn, err = s.at.join(ctx, s.room, s.name, nil); err != nil {
			s.at = s.cluster.any()
			return err
		}
	}
	if err = tell(ctx, s.conn, map[string]any{"type": "publish", "room": s.room, "id": id, "data": text}); err != nil {
		s.leave()
		return err
	}
	for {
		heard, err := hear(ctx, s.conn)
		if err != nil {
			s.leave()
			return err
		}
		if heard.ID == id && heard.Type == "published" {
			return nil
		}
		if heard.Type == "error" {
			return fmt.Errorf("%s: %s", heard.Code, heard.Text)
		}
	}
}

func (s *speaker) leave() {
	if s.conn != nil {
		s.conn.Terminate()
		s.conn = nil
	}
	s.at = s.cluster.any()
}
