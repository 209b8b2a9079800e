package brokertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/hub"
)

func (c *testCluster) enter(node int, room, id, value string) {
	c.Helper()
	m := hub.Member{ID: id, Node: nodeName(node)}
	if value != "" {
		m.Value = []byte(value)
	}
	if err := c.nodes[node].Enter(c.ctx, room, m); err != nil {
		c.Fatalf("node %d: Enter: %v", node, err)
	}
}

func (c *testCluster) exit(node int, room, id string) {
	c.Helper()
	if err := c.nodes[node].Exit(c.ctx, room, id); err != nil {
		c.Fatalf("node %d: Exit: %v", node, err)
	}
}

func nodeName(node int) string { return fmt.Sprint("node", node) }

// present waits until a node sees that those are in a room, each as "id@node=value".
func (c *testCluster) present(node int, room string, want ...string) {
	c.Helper()
	slices.Sort(want)
	c.until("who is present", func() error {
		members, err := c.nodes[node].Present(c.ctx, room)
		if err != nil {
			return err
		}
		var got []string
		for _, m := range members {
			got = append(got, describe(m))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("node %d sees %q, want %q", node, got, want)
		}
		return nil
	})
}

func describe(m hub.Member) string {
	return m.ID + "@" + m.Node + "=" + string(m.Value)
}

func presenceOnAllNodes(c *testCluster) {
	room, other := c.name(""), c.name("")
	for node := range c.nodes {
		c.present(node, room)
	}
	c.enter(0, room, "ada", "")
	c.enter(1, room, "bob", "red")
	c.enter(1, room, "eve", "\x00\xff")
	c.enter(2, other, "ada", "elsewhere")
	for node := range c.nodes {
		c.present(node, room, "ada@node0=", "bob@node1=red", "eve@node1=\x00\xff")
		c.present(node, other, "ada@node2=elsewhere")
	}
	c.exit(1, room, "bob")
	c.exit(0, room, "nobody")
	c.exit(0, c.name(""), "nobody")
	for node := range c.nodes {
		c.present(node, room, "ada@node0=", "eve@node1=\x00\xff")
	}
	c.exit(0, room, "ada")
	c.exit(1, room, "eve")
	for node := range c.nodes {
		c.present(node, room)
		c.present(node, other, "ada@node2=elsewhere")
	}
}

func presenceValue(c *testCluster) {
	room := c.name("")
	for _, value := range []string{"one", "two", "", "three"} {
		c.enter(0, room, "ada", value)
		for node := range c.nodes {
			c.present(node, room, "ada@node0="+value)
		}
	}
}

// changes are what a watch was told, each as "+id@node=value" or "-id".
type changes struct {
	c       *testCluster
	mu      sync.Mutex
	all     []string
	changed chan struct{}
}

func (c *testCluster) watch(node int, room string) (w *changes, stop func()) {
	c.Helper()
	w = &changes{c: c, changed: make(chan struct{})}
	stop, err := c.nodes[node].Watch(room, func(e hub.PresenceEvent) {
		if e.Room != room {
			c.Errorf("a watch of room %q was told of %q", room, e.Room)
		}
		change := "+" + describe(e.Member)
		if e.Left {
			change = "-" + e.Member.ID
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = append(w.all, change)
		close(w.changed)
		w.changed = make(chan struct{})
	})
	if err != nil {
		c.Fatalf("node %d: Watch: %v", node, err)
	}
	return w, stop
}

// next waits for one more change than was waited for before.
func (w *changes) next(n int, want string) {
	w.c.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		w.mu.Lock()
		all, changed := slices.Clone(w.all), w.changed
		w.mu.Unlock()
		if len(all) > n {
			if all[n] != want {
				w.c.Fatalf("change %d is %q, want %q; all are %q", n, all[n], want, all)
			}
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			w.c.Fatalf("no change %q after %v; what came is %q", want, patience, all)
		}
	}
}

func presenceWatched(c *testCluster) {
	room, other := c.name(""), c.name("")
	c.enter(0, room, "before", "")
	for node := range c.nodes {
		c.present(node, room, "before@node0=")
	}
	here, stopHere := c.watch(0, room)
	there, stopThere := c.watch(1, room)
	defer stopThere()
	steps := []struct {
		do   func()
		want string
	}{
		{func() { c.enter(0, room, "ada", "one") }, "+ada@node0=one"},
		{func() { c.enter(0, room, "ada", "two") }, "+ada@node0=two"},
		{func() { c.enter(1, other, "eve", ""); c.enter(1, room, "bob", "") }, "+bob@node1="},
		{func() { c.exit(0, room, "ada") }, "-ada"},
		{func() { c.exit(0, room, "before") }, "-before"},
		{func() { c.enter(0, room, "ada", "three") }, "+ada@node0=three"},
	}
	for i, step := range steps {
		step.do()
		here.next(i, step.want)
		there.next(i, step.want)
	}
	stopHere()
	stopHere()
	c.exit(1, room, "bob")
	there.next(len(steps), "-bob")
	here.mu.Lock()
	defer here.mu.Unlock()
	if len(here.all) != len(steps) {
		c.Errorf("a watch that was stopped was told of %q", here.all[len(steps):])
	}
}

func presenceNames(c *testCluster) {
	space := c.name("")
	names := append([]string{strings.Repeat("x", 200-len(space))}, listenNames...)
	for i, name := range names {
		c.enter(i%2, space+name, name, "in "+name)
		c.enter(0, space, name, "")
	}
	var all []string
	for i, name := range names {
		c.present(1, space+name, name+"@"+nodeName(i%2)+"=in "+name)
		all = append(all, name+"@node0=")
	}
	c.present(1, space, all...)
	for i, name := range names {
		c.exit(i%2, space+name, name)
	}
	for _, name := range names {
		c.present(0, space+name)
	}
	c.present(0, space, all...)
}

func presenceMoved(c *testCluster) {
	room := c.name("")
	c.enter(0, room, "ada", "old")
	c.present(1, room, "ada@node0=old")
	c.enter(1, room, "ada", "new")
	c.present(0, room, "ada@node1=new")
	c.exit(0, room, "ada")
	c.enter(0, room, "end", "")
	for node := range c.nodes {
		c.present(node, room, "ada@node1=new", "end@node0=")
	}
	c.exit(1, room, "ada")
	for node := range c.nodes {
		c.present(node, room, "end@node0=")
	}
}

func presenceNodeCloses(c *testCluster) {
	room, other := c.name(""), c.name("")
	for node := range c.nodes {
		c.enter(node, room, fmt.Sprint("m", node), "")
	}
	c.enter(1, other, "x", "")
	c.present(0, room, "m0@node0=", "m1@node1=", "m2@node2=")
	w, stop := c.watch(0, room)
	defer stop()
	if err := c.nodes[1].Close(c.ctx); err != nil {
		c.Fatalf("Close: %v", err)
	}
	w.next(0, "-m1")
	for _, node := range []int{0, 2} {
		c.present(node, room, "m0@node0=", "m2@node2=")
		c.present(node, other)
	}
}
