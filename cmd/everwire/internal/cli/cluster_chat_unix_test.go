//go:build unix

package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// within bounds what a test with a cluster waits for.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// A hall is a room with listeners and speakers.
type hall struct {
	t         *testing.T
	cluster   *testCluster
	room      string
	listeners []*listener
	speakers  []*speaker
	listening sync.WaitGroup
	quiet     context.CancelFunc
	ctx       context.Context
	left      atomic.Int64 // how many messages may still be said now, for who asks
}

func newHall(t *testing.T, c *testCluster, room string) *hall {
	h := &hall{t: t, cluster: c, room: room}
	h.ctx, h.quiet = context.WithCancel(t.Context())
	t.Cleanup(func() {
		h.quiet()
		h.listening.Wait()
		for _, s := range h.speakers {
			if s.conn != nil {
				s.conn.Terminate()
			}
		}
	})
	return h
}

// listener adds one, at a node, and waits until it has joined.
func (h *hall) listener(at *testNode) *listener {
	l := &listener{cluster: h.cluster, room: h.room, at: at}
	h.listeners = append(h.listeners, l)
	joined := make(chan struct{})
	once := sync.OnceFunc(func() { close(joined) })
	h.listening.Go(func() { l.listen(h.ctx, once) })
	<-joined
	return l
}

// speaker adds one, at a node.
func (h *hall) speaker(at *testNode) *speaker {
	s := &speaker{cluster: h.cluster, room: h.room, name: fmt.Sprintf("speaker %d", len(h.speakers)), at: at}
	h.speakers = append(h.speakers, s)
	return s
}

// agree waits until all listeners have heard what was acknowledged, and fails unless they have heard just that, all in one order, in which
// that of each speaker is kept.
func (h *hall) agree(ctx context.Context) {
	h.t.Helper()
	var acked []string
	for _, s := range h.speakers {
		acked = append(acked, s.acked...)
	}
	first := h.listeners[0]
	for i, l := range h.listeners {
		for len(l.data()) < len(acked) {
			pause(ctx)
			if ctx.Err() != nil {
				h.t.Fatalf("listener %d has heard %d of %d messages", i, len(l.data()), len(acked))
			}
		}
		if got := l.data(); !slices.Equal(got, first.data()) {
			h.t.Errorf("listener %d has heard another sequence than the first:\n%q\n%q", i, got, first.data())
		}
	}
	heard := first.data()
	for _, s := range h.speakers {
		var own []string
		for _, text := range heard {
			if strings.HasPrefix(text, s.name+" ") {
				own = append(own, text)
			}
		}
		if !slices.Equal(own, s.acked) {
			h.t.Errorf("of %s were heard %q, and acknowledged %q", s.name, own, s.acked)
		}
	}
	if len(heard) != len(acked) {
		h.t.Errorf("%d messages were heard, and %d acknowledged", len(heard), len(acked))
	}
}

func TestThreeNodesAreOneChat(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	c := newTestCluster(t)

	// The raw chat: what is said on one node is heard on all. It takes a moment until they know of each other's members.
	var raw []*websocket.Conn
	for _, n := range c.nodes {
		conn, err := websocket.Dial(ctx, "ws://"+n.url()+"/chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Terminate()
		raw = append(raw, conn)
	}
	for from := range raw {
		hearOnAll(ctx, t, raw, from)
	}

	// Rooms with history, while a node is killed and comes back.
	h := newHall(t, c, "blue.é")
	for _, n := range c.nodes {
		h.listener(n)
		h.speaker(n)
	}
	sayAll := func(times int) {
		var saying sync.WaitGroup
		for _, s := range h.speakers {
			saying.Go(func() {
				for range times {
					s.say(ctx)
				}
			})
		}
		saying.Wait()
	}
	sayAll(20)
	h.agree(ctx)

	c.nodes[2].kill()
	sayAll(20)
	h.agree(ctx)

	c.nodes[2].again()
	h.listener(c.nodes[2]) // hears all of it, from the node that was away
	sayAll(10)
	h.agree(ctx)

	c.nodes[0].leave() // as for a deploy
	sayAll(10)
	c.nodes[0].again()
	sayAll(10)
	h.agree(ctx)
	if n := len(h.speakers[0].acked); n != 70 {
		t.Errorf("%d messages of a speaker were acknowledged, want 70", n)
	}
}

// A node that looks for its cluster is not ready, but talks with who is there already: for plain rooms it needs nobody's word.
func TestNodeWithoutItsCluster(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	n := threeNodes(t).nodes[0]
	for !n.start() {
		n = threeNodes(t).nodes[0]
	}
	answer, err := http.Get("http://" + n.url() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if answer.StatusCode != http.StatusServiceUnavailable || string(body) != "joining the cluster\n" {
		t.Errorf("/readyz: %d %q", answer.StatusCode, body)
	}
	raw, err := websocket.Dial(ctx, "ws://"+n.url()+"/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Terminate()
	hearOnAll(ctx, t, []*websocket.Conn{raw}, 0)
	if c, err := n.join(ctx, "blue", "Ada", nil); err == nil || !strings.HasPrefix(err.Error(), "unavailable: ") {
		t.Errorf("joining a room with history: %v, want unavailable", err)
		if err == nil {
			c.Terminate()
		}
	}
	var out, errs buffer
	if got := Main(ctx, []string{"admin", "stats", "--server", n.url()}, &out, &errs); got != exitOK ||
		!strings.Contains(out.String(), "\nbroker ") || !strings.Contains(out.String(), "out of reach: hub: the broker is not available: ") {
		t.Errorf("its statistics have nothing of it:\n%s%s", out.String(), errs.String())
	}
}

// hearOnAll says words on one connection to the raw chat until all have heard one of them.
func hearOnAll(ctx context.Context, t *testing.T, conns []*websocket.Conn, from int) {
	t.Helper()
	prefix := fmt.Sprintf("from %d ", from)
	saying, enough := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		for i := 0; saying.Err() == nil; i++ {
			conns[from].Write(saying, websocket.Text, fmt.Appendf(nil, "%s%d", prefix, i))
			pause(saying)
		}
	})
	for i, conn := range conns {
		for {
			_, text, err := conn.Read(ctx)
			if err != nil {
				t.Errorf("on node %d: %v", i, err)
				break
			}
			if strings.HasPrefix(string(text), prefix) {
				break
			}
		}
	}
	enough()
	all.Wait()
}

// Two nodes without storage join, take a part of the load, and go again, while messages are published: each listener ends with
// all that was acknowledged, once.
func TestThreeNodesThenFiveThenThreeUnderLoad(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	c := newTestCluster(t)
	var halls []*hall
	for i := range 3 {
		h := newHall(t, c, fmt.Sprintf("room.%d", i))
		for _, n := range c.nodes {
			h.listener(n)
			h.speaker(n)
		}
		halls = append(halls, h)
	}
	var stop atomic.Bool
	var saying sync.WaitGroup
	var count atomic.Int64
	// A room keeps 1,000 messages, and who comes, or is away for long, shall miss none: what is said between two calls of more is
	// bounded, and slow enough that something is said for as long as these usually take.
	const between, rate = 150, 100
	speak := func(h *hall, s *speaker) {
		turn := time.NewTicker(time.Second * time.Duration(len(h.speakers)) / rate)
		saying.Go(func() {
			defer turn.Stop()
			for !stop.Load() && ctx.Err() == nil {
				if h.left.Add(-1) >= 0 {
					s.say(ctx)
					count.Add(1)
				}
				select {
				case <-turn.C:
				case <-ctx.Done():
				}
			}
		})
	}
	for _, h := range halls {
		for _, s := range h.speakers {
			speak(h, s)
		}
	}
	more := func(n int64) { // lets so many messages be published
		for _, h := range halls {
			h.left.Store(between)
		}
		for goal := count.Load() + n; count.Load() < goal; {
			if pause(ctx); ctx.Err() != nil {
				t.Fatalf("after %d messages nothing moves", count.Load())
			}
		}
	}
	more(50)
	for range 2 {
		n := c.node()
		n.again()
		for _, h := range halls {
			h.listener(n)
			speak(h, h.speaker(n))
		}
	}
	more(50)
	// Some of those who were there before go to the new ones.
	var out, errs buffer
	if got := Main(ctx, strings.Fields("drain --fraction 0.5 --over 200ms --server "+c.nodes[0].url()+" --token-file "+tokenFile(t)), &out, &errs); got != exitOK {
		t.Errorf("drain: status %d: %s", got, errs.String())
	}
	more(50)
	c.nodes[3].leave()
	more(50)
	c.nodes[4].kill()
	more(50)
	stop.Store(true)
	saying.Wait()
	comings := 0
	for _, h := range halls {
		h.agree(ctx)
		for _, l := range h.listeners {
			comings += l.times()
		}
	}
	if comings < 15+6 {
		t.Errorf("listeners came %d times, want 15 and at least those 6 whose nodes left again", comings)
	}
	t.Logf("%d messages were published, and heard by 5 listeners each, who came %d times", count.Load(), comings)
}

// The commands that the documents have are those that these tests run, but for the ports.
func TestTheDocumentsHaveTheCommandsOfTheTests(t *testing.T) {
	peers := []string{"127.0.0.1:7901", "127.0.0.1:7902", "127.0.0.1:7903"}
	for name, begin := range map[string]string{"docs/scaling.md": "\neverwire ", "README.md": "\n    ./everwire "} {
		page, err := os.ReadFile("../../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for i, own := range peers {
			line := begin + strings.Join(nodeArgs(fmt.Sprintf("127.0.0.1:808%d", i+1), own, peers), " ") + "\n"
			if !strings.Contains(string(page), line) {
				t.Errorf("%s does not have %s", name, line)
			}
		}
	}
}
