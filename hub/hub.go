package hub

import (
	"context"
	"crypto/rand"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/websocket"
)

// A Hub knows which sockets of this process are in which room. A socket leaves all its rooms by itself when
// its connection ends. All methods are safe for concurrent use, and may be called in a socket's listeners.
type Hub struct {
	broker Broker
	alone  bool // nobody else has the broker
	node   string
	ask    func(name string) RoomOptions
	log    *slog.Logger

	rooms  table
	shared atomic.Pointer[[]*settings]

	joined, left []func(*websocket.Socket, string)
	arrivals     arrivals
	presence     presence

	figures   figures
	drops     websocket.TopicCounts
	tails     tails
	tag       atomic.Uint64
	listeners atomic.Int64 // calls of Subscribe that go on

	closed  atomic.Bool
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	working sync.WaitGroup // goroutines
}

// New makes a Hub. Nil is the zero Options.
func New(opts *Options) *Hub {
	if opts == nil {
		opts = &Options{}
	}
	h := &Hub{broker: opts.Broker, node: opts.Node, ask: opts.Room, log: opts.Log}
	if h.broker == nil {
		h.broker, h.alone = NewMemory(nil), true
	}
	if h.node == "" {
		h.node = rand.Text()[:10]
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	h.rooms.seed = maphash.MakeSeed()
	h.tails.init(opts.Tail)
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.presence.init(h)
	return h
}

// Node returns the Hub's name among those of its broker.
func (h *Hub) Node() string { return h.node }

// Close takes all members out of their rooms, and closes the broker. Sockets stay open. What is called
// afterwards returns [ErrClosed]. It waits, as long as ctx says, for what the Hub has under way.
func (h *Hub) Close(ctx context.Context) error {
	if h.closed.Swap(true) {
		return ErrClosed
	}
	for i := range h.rooms.shards {
		sh := &h.rooms.shards[i]
		sh.mu.Lock()
		sh.closed = true
		sh.mu.Unlock()
	}
	h.rooms.each(func(r *room) {
		for _, s := range r.group.Members() {
			r.remove(s)
		}
	})
	h.presence.close()
	h.cancel()
	idle := make(chan struct{})
	go func() {
		h.working.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	return h.broker.Close(ctx)
}
