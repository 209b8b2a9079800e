package brokertest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func publishReturnsPosition(c *testCluster) {
	r := c.logged(10)
	here, there := c.follow(0, r), c.follow(1, r)
	at := c.publishAll(0, r, 3)
	for _, f := range []*record{here, there} {
		if got := positions(f.count(3)); !slices.Equal(got, at) {
			c.Errorf("a follower has positions %v, want those that Publish returned, %v", got, at)
		}
	}
	if got := positions(c.readAll(1, r, hub.Position{})); !slices.Equal(got, at) {
		c.Errorf("Read has positions %v, want %v", got, at)
	}
}

func positionsIncrease(c *testCluster) {
	r, other := c.logged(100), c.logged(100)
	var last hub.Position
	for i := range 50 {
		p := c.publish(i%2, r, text("", "x"))
		c.publish(0, other, text("", "x"))
		switch {
		case p.Epoch == "":
			c.Fatal("a position has no epoch")
		case p.Offset == 0:
			c.Fatal("a message has offset 0")
		case i > 0 && p.Epoch != last.Epoch:
			c.Fatalf("the epoch went from %q to %q, but nothing was lost", last.Epoch, p.Epoch)
		case p.Offset <= last.Offset:
			c.Fatalf("offset %d comes after %d", p.Offset, last.Offset)
		}
		last = p
	}
}

func fieldsArrive(c *testCluster) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	messages := []*hub.Message{
		{Publisher: "Ada", ID: "an ID: \"7\"", Type: websocket.Text, Data: []byte("hello"), Node: "n-1", Tag: 7},
		{Type: websocket.Binary, Data: every, Node: "n-2", Tag: 1<<64 - 1},
		{Publisher: "Grüße, 世界", ID: "é 🙂", Type: websocket.Text, Data: []byte("🙂")},
		{Publisher: " two  spaces ", ID: " ", Type: websocket.Text},
		{Publisher: "line\r\nNats-Msg-Id: x", ID: "line\r\nbreak", Type: websocket.Binary, Data: []byte{0}},
	}
	for _, r := range []hub.Room{c.logged(10), c.plain()} {
		f := c.follow(1, r)
		c.settle(r, 0, f)
		before := time.Now().Add(-time.Minute) // clocks of machines may differ
		for _, m := range messages {
			sent := *m
			sent.Time = time.Now()
			c.publish(0, r, &sent)
		}
		told := f.wait("all messages", func(all []*hub.Message) bool { return len(unsettled(all)) >= len(messages) })
		check := func(how string, got []*hub.Message) {
			c.Helper()
			got = unsettled(got)
			if len(got) != len(messages) {
				c.Fatalf("%s: %d messages, want %d", how, len(got), len(messages))
			}
			for i, g := range got {
				w := messages[i]
				if g.Room != r.Name || g.Publisher != w.Publisher || g.ID != w.ID || g.Type != w.Type || !bytes.Equal(g.Data, w.Data) ||
					g.Node != w.Node || g.Tag != w.Tag {
					c.Errorf("%s: message %d is %+v, want %+v in room %q", how, i, *g, *w, r.Name)
				}
				if g.Time.Before(before) || g.Time.After(time.Now().Add(time.Minute)) {
					c.Errorf("%s: message %d was taken at %v, but now it is %v", how, i, g.Time, time.Now())
				}
				if (g.Position != hub.Position{}) != r.Logged {
					c.Errorf("%s: message %d has position %q in a room with Logged %v", how, i, g.Position, r.Logged)
				}
			}
		}
		check("Follow", told)
		if r.Logged {
			check("Read", c.readAll(0, r, hub.Position{}))
		}
	}
}

func largeMessageArrives(c *testCluster) {
	data := strings.Repeat("0123456789abcdef", 16<<10) // 256 KiB
	r := c.logged(10)
	f := c.follow(1, r)
	c.publish(0, r, text("", data))
	if got := f.count(1)[0]; string(got.Data) != data {
		c.Errorf("the message has %d octets that are not those that were sent, %d", len(got.Data), len(data))
	}
	for range 7 {
		c.publish(0, r, text("", data))
	}
	if got := c.readAll(1, r, hub.Position{}); len(got) != 8 {
		c.Errorf("Read has %d messages of 256 KiB, want 8", len(got))
	}
}

func oneOrder(c *testCluster) { c.oneOrder(c.logged(1000)) }

func orderedWithoutHistory(c *testCluster) {
	c.oneOrder(hub.Room{Name: c.name(""), Logged: true})
}

// oneOrder has publishers on all nodes publish at once, and compares what followers on all nodes see.
func (c *testCluster) oneOrder(r hub.Room) {
	const each, publishers = 40, 2
	var followers []*record
	for node := range c.nodes {
		followers = append(followers, c.follow(node, r))
	}
	var wg sync.WaitGroup
	for node := range c.nodes {
		for p := range publishers {
			wg.Go(func() {
				for i := range each {
					m := text("", fmt.Sprint(i))
					m.Publisher = fmt.Sprintf("%d.%d", node, p)
					if _, err := c.nodes[node].Publish(c.ctx, r, m); err != nil {
						c.Errorf("node %d: Publish: %v", node, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if c.Failed() {
		return
	}
	total := each * publishers * len(c.nodes)
	first := followers[0].count(total)
	for node, f := range followers {
		all := f.count(total)
		if got, want := positions(all), positions(first); !slices.Equal(got, want) {
			c.Errorf("node %d sees positions %v, node 0 %v", node, got, want)
		}
		if got, want := signed(all), signed(first); !slices.Equal(got, want) {
			c.Errorf("node %d sees %q, node 0 %q", node, got, want)
		}
		c.increasing(all)
	}
	c.publishersInOrder(first, each)
	if r.History.Messages > 0 {
		if got := c.readAll(0, r, hub.Position{}); !slices.Equal(signed(got), signed(first)) {
			c.Errorf("Read has %q, followers saw %q", signed(got), signed(first))
		}
	}
}

// signed tells messages of different publishers apart.
func signed(all []*hub.Message) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = m.Publisher + ":" + string(m.Data)
	}
	return out
}

func (c *testCluster) increasing(all []*hub.Message) {
	c.Helper()
	for i := 1; i < len(all); i++ {
		if all[i].Position.Offset <= all[i-1].Position.Offset {
			c.Errorf("offset %d comes after %d", all[i].Position.Offset, all[i-1].Position.Offset)
		}
	}
}

// publishersInOrder checks that each publisher's messages are "0" and on.
func (c *testCluster) publishersInOrder(all []*hub.Message, each int) {
	c.Helper()
	next := make(map[string]int)
	for _, m := range all {
		if want := fmt.Sprint(next[m.Publisher]); string(m.Data) != want {
			c.Fatalf("publisher %s: message %s where %s was due", m.Publisher, m.Data, want)
		}
		next[m.Publisher]++
	}
	for p, n := range next {
		if n != each {
			c.Errorf("publisher %s: %d messages, want %d", p, n, each)
		}
	}
}

func roomsDoNotMix(c *testCluster) {
	rooms := []hub.Room{c.logged(10), c.logged(10), c.logged(20), {Name: c.name(""), Logged: true}}
	rooms = append(rooms, hub.Room{Name: rooms[0].Name + ".x", Logged: true, History: rooms[0].History})
	var followers []*record
	for _, r := range rooms {
		followers = append(followers, c.follow(1, r))
	}
	for i := range 5 {
		for _, r := range rooms {
			c.publish(0, r, text("", fmt.Sprint(r.Name, " ", i)))
		}
	}
	for i, r := range rooms {
		for n, m := range followers[i].count(5) {
			if want := fmt.Sprint(r.Name, " ", n); string(m.Data) != want || m.Room != r.Name {
				c.Errorf("a follower of %q was told of %q in %q, want %q", r.Name, m.Data, m.Room, want)
			}
		}
		if r.History.Messages == 0 {
			continue
		}
		if got := c.readAll(0, r, hub.Position{}); len(got) != 5 {
			c.Errorf("Read of %q has %q, want 5 messages", r.Name, datas(got))
		}
	}
}

func idTakenOnce(c *testCluster) {
	r := c.logged(10)
	f := c.follow(1, r)
	first := c.publish(0, r, text("one", "first"))
	second := c.publish(0, r, text("two", "second"))
	for node := range c.nodes {
		if p := c.publish(node, r, text("one", "again")); p != first {
			c.Errorf("node %d: the message was appended at %v, and again at %v", node, first, p)
		}
	}
	if p := c.publish(1, r, text("two", "again")); p != second {
		c.Errorf("the message was appended at %v, and again at %v", second, p)
	}
	c.publish(0, r, text("", "end"))
	c.same("a follower", datas(f.until("end")), []string{"first", "second"})
	c.same("Read", datas(c.readAll(0, r, hub.Position{})), []string{"first", "second", "end"})
}

func idTakenOnceAtOnce(c *testCluster) {
	r := c.logged(100)
	f := c.follow(0, r)
	for i := range 10 {
		id := fmt.Sprint("id", i)
		at := make([]hub.Position, 3*len(c.nodes))
		var wg sync.WaitGroup
		for n := range at {
			wg.Go(func() {
				var err error
				if at[n], err = c.nodes[n%len(c.nodes)].Publish(c.ctx, r, text(id, id)); err != nil {
					c.Errorf("Publish: %v", err)
				}
			})
		}
		wg.Wait()
		if c.Failed() {
			return
		}
		for _, p := range at {
			if p != at[0] {
				c.Fatalf("one ID was appended at %v", at)
			}
		}
	}
	c.publish(0, r, text("", "end"))
	if got := f.until("end"); len(got) != 10 {
		c.Errorf("a follower was told of %q, want each once", datas(got))
	}
}

func idOfTwoRooms(c *testCluster) {
	r, other := c.logged(10), c.logged(10)
	c.publish(0, r, text("one", "here"))
	c.publish(0, other, text("one", "there"))
	c.same("the first room", datas(c.readAll(0, r, hub.Position{})), []string{"here"})
	c.same("the second room", datas(c.readAll(0, other, hub.Position{})), []string{"there"})
}

func noID(c *testCluster) {
	r := c.logged(10)
	for range 3 {
		c.publish(0, r, text("", "same"))
	}
	c.same("Read", datas(c.readAll(0, r, hub.Position{})), []string{"same", "same", "same"})
}
