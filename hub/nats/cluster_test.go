package nats

import (
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

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/brokertest"
	"github.com/everwire/everwire/hub/nats/embedded"
	natsgo "github.com/nats-io/nats.go"
)

// A cluster is three nodes with storage.
type cluster struct {
	t     *testing.T
	opts  [3]embedded.Options
	nodes [3]*embedded.Server
}

// startCluster starts one. The nodes' addresses have to be known before they listen, so that somebody else
// may be faster: it begins again then.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t}
	root := t.TempDir() // before Cleanup, so that it is removed after the nodes have stopped
	t.Cleanup(c.stop)
	for try := 0; ; try++ {
		dir := filepath.Join(root, fmt.Sprint(try))
		peers := addresses(len(c.nodes))
		for i := range c.opts {
			c.opts[i] = embedded.Options{
				Listen: peers[i], Peers: peers, Store: filepath.Join(dir, fmt.Sprint(i)), Durability: embedded.Relaxed, Log: slog.New(slog.DiscardHandler),
			}
		}
		err := c.start(0, 1, 2)
		if err == nil {
			break
		}
		if c.stop(); !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
	c.ready(0, 1, 2)
	return c
}

// addresses returns some that nobody listened at a moment ago, of ports that systems do not give to
// connections.
func addresses(n int) (free []string) {
	for len(free) < n {
		if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 12000+rand.IntN(20000))); err == nil {
			defer l.Close()
			free = append(free, l.Addr().String())
		}
	}
	return free
}

func (c *cluster) start(nodes ...int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	errs := make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for _, i := range nodes {
		wg.Go(func() { c.nodes[i], errs[i] = embedded.Start(ctx, c.opts[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *cluster) ready(nodes ...int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, i := range nodes {
		if err := c.nodes[i].Ready(ctx); err != nil {
			c.t.Fatalf("node %d: %v", i, err)
		}
	}
}

// stop stops all at once, without good order: there is nobody left to take over.
func (c *cluster) stop() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		if n != nil {
			wg.Go(func() { n.Shutdown(ended) })
		}
	}
	wg.Wait()
}

func (c *cluster) broker(node int, opts Options) *Broker {
	c.t.Helper()
	nc, err := c.nodes[node].Connect(natsgo.ReconnectBufSize(-1))
	if err != nil {
		c.t.Fatal(err)
	}
	opts.Replicas, opts.OwnConn = c.nodes[node].Replicas(), true
	return newBroker(c.t, nc, &opts)
}

func TestABrokerKeepsThePromisesInACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	t.Run("suite", func(t *testing.T) {
		brokertest.Run(t, func(t *testing.T, nodes int) []hub.Broker {
			brokers := make([]hub.Broker, nodes)
			for i := range brokers {
				brokers[i] = (&cluster{t: t, nodes: c.nodes}).broker(i, Options{})
			}
			return brokers
		})
	})
	t.Run("nodes come and go", func(t *testing.T) { (&cluster{t: t, opts: c.opts, nodes: c.nodes}).comeAndGo(c) })
}

// comeAndGo stops a node in the middle of it all, and starts it again. Publishers publish again what was not
// acknowledged.
func (c *cluster) comeAndGo(all *cluster) {
	t := c.t
	room := logged("blue", 10_000)
	brokers := [2]*Broker{c.broker(0, Options{}), c.broker(1, Options{})}
	var followers [2]*follower
	for i, b := range brokers {
		followers[i], _ = follow(t, b, room)
	}
	var mu sync.Mutex
	acked := make(map[hub.Position]string)
	end := make(chan struct{})
	var wg sync.WaitGroup
	for p, b := range brokers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				id := fmt.Sprint(p, ".", i)
				at := publishUntil(t, b, room, id)
				mu.Lock()
				acked[at] = id
				mu.Unlock()
			}
		})
	}
	enough := func(n int) {
		for {
			mu.Lock()
			have := len(acked)
			mu.Unlock()
			if have >= n || t.Failed() {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	enough(50)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all.nodes[2].Shutdown(ctx)
	enough(100)
	if err := all.start(2); err != nil {
		t.Error(err)
	}
	all.ready(2)
	enough(200)
	close(end)
	wg.Wait()

	last := publish(t, brokers[0], room, "end")
	acked[last] = "end"
	order := make([]hub.Position, 0, len(acked))
	for at := range acked {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b hub.Position) int { return int(a.Offset) - int(b.Offset) })
	want := make([]string, len(order))
	for i, at := range order {
		want[i] = acked[at]
	}
	for _, f := range followers {
		f.isTold(t, want...)
	}
}
