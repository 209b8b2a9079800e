package nats

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A Broker joins Hubs over NATS JetStream. All methods are safe for concurrent use.
//
// A logged room is kept in a stream, of which there is one for each [hub.History] in use; it is made when it
// is first needed, and stays. What is acknowledged is as safe as NATS keeps it: see [Options.Replicas], and
// package embedded on when it is on disk.
//
// An offset is twice the sequence of a message in its stream. An odd one is the place after that sequence,
// for a room that was empty there; it is honoured while nothing of the room after it can have been dropped.
// The epoch is when the stream was made.
//
// While NATS is out of reach, Publish returns [hub.ErrUnavailable], and feeds stand still. When it is back
// they go on where they were.
type Broker struct {
	nc   *natsgo.Conn
	js   jetstream.JetStream
	opts Options

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup // goroutines
	closed atomic.Bool

	shards   []*shard
	repairs  repairs
	presence presence
	link     link
	checks   checks
	health   atomic.Pointer[error] // the last word of JetStream; nil: it answered

	mu        sync.Mutex
	classes   map[string]*class // by their token
	listeners map[*listener]struct{}
}

var _ hub.Broker = (*Broker)(nil)

// New makes a Broker of a connection, which must stay open until the Broker is closed; see [Connect] for one
// that suits. Nil is the zero Options. It does not wait for NATS, and fails only for options that cannot be.
func New(nc *natsgo.Conn, opts *Options) (*Broker, error) {
	o, err := opts.settle()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(o.Timeout))
	if err != nil {
		return nil, fmt.Errorf("hub/nats: %w", err)
	}
	b := &Broker{nc: nc, js: js, opts: o, classes: make(map[string]*class), listeners: make(map[*listener]struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.repairs.b = b
	b.presence.init(b)
	b.checks.kick, b.checks.now = make(chan struct{}, 1), make(chan struct{}, 1)
	for range shards {
		s := newShard()
		b.shards = append(b.shards, s)
		b.tasks.Go(func() { s.run(b.ctx) })
	}
	b.link.renew(b.ctx)
	b.watch()
	b.tasks.Go(b.runChecks)
	return b, nil
}

// Err implements [hub.Broker]: it says that there is no connection, or what JetStream said when it last could
// not do what was asked.
func (b *Broker) Err() error {
	if b.closed.Load() {
		return hub.ErrClosed
	}
	if err := b.connected(); err != nil {
		return err
	}
	if err := b.health.Load(); err != nil {
		return *err
	}
	return nil
}

// connected returns why there is no connection.
func (b *Broker) connected() error {
	switch status := b.nc.Status(); {
	case status == natsgo.CONNECTED, status == natsgo.DRAINING_SUBS, status == natsgo.DRAINING_PUBS:
		return nil
	default:
		if err := b.nc.LastError(); err != nil {
			return fmt.Errorf("%w: NATS: %s: %w", hub.ErrUnavailable, status, err)
		}
		return fmt.Errorf("%w: NATS: %s", hub.ErrUnavailable, status)
	}
}

// Close implements [hub.Broker]. Streams, and what is in them, stay.
func (b *Broker) Close(ctx context.Context) error {
	if b.closed.Swap(true) {
		return nil
	}
	err := b.leavePresence(ctx)
	b.mu.Lock()
	listeners := b.listeners
	b.listeners = nil
	b.mu.Unlock()
	for l := range listeners {
		l.stop()
	}
	for _, c := range b.eachClass() { // a call that is under way may add one
		c.stop()
	}
	for _, s := range b.shards {
		s.stop()
	}
	b.cancel()
	b.tasks.Wait()
	if b.opts.OwnConn {
		b.nc.Close()
	}
	return err
}

// class returns what rooms with a History share.
func (b *Broker) class(h hub.History) *class {
	token := classToken(h)
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.classes[token]
	if c == nil {
		c = newClass(b, token, h)
		b.classes[token] = c
	}
	return c
}

// eachClass returns those in use.
func (b *Broker) eachClass() []*class {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*class, 0, len(b.classes))
	for _, c := range b.classes {
		all = append(all, c)
	}
	return all
}
