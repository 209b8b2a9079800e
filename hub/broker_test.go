package hub_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/everwire/everwire/hub"
)

// A shaky is a Memory that can be cut off, and whose feeds can be held up or lose messages.
type shaky struct {
	*hub.Memory
	mu       sync.Mutex
	err      error
	follows  int
	reads    int
	refuse   func(m hub.Member) error
	read     func()                // called when Read has its answer
	feeds    map[string]*shakyFeed // the youngest of each room
	followed chan struct{}
}

func newShaky() *shaky {
	return &shaky{Memory: hub.NewMemory(nil), feeds: map[string]*shakyFeed{}, followed: make(chan struct{}, 1000)}
}

// cut makes the broker unavailable, or, with false, available.
func (b *shaky) cut(off bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = nil
	if off {
		b.err = fmt.Errorf("%w: cut off by the test", hub.ErrUnavailable)
	}
}

func (b *shaky) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *shaky) count() (follows, reads int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.follows, b.reads
}

func (b *shaky) Publish(ctx context.Context, r hub.Room, m *hub.Message) (hub.Position, error) {
	if err := b.Err(); err != nil {
		return hub.Position{}, err
	}
	return b.Memory.Publish(ctx, r, m)
}

func (b *shaky) Follow(ctx context.Context, r hub.Room, f hub.Follower) (hub.Feed, hub.Position, error) {
	b.mu.Lock()
	err, feed := b.err, &shakyFeed{Follower: f}
	b.follows++
	b.feeds[r.Name] = feed
	b.mu.Unlock()
	b.followed <- struct{}{}
	if err != nil {
		return nil, hub.Position{}, err
	}
	return b.Memory.Follow(ctx, r, feed)
}

func (b *shaky) Read(ctx context.Context, r hub.Room, after hub.Position) ([]*hub.Message, error) {
	b.mu.Lock()
	b.reads++
	read := b.read
	b.mu.Unlock()
	if err := b.Err(); err != nil {
		return nil, err
	}
	if read != nil {
		defer read()
	}
	return b.Memory.Read(ctx, r, after)
}

func (b *shaky) Enter(ctx context.Context, room string, m hub.Member) error {
	b.mu.Lock()
	err, refuse := b.err, b.refuse
	b.mu.Unlock()
	if err == nil && refuse != nil {
		err = refuse(m)
	}
	if err != nil {
		return err
	}
	return b.Memory.Enter(ctx, room, m)
}

func (b *shaky) Exit(ctx context.Context, room, id string) error {
	if err := b.Err(); err != nil {
		return err
	}
	return b.Memory.Exit(ctx, room, id)
}

func (b *shaky) feed(room string) *shakyFeed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.feeds[room]
}

// A shakyFeed can be held.
type shakyFeed struct {
	hub.Follower
	mu   sync.Mutex
	told int
}

func (f *shakyFeed) Message(m *hub.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told++
	f.Follower.Message(m)
}

// twoHubs returns Hubs of two nodes that share a Memory.
func twoHubs(t testing.TB, room func(string) hub.RoomOptions) (a, b *hub.Hub) {
	m := hub.NewMemory(nil)
	a = newHub(t, &hub.Options{Broker: m, Room: room, Node: "a"})
	b = newHub(t, &hub.Options{Broker: m.Node(), Room: room, Node: "b"})
	return a, b
}
