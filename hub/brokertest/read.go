package brokertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/everwire/everwire/hub"
)

func readFromEach(c *testCluster) {
	const n = 30
	r, between := c.logged(100), c.logged(100)
	var at []hub.Position
	for i := range n {
		at = append(at, c.publish(i%2, r, text("", fmt.Sprint(i))))
		c.publish(0, between, text("", "x"))
	}
	for node := range c.nodes {
		for i, p := range at {
			var want []string
			for next := i + 1; next < n; next++ {
				want = append(want, fmt.Sprint(next))
			}
			c.same(fmt.Sprintf("node %d: Read after %d", node, i), datas(c.readAll(node, r, p)), want)
		}
		if got := c.readAll(node, r, hub.Position{}); len(got) != n {
			c.Errorf("node %d: Read from the zero Position has %q", node, datas(got))
		}
	}
}

func readUnused(c *testCluster) {
	if got := c.readAll(0, c.logged(10), hub.Position{}); len(got) != 0 {
		c.Errorf("Read of a room that nobody has used has %q", datas(got))
	}
}

func lastAreKept(c *testCluster) {
	r := c.logged(5)
	c.publishAll(0, r, 12)
	c.until("node 1 has the last five", func() error {
		got := datas(c.readAll(1, r, hub.Position{}))
		if fmt.Sprint(got) != "[7 8 9 10 11]" {
			return fmt.Errorf("there is %q", got)
		}
		return nil
	})
}

// tooOld waits until a position is too old.
func (c *testCluster) tooOld(node int, r hub.Room, p hub.Position) {
	c.Helper()
	c.until("the position is too old", func() error {
		got, err := c.nodes[node].Read(c.ctx, r, p)
		if errors.Is(err, hub.ErrTooOld) {
			return nil
		}
		return fmt.Errorf("after %v there is %q and error %v, want ErrTooOld", p, datas(got), err)
	})
}

func tooOldByCount(c *testCluster) {
	r := c.logged(3)
	at := c.publishAll(0, r, 6) // 3, 4 and 5 are kept
	for node := range c.nodes {
		for _, p := range at[:3] { // also that of 2, although nothing after it is missing
			c.tooOld(node, r, p)
		}
		c.same("Read after the oldest that is kept", datas(c.readAll(node, r, at[3])), []string{"4", "5"})
		c.same("Read after the last", datas(c.readAll(node, r, at[5])), nil)
	}
}

func tooOldByAge(c *testCluster) {
	r := c.logged(100)
	r.History.Age = time.Second
	at := c.publishAll(0, r, 3)
	for node := range c.nodes {
		for _, p := range at {
			c.tooOld(node, r, p)
		}
		c.until("nothing is kept", func() error {
			if got := c.readAll(node, r, hub.Position{}); len(got) > 0 {
				return fmt.Errorf("there is %q", datas(got))
			}
			return nil
		})
	}
	// The log goes on where it was.
	if next := c.publish(1, r, text("", "next")); next.Epoch != at[2].Epoch || next.Offset <= at[2].Offset {
		c.Errorf("after %v was dropped the next message is at %v", at[2], next)
	}
	c.tooOld(1, r, at[2])
}

func tooOldByEpoch(c *testCluster) {
	r := c.logged(10)
	for _, p := range c.publishAll(0, r, 2) {
		for _, epoch := range []string{"another", "", p.Epoch + "x"} {
			c.tooOld(0, r, hub.Position{Epoch: epoch, Offset: p.Offset})
		}
	}
}

func emptyPosition(c *testCluster) {
	r, other := c.logged(10), c.logged(10)
	c.publishAll(0, other, 3)
	from := c.follow(0, r).from
	for node := range c.nodes {
		c.same("Read of an empty room", datas(c.readAll(node, r, from)), nil)
	}
	c.publishAll(0, other, 3)
	c.publishAll(1, r, 3)
	for node := range c.nodes {
		c.same("Read after the position of the empty room", datas(c.readAll(node, r, from)), []string{"0", "1", "2"})
	}
}

func emptyPositionTooOld(c *testCluster) {
	r := c.logged(3)
	from := c.follow(0, r).from
	c.publishAll(1, r, 5)
	for node := range c.nodes {
		c.tooOld(node, r, from)
	}
}

func readPlain(c *testCluster) {
	r := c.plain()
	c.publish(0, r, text("", "x"))
	if got, err := c.nodes[0].Read(c.ctx, r, hub.Position{}); !errors.Is(err, hub.ErrNoHistory) {
		c.Errorf("Read of a plain room has %q and error %v, want ErrNoHistory", datas(got), err)
	}
}
