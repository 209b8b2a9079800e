package nats

import (
	"context"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// Follow implements [hub.Broker]. A plain room can be followed while NATS is out of reach: its messages come
// when it is back. A Follower that is slow holds nobody up: 4,096 messages, or 16 MiB, wait for it. What is
// more is read from the log later, and dropped in a plain room.
func (b *Broker) Follow(ctx context.Context, r hub.Room, f hub.Follower) (hub.Feed, hub.Position, error) {
	if err := checkName(r.Name); err != nil {
		return nil, hub.Position{}, err
	}
	inner, cancel, err := b.enter(ctx)
	if err != nil {
		return nil, hub.Position{}, err
	}
	defer cancel()
	if !r.Logged {
		feed, err := b.followPlain(inner, r.Name, f)
		return b.followed(ctx, feed, hub.Position{}, err)
	}
	feed, p, err := b.class(r.History).follow(inner, r.Name, f)
	return b.followed(ctx, feed, p, err)
}

// followed is the end of Follow.
func (b *Broker) followed(ctx context.Context, f hub.Feed, p hub.Position, err error) (hub.Feed, hub.Position, error) {
	if err != nil {
		return nil, hub.Position{}, b.leave(ctx, err)
	}
	if b.closed.Load() { // Close may have begun before there was anything to stop
		f.Stop()
		return nil, hub.Position{}, hub.ErrClosed
	}
	return f, p, nil
}

// A plainFeed follows a plain room.
type plainFeed struct {
	outbox
	room  string
	shard *shard
	sub   *natsgo.Subscription
}

func (b *Broker) followPlain(ctx context.Context, room string, follower hub.Follower) (*plainFeed, error) {
	subject := b.plain(room)
	f := &plainFeed{room: room, shard: b.shard(subject)}
	f.follower = follower
	var err error
	if f.sub, err = f.shard.subscribe(b.nc, subject, f); err != nil {
		return nil, err
	}
	b.arrived(ctx)
	if err := ctx.Err(); err != nil {
		f.Stop()
		return nil, err
	}
	return f, nil
}

// arrived waits until the server knows of the subscriptions that were made. When it is out of reach it will
// be told as soon as it is back.
func (b *Broker) arrived(ctx context.Context) {
	if b.nc.IsConnected() {
		b.nc.FlushWithContext(ctx)
	}
}

func (f *plainFeed) receive(m *natsgo.Msg) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.full() && !f.stopped {
		f.put(telling{message: decode(f.room, m.Header, m.Data)})
	}
}

// Stop implements [hub.Feed].
func (f *plainFeed) Stop() {
	if f.stop() {
		f.shard.unsubscribe(f.sub)
	}
}
