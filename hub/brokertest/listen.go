package brokertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/everwire/everwire/hub"
)

// listen listens at a node.
func (c *testCluster) listen(node int, pattern string) *record {
	c.Helper()
	f := newRecord(c)
	stop, err := c.nodes[node].Listen(pattern, f.Message)
	if err != nil {
		c.Fatalf("node %d: Listen(%q): %v", node, pattern, err)
	}
	f.feed = stopper(stop)
	return f
}

type stopper func()

func (s stopper) Stop() { s() }

// Patterns and names of rooms, each after a token that no other test has.
var (
	listenNames = []string{
		"a", "b", "a.b", "a.c", "b.b", "a.b.c", "a.b.c.d", "a.", "a..b", ".a", "..", "a.*", "a.>", "*", ">", "a*", "a.b*", "*b", "a.>.b", "a.x.b",
		"a b", "a b.c d", "grüße.世界", "grüße.🙂", "a\tb", "a\r\nb", "A", "%61", "a_b", "a=b", "a/b", "$a", "a\x00b", "e\u0301", "\u00e9",
	}
	listenPatternsOf = []struct {
		pattern string
		matches []string
	}{
		{"a", []string{"a"}},
		{"a.b", []string{"a.b"}},
		{"*.b", []string{"a.b", "b.b"}},
		{"a.*", []string{"a.b", "a.c", "a.", "a.*", "a.>", "a.b*"}},
		{"a.*.c", []string{"a.b.c"}},
		{"a.*.*", []string{"a..b", "a.b.c", "a.>.b", "a.x.b"}},
		{"*.*.*", []string{"a.b.c", "a..b", "..", "a.>.b", "a.x.b"}},
		{"a.>", []string{"a.b", "a.c", "a.b.c", "a.b.c.d", "a.", "a..b", "a.*", "a.>", "a.b*", "a.>.b", "a.x.b"}},
		{"a.b.>", []string{"a.b.c", "a.b.c.d"}},
		{"*.>", []string{"a.b", "a.c", "b.b", "a.b.c", "a.b.c.d", "a.", "a..b", ".a", "..", "a.*", "a.>", "a.b*", "a.>.b", "a.x.b", "a b.c d", "grüße.世界", "grüße.🙂"}},
		{">", listenNames},
		{"a*", []string{"a*"}},
		{"*b", []string{"*b"}},
		{"a.b*", []string{"a.b*"}},
		{"a.>.b", []string{"a.>.b"}},
		{"a..b", []string{"a..b"}},
		{"a..*", []string{"a..b"}},
		{".*", []string{".a"}},
		{".>", []string{".a", ".."}},
		{"a.", []string{"a."}},
		{"a b", []string{"a b"}},
		{"a b.*", []string{"a b.c d"}},
		{"grüße.*", []string{"grüße.世界", "grüße.🙂"}},
		{"*.🙂", []string{"grüße.🙂"}},
		{"a\tb", []string{"a\tb"}},
		{"%61", []string{"%61"}},
		{"a_b", []string{"a_b"}},
		{"\u00e9", []string{"\u00e9"}},
	}
)

func listenPatterns(c *testCluster) {
	space := c.name(".")
	room := func(name string) hub.Room { return hub.Room{Name: space + name} }
	listeners := make([]*record, len(listenPatternsOf))
	for i, p := range listenPatternsOf {
		listeners[i] = c.listen(1, space+p.pattern)
		c.settleWith(listeners[i], 0, func(data string) { c.publish(0, room(p.matches[0]), text("", data)) })
	}
	for _, name := range listenNames {
		c.publish(0, room(name), text("", name))
	}
	for i, p := range listenPatternsOf {
		end := fmt.Sprint("end ", i)
		c.publish(0, room(p.matches[0]), text("", end))
		var got []string
		for _, m := range listeners[i].until(end) {
			if strings.HasPrefix(string(m.Data), settling) || strings.HasPrefix(string(m.Data), "end ") {
				continue
			}
			got = append(got, string(m.Data))
			if m.Room != space+string(m.Data) {
				c.Errorf("a message of %q was said to be of %q", space+string(m.Data), m.Room)
			}
		}
		want := slices.Clone(p.matches)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.Errorf("Listen(%q) heard %q, want %q", p.pattern, got, want)
		}
	}
}

func listenLogged(c *testCluster) {
	space := c.name("")
	r := hub.Room{Name: space + ".x", Logged: true, History: hub.History{Messages: 5}}
	for _, pattern := range []string{space + ".*", space + ".x", space + ".>"} {
		f := c.listen(1, pattern)
		c.settle(r, 0, f)
		at := c.publish(0, r, text(pattern, pattern))
		c.publish(0, r, text(pattern, "again"))
		c.publish(0, r, text("", "end of "+pattern))
		got := unsettled(f.until("end of " + pattern))
		if len(got) != 1 || string(got[0].Data) != pattern || got[0].Position != at || got[0].Room != r.Name {
			c.Errorf("Listen(%q) heard %q at %v, want it at %v, once", pattern, datas(got), positions(got), at)
		}
	}
}

func listenStops(c *testCluster) {
	space := c.name("")
	r := hub.Room{Name: space + ".x"}
	for _, pattern := range []string{space + ".*", space + ".x"} {
		stays, stops := c.listen(0, pattern), c.listen(0, pattern)
		c.settle(r, 0, stays)
		c.settle(r, 0, stops)
		stops.feed.Stop()
		stops.feed.Stop()
		c.publish(0, r, text("", "after"))
		stays.until("after")
		c.settle(r, 0, c.listen(0, pattern))
		if all, _ := stops.all(); index(all, "after") >= 0 {
			c.Errorf("Listen(%q) heard %q after it was stopped", pattern, datas(all))
		}
	}
}

// anyName has rooms whose names are easily taken for each other, with and without a log.
func anyName(c *testCluster) {
	space := c.name("")
	names := []string{strings.Repeat("x", 200-len(space)), strings.Repeat("🙂", 20)}
	for _, name := range listenNames {
		names = append(names, "."+name)
	}
	for _, logged := range []bool{true, false} {
		followers := make([]*record, len(names))
		rooms := make([]hub.Room, len(names))
		for i, name := range names {
			rooms[i] = hub.Room{Name: space + name, Logged: logged}
			if logged {
				rooms[i].History.Messages = 10
			}
			followers[i] = c.follow(1, rooms[i])
		}
		if !logged {
			for i, r := range rooms {
				c.settle(r, 0, followers[i])
			}
		}
		for _, end := range []string{"", " end"} {
			for _, r := range rooms {
				c.publish(0, r, text("", r.Name+end))
			}
		}
		for i, r := range rooms {
			got := unsettled(followers[i].until(r.Name + " end"))
			c.same(fmt.Sprintf("a follower of %q", r.Name), datas(got), []string{r.Name})
			if got[0].Room != r.Name {
				c.Errorf("a message of %q was said to be of %q", r.Name, got[0].Room)
			}
			if logged {
				c.same(fmt.Sprintf("Read of %q", r.Name), datas(c.readAll(0, r, hub.Position{})), []string{r.Name, r.Name + " end"})
			}
		}
	}
}
