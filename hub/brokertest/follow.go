package brokertest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/hub"
)

// followSeam follows a room again and again while messages are published, and reads what was before: both
// together must be all.
func followSeam(c *testCluster) {
	const messages, followers = 300, 12
	r := c.logged(messages + 1)
	var published atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range messages {
			if _, err := c.nodes[i%2].Publish(c.ctx, r, text("", fmt.Sprint(i))); err != nil {
				c.Errorf("Publish: %v", err)
				return
			}
			published.Add(1)
		}
	})
	all := make([]*record, followers)
	for i := range all {
		c.until("messages are published", func() error {
			if n := published.Load(); n < int64(i*messages/followers) && !c.Failed() {
				return fmt.Errorf("%d so far", n)
			}
			return nil
		})
		all[i] = c.follow(i%2, r)
	}
	wg.Wait()
	if c.Failed() {
		return
	}
	c.publish(0, r, text("", "end"))
	for i, f := range all {
		var got []string
		for _, m := range c.readAll(i%2, r, hub.Position{}) {
			if m.Position.Offset <= f.from.Offset {
				got = append(got, string(m.Data))
			}
		}
		before := len(got)
		got = append(got, datas(f.until("end"))...)
		for n, data := range got {
			if data != fmt.Sprint(n) {
				c.Fatalf("follower %d, which began after %d messages: %q where %d was due, in %q", i, before, data, n, got)
			}
		}
		if len(got) != messages {
			c.Errorf("follower %d has %d messages, want %d", i, len(got), messages)
		}
		f.feed.Stop()
	}
}

func followEmpty(c *testCluster) {
	r := c.logged(10)
	f := c.follow(1, r)
	if f.from.IsZero() {
		c.Error("the position of a room that is followed is the zero Position, which is never too old")
	}
	first := c.publish(0, r, text("", "first"))
	if got := f.count(1)[0].Position; got != first || got.Epoch != f.from.Epoch || got.Offset <= f.from.Offset {
		c.Errorf("the first message is at %v, want %v, after %v", got, first, f.from)
	}
	if late := c.follow(0, r); late.from != first {
		c.Errorf("who follows then begins at %v, want %v", late.from, first)
	}
}

func oneCallAtATime(c *testCluster) {
	r := c.logged(500)
	f := c.follow(0, r) // it fails by itself
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 25 {
				if _, err := c.nodes[n%2].Publish(c.ctx, r, text("", "x")); err != nil {
					c.Errorf("Publish: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if !c.Failed() {
		f.count(200)
	}
}

// held is a Follower whose first call takes until it is released.
type held struct {
	*record
	once    sync.Once
	called  chan struct{}
	release chan struct{}
}

func (h *held) Message(m *hub.Message) {
	h.once.Do(func() {
		close(h.called)
		<-h.release
	})
	h.record.Message(m)
}

func slowFollower(c *testCluster) {
	slow := &held{record: newRecord(c), called: make(chan struct{}), release: make(chan struct{})}
	release := sync.OnceFunc(func() { close(slow.release) })
	defer release()
	r, other := c.logged(100), c.logged(100)
	feed, _, err := c.nodes[0].Follow(c.ctx, r, slow)
	if err != nil {
		c.Fatalf("Follow: %v", err)
	}
	defer feed.Stop()
	here, there, elsewhere := c.follow(0, r), c.follow(1, r), c.follow(0, other)
	c.publishAll(0, r, 1)
	select {
	case <-slow.called:
	case <-c.ctx.Done():
		c.Fatal("the follower was not called")
	}
	c.publishAll(0, r, 50)
	c.publishAll(1, other, 50)
	here.count(51)
	there.count(51)
	elsewhere.count(50)
	release()
	c.publish(0, r, text("", "end"))
	if got := slow.until("end"); len(got) != 51 {
		c.Errorf("the slow follower was told of %q, want all", datas(got))
	}
}

func stopFeed(c *testCluster) {
	for _, r := range []hub.Room{c.logged(10), c.plain()} {
		stays, stops := c.follow(0, r), c.follow(0, r)
		c.settle(r, 0, stays)
		c.settle(r, 0, stops)
		c.publish(0, r, text("", "before"))
		stays.until("before")
		stops.until("before")
		stops.feed.Stop()
		stops.feed.Stop()
		c.publish(0, r, text("", "after"))
		stays.until("after")
		last := c.follow(0, r) // comes to where the stopped one was
		c.settle(r, 0, last)
		if all, _ := stops.all(); index(all, "after") >= 0 {
			c.Errorf("logged %v: a feed that was stopped told of %q", r.Logged, datas(all))
		}
	}
}
