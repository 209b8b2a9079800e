package brokertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/everwire/everwire/hub"
)

// What settle publishes begins so.
const settling = "settle "

// settle publishes at a node until a follower of a plain room is told of it. What is delivered at most once
// may take a moment to find the way to another node; what comes after it has is not lost any more.
func (c *testCluster) settle(r hub.Room, node int, f *record) {
	c.Helper()
	c.settleWith(f, node, func(data string) { c.publish(node, r, text("", data)) })
}

func (c *testCluster) settleWith(f *record, node int, publish func(data string)) {
	c.Helper()
	mark := fmt.Sprint(settling, node, " ")
	try := 0
	c.until("messages arrive", func() error {
		all, _ := f.all()
		if slices.ContainsFunc(all, func(m *hub.Message) bool { return strings.HasPrefix(string(m.Data), mark) }) {
			return nil
		}
		try++
		publish(fmt.Sprint(mark, try))
		return fmt.Errorf("none of %d", try)
	})
	// Those that are under way still must not look like what comes.
	last := fmt.Sprint(mark, "last")
	publish(last)
	f.until(last)
}

// unsettled returns messages without those of settle.
func unsettled(all []*hub.Message) []*hub.Message {
	return slices.DeleteFunc(slices.Clone(all), func(m *hub.Message) bool { return strings.HasPrefix(string(m.Data), settling) })
}

func plainReachesAll(c *testCluster) {
	r := c.plain()
	var followers []*record
	for node := range c.nodes {
		f := c.follow(node, r)
		if !f.from.IsZero() {
			c.Errorf("node %d: Follow of a plain room returned position %v", node, f.from)
		}
		followers = append(followers, f)
	}
	for from := range c.nodes {
		for _, f := range followers {
			c.settle(r, from, f)
		}
	}
	for from := range c.nodes {
		if p := c.publish(from, r, text("same ID", fmt.Sprint("from ", from))); !p.IsZero() {
			c.Errorf("Publish in a plain room returned position %v", p)
		}
	}
	for from := range c.nodes {
		c.publish(from, r, text("", fmt.Sprint("end ", from)))
	}
	for node, f := range followers {
		for from := range c.nodes {
			f.until(fmt.Sprint("end ", from))
			all, _ := f.all()
			n := 0
			for _, m := range all {
				if string(m.Data) == fmt.Sprint("from ", from) {
					n++
				}
			}
			if n != 1 {
				c.Errorf("node %d was told %d times of what node %d published", node, n, from)
			}
		}
	}
}

func plainOrder(c *testCluster) {
	const each = 100
	r := c.plain()
	var followers []*record
	for node := range c.nodes {
		followers = append(followers, c.follow(node, r))
	}
	for from := range c.nodes {
		for _, f := range followers {
			c.settle(r, from, f)
		}
	}
	var wg sync.WaitGroup
	for from := range c.nodes {
		wg.Go(func() {
			for i := range each {
				m := text("", fmt.Sprint(i))
				m.Publisher = fmt.Sprint(from)
				if _, err := c.nodes[from].Publish(c.ctx, r, m); err != nil {
					c.Errorf("Publish: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if c.Failed() {
		return
	}
	for _, f := range followers {
		all := f.wait("all messages", func(all []*hub.Message) bool { return len(unsettled(all)) >= each*len(c.nodes) })
		c.publishersInOrder(unsettled(all), each)
	}
}
