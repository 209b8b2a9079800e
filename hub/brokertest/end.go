package brokertest

import (
	"context"
	"errors"

	"github.com/everwire/everwire/hub"
)

// calls are all that can fail, by name.
func calls(c *testCluster, ctx context.Context, node int, r hub.Room) map[string]error {
	b := c.nodes[node]
	all := make(map[string]error)
	_, all["Publish"] = b.Publish(ctx, r, text("", "x"))
	_, _, all["Follow"] = b.Follow(ctx, r, newRecord(c))
	_, all["Read"] = b.Read(ctx, r, hub.Position{})
	all["Enter"] = b.Enter(ctx, r.Name, hub.Member{ID: "x"})
	all["Exit"] = b.Exit(ctx, r.Name, "x")
	_, all["Present"] = b.Present(ctx, r.Name)
	return all
}

func contextEnded(c *testCluster) {
	r := c.logged(10)
	c.publish(0, r, text("", "before"))
	ctx, cancel := context.WithCancel(c.ctx)
	cancel()
	for name, err := range calls(c, ctx, 0, r) {
		if !errors.Is(err, context.Canceled) {
			c.Errorf("%s with a context that has ended: %v, want context.Canceled", name, err)
		}
	}
	if err := c.nodes[0].Err(); err != nil {
		c.Errorf("then Err is %v", err)
	}
	c.publish(0, r, text("", "after"))
}

func closeEndsFeeds(c *testCluster) {
	r, p := c.logged(10), c.plain()
	gone := []*record{c.follow(0, r), c.follow(0, p), c.listen(0, p.Name), c.listen(0, ">")}
	stays, staysPlain := c.follow(1, r), c.follow(1, p)
	if err := c.nodes[0].Close(c.ctx); err != nil {
		c.Fatalf("Close: %v", err)
	}
	c.settle(p, 1, staysPlain)
	c.publish(1, r, text("", "after"))
	stays.until("after")
	c.publish(1, p, text("", "after"))
	staysPlain.until("after")
	for _, f := range gone {
		if all, _ := f.all(); index(all, "after") >= 0 {
			c.Errorf("a feed of a closed broker told of %q", datas(all))
		}
		f.feed.Stop()
	}
	if got := datas(c.readAll(1, r, hub.Position{})); len(got) != 1 {
		c.Errorf("Read at the other node has %q", got)
	}
}

func callsAfterClose(c *testCluster) {
	r := c.logged(10)
	c.publish(0, r, text("", "before"))
	for range 2 {
		if err := c.nodes[0].Close(c.ctx); err != nil {
			c.Fatalf("Close: %v", err)
		}
	}
	all := calls(c, c.ctx, 0, r)
	_, all["Listen"] = c.nodes[0].Listen(c.name(".*"), func(*hub.Message) {})
	_, all["Watch"] = c.nodes[0].Watch(r.Name, func(hub.PresenceEvent) {})
	all["Err"] = c.nodes[0].Err()
	for name, err := range all {
		if !errors.Is(err, hub.ErrClosed) {
			c.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
	c.same("Read at the other node", datas(c.readAll(1, r, hub.Position{})), []string{"before"})
}
