package nats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/everwire/everwire/hub"
)

// Who is present is known to the nodes, each for its own members, and written to a bucket so that all can read it:
//
//	<prefix>_presence   <session>.<room's tokens>.<id's token>     a member: who, of which node
//	<prefix>_nodes      lease.<session>                            lives for Options.Lease, renewed three times as often
//	                    node.<session>                             stays until the session's members were removed
//
// A session is a node's life without a break: one that was cut off for longer than its lease has lost it for good, and begins another, under which
// it enters its members again. So whoever sees a session without a lease may remove what is written under it, at any time and all at once: nothing comes back. The
// buckets are in memory: they hold nothing that the nodes do not know, and a join need not wait for a disk.
//
// Nobody watches the bucket: with many rooms of few members each node would be told of all the cluster's members. The bucket's stream republishes what is written to
// <prefix>.m.<same tokens>, and a node subscribes there for the rooms that are watched here, which costs a subscription of core NATS for each and no consumer.

// presence is a Broker's part in who is present.
type presence struct {
	b    *Broker
	gate chan struct{} // held by who renews the lease

	mu       sync.Mutex
	begun    bool
	session  *session // nil before the first
	own      map[string]map[string]*standing
	dirty    map[*standing]struct{} // those that the bucket may not know as they are
	rooms    map[string]*watched    // by the room's tokens
	sessions sessions
	news     news
	wake     chan struct{} // look at once
}

func (p *presence) init(b *Broker) {
	p.b = b
	p.gate = make(chan struct{}, 1)
	p.wake = make(chan struct{}, 1)
	p.own = make(map[string]map[string]*standing)
	p.dirty = make(map[*standing]struct{})
	p.rooms = make(map[string]*watched)
	p.sessions.init()
	p.news.init()
}

// begin has the presence's goroutines run, which a node that has no use for presence does not need.
func (p *presence) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun || p.b.closed.Load() {
		return
	}
	p.begun = true
	p.b.tasks.Go(p.keep)
	p.b.tasks.Go(func() { p.news.run(p.b.ctx) })
}

// Enter implements [hub.Broker]. After an error the member is entered as soon as NATS can be reached, unless Exit is called before.
func (b *Broker) Enter(ctx context.Context, room string, m hub.Member) error {
	if err := checkMember(room, m.ID); err != nil {
		return err
	}
	inner, done, err := b.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	b.presence.begin()
	m.Value = bytes.Clone(m.Value)
	return b.leave(ctx, b.presence.set(inner, room, m.ID, &m))
}

// Exit implements [hub.Broker]. After an error the member is removed as soon as NATS can be reached.
func (b *Broker) Exit(ctx context.Context, room, id string) error {
	if err := checkMember(room, id); err != nil {
		return err
	}
	inner, done, err := b.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	return b.leave(ctx, b.presence.set(inner, room, id, nil))
}

// Present implements [hub.Broker]. Members are in no order. What another node has told NATS a moment ago may not be there yet; what this one has, is.
func (b *Broker) Present(ctx context.Context, room string) ([]hub.Member, error) {
	if err := checkName(room); err != nil {
		return nil, err
	}
	inner, done, err := b.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	b.presence.begin()
	members, err := b.presence.present(inner, room)
	return members, b.leave(ctx, err)
}

// maxID is how long a member's ID may be, so that a subject is not too long for NATS.
const maxID = 800

func checkMember(room, id string) error {
	if len(id) > maxID {
		return refuse("a member's ID of %d octets: %d are the most", len(id), maxID)
	}
	return checkName(room)
}

// A standing is a member of this node.
type standing struct {
	room, id string // their tokens

	mu     sync.Mutex // held while NATS is told; before presence.mu
	member *hub.Member
	gone   bool // from own: look for another

	told   *session    // under which NATS was told something, if it was
	stored *hub.Member // what it is sure to know under that

	shown hub.Member // under presence.mu: what others see, if there is a seq
	seq   uint64
}

// set has a member be as it is, or removed if it is nil.
func (p *presence) set(ctx context.Context, room, id string, m *hub.Member) error {
	tokens, token := encodeRoom(room), string(appendToken(nil, id))
	for {
		s := p.standing(tokens, token, m != nil)
		if s == nil {
			return nil
		}
		s.mu.Lock()
		if s.gone {
			s.mu.Unlock()
			continue
		}
		s.member = m
		err := p.tell(ctx, s)
		s.mu.Unlock()
		return err
	}
}

// standing returns that of a member, and makes one that is dirty, if asked for.
func (p *presence) standing(room, id string, create bool) *standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.own[room][id]
	if s == nil && create {
		s = &standing{room: room, id: id}
		if p.own[room] == nil {
			p.own[room] = make(map[string]*standing)
		}
		p.own[room][id] = s
	}
	if s != nil {
		p.dirty[s] = struct{}{}
	}
	return s
}

// tell has NATS know of a member what the node knows. Call with its mu held.
func (p *presence) tell(ctx context.Context, s *standing) error {
	for {
		ses, err := p.lease(ctx)
		if err != nil {
			return err
		}
		var seq uint64
		switch {
		case s.member == nil:
			if s.told == ses {
				if err := p.remove(ctx, ses, s); err != nil {
					return err
				}
			}
			p.forget(s)
			return nil
		case s.told != ses || !same(s.stored, s.member):
			s.told, s.stored = ses, nil
			if seq, err = p.put(ctx, ses, s); err != nil {
				return err
			}
			s.stored = s.member
		}
		if p.settled(ses, s, seq) {
			return nil
		}
	}
}

// settled notes that NATS knows, unless there is another session meanwhile.
func (p *presence) settled(ses *session, s *standing, seq uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != ses {
		return false
	}
	if seq > 0 {
		s.shown, s.seq = *s.member, seq
		ses.put = max(ses.put, seq)
	}
	delete(p.dirty, s)
	return true
}

func (p *presence) forget(s *standing) {
	s.gone = true
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.dirty, s)
	delete(p.own[s.room], s.id)
	if len(p.own[s.room]) == 0 {
		delete(p.own, s.room)
	}
}

func same(a, b *hub.Member) bool {
	return a != nil && b != nil && a.ID == b.ID && a.Node == b.Node && bytes.Equal(a.Value, b.Value)
}

// present reads who is in a room.
func (p *presence) present(ctx context.Context, room string) ([]hub.Member, error) {
	if _, err := p.lease(ctx); err != nil { // which makes the buckets
		return nil, err
	}
	tokens := encodeRoom(room)
	l, err := p.list(ctx, tokens)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	mine := p.session
	w := p.rooms[tokens]
	var doubts []doubt
	if w != nil {
		doubts = p.compare(w, l, false)
	}
	members := make(map[string]presenceRecord, len(l.records))
	for id, s := range p.own[tokens] {
		if s.seq > 0 {
			members[id] = presenceRecord{seq: s.seq, member: s.shown}
		}
	}
	p.mu.Unlock()
	if err := p.resolve(ctx, w, doubts); err != nil {
		return nil, err
	}
	for _, r := range l.records {
		if r.gone || mine != nil && r.session == mine.name || members[r.id].seq > r.seq {
			continue
		}
		alive, err := p.alive(ctx, r.session)
		if err != nil {
			return nil, err
		}
		if alive {
			members[r.id] = r
		}
	}
	all := make([]hub.Member, 0, len(members))
	for _, r := range members {
		all = append(all, r.member)
	}
	return all, nil
}

// leavePresence takes this node's members out. If NATS is out of reach they go when their lease ends.
func (b *Broker) leavePresence(ctx context.Context) error {
	p := &b.presence
	p.mu.Lock()
	none := p.session == nil
	p.mu.Unlock()
	if none {
		return nil
	}
	if err := b.connected(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	defer cancel()
	select {
	case p.gate <- struct{}{}: // and keep it: the lease is not renewed any more
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	ses := p.session
	p.session = nil
	p.mu.Unlock()
	if err := p.end(ctx, ses); err != nil {
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
	}
	return nil
}

// A presenceRecord is what is written of a member.
type presenceRecord struct {
	session, id string // tokens
	seq         uint64
	member      hub.Member
	gone        bool // removed: remembered, so that what is older does not bring it back
}

func encodeMember(m *hub.Member) ([]byte, error) { return json.Marshal(m) }

// decodeMember reads what may come from anybody; ok is whether it is the member that the key is for.
func decodeMember(token string, data []byte) (m hub.Member, ok bool) {
	if json.Unmarshal(data, &m) != nil {
		return m, false
	}
	return m, string(appendToken(nil, m.ID)) == token
}
