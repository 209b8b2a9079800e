package nats

import (
	"context"
	"sync"

	natsgo "github.com/nats-io/nats.go"
)

// Messages that NATS pushes to this node come to one of so many goroutines, a room always to the same. A
// goroutine for each subscription would be the client's way; rooms are too many for that.
const shards = 8

// How many messages may wait for a shard. What is more is dropped: logged rooms find that out, plain ones are
// at most once.
const shardQueue = 4096

type shard struct {
	queue chan *natsgo.Msg

	mu        sync.RWMutex
	receivers map[*natsgo.Subscription]receiver
}

// A receiver takes what comes for a subscription, on its shard's goroutine.
type receiver interface {
	receive(m *natsgo.Msg)
	Stop()
}

func newShard() *shard {
	return &shard{queue: make(chan *natsgo.Msg, shardQueue), receivers: make(map[*natsgo.Subscription]receiver)}
}

// run hands on what comes until ctx ends.
func (s *shard) run(ctx context.Context) {
	for {
		select {
		case m := <-s.queue:
			s.mu.RLock()
			r := s.receivers[m.Sub]
			s.mu.RUnlock()
			if r != nil {
				r.receive(m)
			}
		case <-ctx.Done():
			return
		}
	}
}

// subscribe has a receiver told of a subject. It may miss what comes before this returns.
func (s *shard) subscribe(nc *natsgo.Conn, subject string, r receiver) (*natsgo.Subscription, error) {
	sub, err := nc.ChanSubscribe(subject, s.queue)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.receivers[sub] = r
	s.mu.Unlock()
	return sub, nil
}

func (s *shard) unsubscribe(sub *natsgo.Subscription) {
	s.mu.Lock()
	delete(s.receivers, sub)
	s.mu.Unlock()
	sub.Unsubscribe() // fails only when the connection is closed
}

// stop stops all receivers.
func (s *shard) stop() {
	s.mu.RLock()
	all := make([]receiver, 0, len(s.receivers))
	for _, r := range s.receivers {
		all = append(all, r)
	}
	s.mu.RUnlock()
	for _, r := range all {
		r.Stop()
	}
}

// shard returns the one of a subject.
func (b *Broker) shard(subject string) *shard {
	h := uint32(2166136261) // FNV-1a
	for i := 0; i < len(subject); i++ {
		h = (h ^ uint32(subject[i])) * 16777619
	}
	return b.shards[h%shards]
}
