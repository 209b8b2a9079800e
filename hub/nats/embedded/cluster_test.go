package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var quiet = slog.New(slog.DiscardHandler)

// patience is for what takes seconds, on a machine that is busy.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// freeAddresses returns addresses that nobody listened at a moment ago, of ports that systems do not give to connections. Somebody else can be faster:
// newCluster begins again then.
func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	var addrs []string
	for tries := 0; len(addrs) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000)))
		if err == nil {
			defer l.Close()
			addrs = append(addrs, l.Addr().String())
		} else if tries > 1000 {
			t.Fatal(err)
		}
	}
	return addrs
}

// A cluster has one node for each of its options.
type cluster struct {
	t     *testing.T
	opts  []Options
	nodes []*Server
}

// newCluster starts storage nodes with storage, and others without.
func newCluster(t *testing.T, storage, others int, change ...func(*Options)) *cluster {
	t.Helper()
	cert := testcert.New("127.0.0.1")
	encrypted := cert.Server()
	encrypted.RootCAs = cert.Client().RootCAs
	for range 10 {
		addrs := freeAddresses(t, storage+others)
		c := &cluster{t: t, nodes: make([]*Server, storage+others)}
		dir := t.TempDir()
		for i, a := range addrs {
			o := Options{Listen: a, Peers: addrs[:storage], Secret: "only we know", TLS: encrypted, Log: quiet}
			if i < storage {
				o.Store = filepath.Join(dir, fmt.Sprint(i))
			}
			for _, f := range change {
				f(&o)
			}
			c.opts = append(c.opts, o)
		}
		err := c.startAll()
		if err == nil {
			t.Cleanup(c.stopAll)
			return c
		}
		c.stopAll()
		if !addressInUse(err) {
			t.Fatal(err)
		}
	}
	t.Fatal("no free addresses")
	return nil
}

func addressInUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE)
}

func (c *cluster) startAll() error {
	errs := make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i := range c.nodes {
		wg.Go(func() { c.nodes[i], errs[i] = Start(context.Background(), c.opts[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// stopAll cuts all nodes off at once.
func (c *cluster) stopAll() {
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		if n != nil {
			wg.Go(n.kill)
		}
	}
	wg.Wait()
}

func (c *cluster) ready(nodes ...int) {
	c.t.Helper()
	ctx := patience(c.t)
	for _, i := range nodes {
		if err := c.nodes[i].Ready(ctx); err != nil {
			c.t.Fatalf("node %d: %v", i, err)
		}
	}
}

// connect returns a connection to a node, and JetStream by it.
func connect(t *testing.T, s *Server) (*natsgo.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// publish publishes until it is acknowledged, and returns the position.
func publish(t *testing.T, js jetstream.JetStream, subject, id string) uint64 {
	t.Helper()
	ctx := patience(t)
	for {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		ack, err := js.Publish(once, subject, []byte(id), jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
		cancel()
		if err == nil {
			return ack.Sequence
		}
		if ctx.Err() != nil {
			t.Fatalf("publishing %s: %v", id, err)
		}
		time.Sleep(20 * time.Millisecond) // between two attempts
	}
}

// makeStream makes a stream once the leader of the cluster knows of enough nodes, which may be later than when these are ready.
func makeStream(t *testing.T, js jetstream.JetStream, replicas int) {
	t.Helper()
	const noSuitablePeers = 10005
	ctx := patience(t)
	for {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "kept", Subjects: []string{"kept.>"}, Replicas: replicas, AllowDirect: true})
		var refused *jetstream.APIError
		switch {
		case err == nil:
			return
		case !errors.As(err, &refused) || refused.ErrorCode != noSuitablePeers || ctx.Err() != nil:
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

// restart starts a node again, as it was.
func (c *cluster) restart(i int) {
	c.t.Helper()
	var err error
	if c.nodes[i], err = Start(context.Background(), c.opts[i]); err != nil {
		c.t.Fatal(err)
	}
}

// leader returns the node that leads the stream.
func (c *cluster) leader() int {
	c.t.Helper()
	ctx := patience(c.t)
	for ctx.Err() == nil {
		for i, n := range c.nodes {
			if n.nats.JetStreamIsStreamLeader("$G", "kept") {
				return i
			}
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
	c.t.Fatal("nobody leads the stream")
	return 0
}

// read returns message seq of the stream, as soon as that can be had.
func read(t *testing.T, js jetstream.JetStream, seq uint64) string {
	t.Helper()
	ctx := patience(t)
	for {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		s, err := js.Stream(once, "kept")
		var m *jetstream.RawStreamMsg
		if err == nil {
			m, err = s.GetMsg(once, seq)
		}
		cancel()
		if err == nil {
			return string(m.Data)
		}
		if ctx.Err() != nil {
			t.Fatalf("reading %d: %v", seq, err)
		}
		time.Sleep(20 * time.Millisecond) // between two attempts
	}
}

func TestThreeNodes(t *testing.T) {
	c := newCluster(t, 3, 1)
	c.ready(0, 1, 2, 3)
	const joined = 3 // the node without storage
	if s := c.nodes[joined]; s.Storage() || s.Replicas() != 3 {
		t.Errorf("the fourth node has storage: %v; %d replicas", s.Storage(), s.Replicas())
	}
	nc, js := connect(t, c.nodes[joined])
	makeStream(t, js, 3)
	var want []string
	publishFive := func(step string) {
		for i := range 5 {
			id := fmt.Sprint(step, " ", i)
			publish(t, js, "kept.a", id)
			want = append(want, id)
		}
	}
	publishFive("with three of three")

	led := c.leader()
	if err := c.nodes[led].Shutdown(patience(t)); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(c.nodes, func(s *Server) bool { return s.nats.JetStreamIsStreamLeader("$G", "kept") }) {
		t.Error("nobody leads the stream after Shutdown")
	}
	if err := c.nodes[led].Err(); err == nil {
		t.Error("a node that was shut down has no error")
	}
	publishFive("with two of three")
	c.restart(led)
	c.ready(led)

	other := (led + 1) % 3
	c.nodes[other].kill()
	publishFive("with the two others")
	c.oneLeft()

	nc.Close()
	c.stopAll()
	if err := c.startAll(); err != nil {
		t.Fatal(err)
	}
	c.ready(0, 1, 2, joined)
	_, js = connect(t, c.nodes[joined])
	publishFive("after all were gone")
	for i, w := range want {
		if got := read(t, js, uint64(i+1)); got != w {
			t.Errorf("message %d is %q, want %q", i+1, got, w)
		}
	}
}

func TestFromThreeNodesToFiveAndBack(t *testing.T) {
	c := newCluster(t, 3, 0)
	c.ready(0, 1, 2)
	nc, js := connect(t, c.nodes[0])
	makeStream(t, js, 3)
	publish(t, js, "kept.a", "of three")

	peers := append(slices.Clone(c.opts[0].Peers), freeAddresses(t, 2)...)
	for _, addr := range peers[3:] {
		o := c.opts[0]
		o.Listen, o.Peers, o.Store = addr, peers, t.TempDir()
		c.opts, c.nodes = append(c.opts, o), append(c.nodes, nil)
		c.restart(len(c.nodes) - 1)
	}
	c.ready(3, 4)
	ctx := patience(t)
	for c.members() != 5 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond) // between two looks
	}
	publish(t, js, "kept.a", "of five")

	if err := c.nodes[0].Forget(ctx, "nobody"); err == nil {
		t.Error("a node that there is not was forgotten")
	}
	for _, gone := range []int{3, 4} {
		if err := c.nodes[gone].Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if err := c.nodes[0].Forget(ctx, c.nodes[gone].Name()); err != nil {
			t.Fatal(err)
		}
	}
	for c.members() != 3 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond) // between two looks
	}
	if n := c.members(); n != 3 {
		t.Errorf("%d nodes count for a majority, want 3", n)
	}
	publish(t, js, "kept.a", "of three again")
	for i, want := range []string{"of three", "of five", "of three again"} {
		if got := read(t, js, uint64(i+1)); got != want {
			t.Errorf("message %d is %q, want %q", i+1, got, want)
		}
	}
	nc.Close()
}

// members returns how many nodes count for a majority, as who leads knows it; zero if nobody leads.
func (c *cluster) members() int {
	for _, n := range c.nodes {
		if n.nats.JetStreamIsLeader() {
			if info, err := n.nats.Jsz(nil); err == nil && info.Meta != nil {
				return info.Meta.Size
			}
		}
	}
	return 0
}

// oneLeft ends the node that assigns streams, so that of three one is left, and nobody answers it.
func (c *cluster) oneLeft() {
	c.t.Helper()
	var left *Server
	for _, n := range c.nodes[:3] {
		switch {
		case !n.nats.Running():
		case n.nats.JetStreamIsLeader():
			n.kill()
		default:
			left = n
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := left.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("Ready: %v", err)
	}
	cancel()
	if err := left.Shutdown(ctx); left.nats.Running() {
		c.t.Errorf("it runs after Shutdown: %v", err)
	}
}

// said is a log that tells when a word is said.
type said struct {
	word string
	ch   chan struct{}
}

func (s *said) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(s.word)) {
		select {
		case s.ch <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

// strangersAreTurnedAway has nodes without the secret, and without encryption, try to join.
func (c *cluster) strangersAreTurnedAway() {
	c.t.Helper()
	for _, row := range []struct {
		name, word string
		change     func(*Options)
	}{
		{"another secret", "Authorization Violation", func(o *Options) { o.Secret = "a guess" }},
		{"no secret", "Authorization Violation", func(o *Options) { o.Secret = "" }},
		{"no encryption", "TLS", func(o *Options) { o.TLS = nil }},
	} {
		o := c.opts[len(c.opts)-1]
		log := &said{row.word, make(chan struct{}, 1)}
		o.Listen, o.Log = freeAddresses(c.t, 1)[0], slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		row.change(&o)
		s, err := Start(context.Background(), o)
		if err != nil {
			c.t.Fatal(err)
		}
		select {
		case <-log.ch:
		case <-patience(c.t).Done():
			c.t.Errorf("%s: nobody said %q", row.name, row.word)
		}
		if s.Err() == nil {
			c.t.Errorf("%s: it has joined", row.name)
		}
		s.kill()
	}
}

func TestOthersJoinOneNodeWithStorage(t *testing.T) {
	c := newCluster(t, 1, 2)
	c.ready(0, 1, 2)
	_, js := connect(t, c.nodes[1])
	if n := c.nodes[1].Replicas(); n != 1 {
		t.Errorf("%d replicas, want 1", n)
	}
	makeStream(t, js, 1)
	seq := publish(t, js, "kept.a", "hello")
	nc2, js2 := connect(t, c.nodes[2])
	if got := read(t, js2, seq); got != "hello" {
		t.Errorf("read %q", got)
	}

	// What is not kept passes between the two as well, as soon as each knows of the other.
	nc1, _ := connect(t, c.nodes[1])
	sub, err := nc2.SubscribeSync("plain")
	if err != nil {
		t.Fatal(err)
	}
	ctx := patience(t)
	for {
		if err := nc1.Publish("plain", []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := sub.NextMsg(50 * time.Millisecond); err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("nothing came")
		}
	}

	c.strangersAreTurnedAway()
	c.nodes[0].kill()
	for c.nodes[1].Err() == nil && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond) // between two looks
	}
	if c.nodes[1].Err() == nil {
		t.Error("the one with storage is gone, and Err is nil")
	}
}

// Nodes that nobody gave a secret to, and no TLS, find each other as well.
func TestNodesWithoutASecretJoin(t *testing.T) {
	for _, storage := range []int{1, 3} {
		t.Run(fmt.Sprint(storage, " with storage"), func(t *testing.T) {
			c := newCluster(t, storage, 1, func(o *Options) { o.Secret, o.TLS = "", nil })
			c.ready(0, storage)
			_, js := connect(t, c.nodes[storage])
			makeStream(t, js, storage)
			seq := publish(t, js, "kept.a", "hello")
			_, first := connect(t, c.nodes[0])
			if got := read(t, first, seq); got != "hello" {
				t.Errorf("read %q", got)
			}
		})
	}
}
