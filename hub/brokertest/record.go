package brokertest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/hub"
)

// A record is a Follower that remembers what it is told.
type record struct {
	c    *testCluster
	feed hub.Feed
	from hub.Position

	calls atomic.Int32 // at the moment

	mu       sync.Mutex
	messages []*hub.Message
	changed  chan struct{} // closed, and made anew, with each message
}

func newRecord(c *testCluster) *record { return &record{c: c, changed: make(chan struct{})} }

func (f *record) Message(m *hub.Message) {
	if f.calls.Add(1) != 1 {
		f.c.Error("a Follower was called while it was called")
	}
	defer f.calls.Add(-1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, m)
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *record) Lost(p hub.Position) {
	f.c.Errorf("Lost(%v), but the broker was never out of reach", p)
}

// all returns what it was told so far, and what is closed when there is more.
func (f *record) all() ([]*hub.Message, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.messages), f.changed
}

// wait waits for what it was told to be enough.
func (f *record) wait(what string, enough func([]*hub.Message) bool) []*hub.Message {
	f.c.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		all, changed := f.all()
		if enough(all) {
			return all
		}
		select {
		case <-changed:
		case <-deadline.C:
			f.c.Fatalf("%s: not after %v; what came is %q", what, patience, datas(all))
		}
	}
}

// count waits for so many messages.
func (f *record) count(n int) []*hub.Message {
	f.c.Helper()
	return f.wait("messages", func(all []*hub.Message) bool { return len(all) >= n })
}

// until waits for a message with a content, and returns what came before it.
func (f *record) until(data string) []*hub.Message {
	f.c.Helper()
	all := f.wait("the message "+data, func(all []*hub.Message) bool { return index(all, data) >= 0 })
	return all[:index(all, data)]
}

func index(all []*hub.Message, data string) int {
	return slices.IndexFunc(all, func(m *hub.Message) bool { return string(m.Data) == data })
}

func datas(all []*hub.Message) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = string(m.Data)
	}
	return out
}

func positions(all []*hub.Message) []hub.Position {
	out := make([]hub.Position, len(all))
	for i, m := range all {
		out[i] = m.Position
	}
	return out
}

// same fails the test if what came is not what was to come.
func (c *testCluster) same(what string, got, want []string) {
	c.Helper()
	if !slices.Equal(got, want) {
		c.Fatalf("%s: %q, want %q", what, got, want)
	}
}
