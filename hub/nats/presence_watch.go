package nats

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// A watched room is one whose presence somebody here wants to be told of. Under presence.mu, but for what does not change.
type watched struct {
	p      *presence
	name   string
	tokens string
	shard  *shard
	sub    *natsgo.Subscription

	watchers []*watcher
	members  map[string]map[string]*seen // by the tokens of the ID and of the session
	due      bool                        // to be compared with the bucket in the next round
}

// A seen record is a presenceRecord, and when it was seen by the clock.
type seen struct {
	presenceRecord
	at   uint64
	when time.Time
}

type watcher struct {
	f       func(hub.PresenceEvent)
	stopped atomic.Bool
}

// Watch implements [hub.Broker]. F runs on a goroutine of the broker, one call at a time for all watches. A change
// that NATS loses on its way to this node, or that comes while very many wait for slow watches, is made up for when
// the room is compared with what NATS has: after a reconnect, when Present is called, and from time to time.
func (b *Broker) Watch(room string, f func(hub.PresenceEvent)) (stop func(), err error) {
	if err := checkName(room); err != nil {
		return nil, err
	}
	ctx, done, err := b.enter(context.Background())
	if err != nil {
		return nil, err
	}
	defer done()
	p := &b.presence
	p.begin()
	watch := &watcher{f: f}
	w, first, err := p.watch(room, watch)
	if err != nil {
		return nil, b.leave(ctx, err)
	}
	if first && b.connected() == nil {
		p.begins(ctx, w)
	}
	return func() { p.unwatch(w, watch) }, nil
}

// begins reads who is in a room that is watched from now on. If it cannot, compareWatched does so later, and tells of them all.
func (p *presence) begins(ctx context.Context, w *watched) {
	if _, err := p.lease(ctx); err != nil { // which makes the buckets
		return
	}
	l, err := p.list(ctx, w.tokens)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.compare(w, l, true)
}

// watch adds a watcher; first is whether the room was not watched.
func (p *presence) watch(room string, watch *watcher) (w *watched, first bool, err error) {
	tokens := encodeRoom(room)
	p.mu.Lock()
	defer p.mu.Unlock()
	if w = p.rooms[tokens]; w == nil {
		w = &watched{p: p, name: room, tokens: tokens, members: make(map[string]map[string]*seen)}
		// Until the servers of a cluster have all heard of a subscription, what they republish does not come here.
		w.due = true
		w.shard = p.b.shard(room)
		if w.sub, err = w.shard.subscribe(p.b.nc, p.b.opts.Prefix+".m.*."+tokens+".*", w); err != nil {
			return nil, false, err
		}
		p.rooms[tokens] = w
		first = true
	}
	w.watchers = append(w.watchers, watch)
	return w, first, nil
}

func (p *presence) unwatch(w *watched, watch *watcher) {
	watch.stopped.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	w.watchers = slices.DeleteFunc(w.watchers, func(o *watcher) bool { return o == watch })
	if len(w.watchers) == 0 && p.rooms[w.tokens] == w {
		delete(p.rooms, w.tokens)
		w.shard.unsubscribe(w.sub)
	}
}

// Stop ends all watches of the room: the broker is closed.
func (w *watched) Stop() {
	w.p.mu.Lock()
	watchers := slices.Clone(w.watchers)
	w.p.mu.Unlock()
	for _, watch := range watchers {
		w.p.unwatch(w, watch)
	}
}

// receive takes a change that was republished.
func (w *watched) receive(m *natsgo.Msg) {
	p := w.p
	seq, ok := sequence(m.Header, headerSequence)
	if !ok {
		return
	}
	r, ok := record(strings.TrimPrefix(m.Subject, p.b.opts.Prefix+".m."), entry{seq, m.Header, m.Data})
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.news.full() {
		w.due = true // other rooms' messages come on this goroutine too, and shall not wait for watchers
		return
	}
	p.learn(w, r)
}

// learn takes what is newer than what is known. Call with mu held.
func (p *presence) learn(w *watched, r presenceRecord) {
	if _, dead := p.sessions.dead[r.session]; dead {
		return
	}
	of := w.members[r.id]
	if old := of[r.session]; old != nil && old.seq >= r.seq {
		return
	}
	before := p.visible(of)
	if of == nil {
		of = make(map[string]*seen)
		w.members[r.id] = of
	}
	now := p.sessions.tick()
	of[r.session] = &seen{presenceRecord: r, at: now, when: time.Now()}
	if _, known := p.sessions.known[r.session]; !known {
		p.sessions.known[r.session] = now // it has a lease, or has lost it since: see judge
	}
	p.changed(w, before, p.visible(of))
}

// visible is the record that is shown of a member, or nil: the newest.
func (p *presence) visible(of map[string]*seen) *presenceRecord {
	var newest *presenceRecord
	for _, s := range of {
		if !s.gone && (newest == nil || s.seq > newest.seq) {
			newest = &s.presenceRecord
		}
	}
	return newest
}

// changed tells watchers of the difference.
func (p *presence) changed(w *watched, before, after *presenceRecord) {
	switch {
	case after == nil && before == nil:
	case after == nil:
		p.news.put(w, hub.PresenceEvent{Room: w.name, Member: before.member, Left: true})
	case before == nil, before.member.Node != after.member.Node, !bytes.Equal(before.member.Value, after.member.Value):
		p.news.put(w, hub.PresenceEvent{Room: w.name, Member: after.member})
	}
}

// drop removes what is known of a session. Call with mu held.
func (p *presence) drop(w *watched, session string) {
	for id, of := range w.members {
		if of[session] == nil {
			continue
		}
		before := p.visible(of)
		delete(of, session)
		p.changed(w, before, p.visible(of))
		if len(of) == 0 {
			delete(w.members, id)
		}
	}
}

// A doubt is a member that is known here and not in the bucket, as far as could be read.
type doubt struct{ session, id string }

// compare takes what a bucket has of a room, and returns what it should have besides. Silently: without telling watchers of those that are new. Call with mu held.
func (p *presence) compare(w *watched, l listing, silently bool) (doubts []doubt) {
	watchers := w.watchers
	if silently {
		w.watchers = nil
	}
	there := make(map[doubt]bool, len(l.records))
	for _, r := range l.records {
		there[doubt{r.session, r.id}] = true
		p.learn(w, r)
	}
	w.watchers = watchers
	for id, of := range w.members {
		for session, s := range of {
			d := doubt{session, id}
			switch {
			case s.gone && time.Since(s.when) > remembered:
				delete(of, session)
			case !s.gone && s.at < l.since && !there[d]:
				doubts = append(doubts, d)
			}
		}
		if len(of) == 0 {
			delete(w.members, id)
		}
	}
	return doubts
}

// resolve asks the leader about members in doubt, since who was asked before may be behind.
func (p *presence) resolve(ctx context.Context, w *watched, doubts []doubt) error {
	for _, d := range doubts {
		switch there, err := p.leads(ctx, memberBucket, d.session+"."+w.tokens+"."+d.id); {
		case err != nil:
			return err
		case there:
			continue
		}
		s, err := p.b.js.Stream(ctx, p.stream(memberBucket))
		if err != nil {
			return err
		}
		p.removed(w, d, s.CachedInfo().State.LastSeq)
	}
	return nil
}

// removed notes that the bucket, which has got to a sequence, does not have a member.
func (p *presence) removed(w *watched, d doubt, upTo uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := w.members[d.id]
	s := of[d.session]
	if s == nil || s.gone || s.seq > upTo { // the last: the bucket was lost, and its node will enter it again
		return
	}
	before := p.visible(of)
	s.gone, s.when = true, time.Now()
	p.changed(w, before, p.visible(of))
}

// comparedAtOnce is how many watched rooms are compared with the bucket each time that the lease is renewed.
const comparedAtOnce = 16

// missed has all watched rooms compared with the bucket, soon.
func (p *presence) missed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.rooms {
		w.due = true
	}
}

// compareWatched compares the watched rooms that are due, and some others, with the bucket, unless watchers are to
// be told too much already.
func (p *presence) compareWatched(ctx context.Context) error {
	if p.news.full() {
		return nil
	}
	p.mu.Lock()
	var rooms []*watched
	for _, w := range p.rooms { // in no order, so that each has its turn at some time
		if w.due || len(rooms) < comparedAtOnce {
			rooms = append(rooms, w)
		}
	}
	p.mu.Unlock()
	for _, w := range rooms {
		if err := p.compareOne(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (p *presence) compareOne(ctx context.Context, w *watched) error {
	p.mu.Lock()
	w.due = false // what is dropped from now on, or not done here, has it be due again
	p.mu.Unlock()
	l, err := p.list(ctx, w.tokens)
	if err == nil {
		p.mu.Lock()
		doubts := p.compare(w, l, false)
		p.mu.Unlock()
		err = p.resolve(ctx, w, doubts)
	}
	if err != nil {
		p.mu.Lock()
		w.due = true
		p.mu.Unlock()
	}
	return err
}

// news is what watchers are to be told, by one goroutine, without a lock.
type news struct {
	mu    sync.Mutex
	queue []bulletin
	there chan struct{} // there is something
}

type bulletin struct {
	to    *watcher
	event hub.PresenceEvent
}

// tooMuch is how much may wait before no more is taken from NATS; comparing makes up for what is dropped.
const tooMuch = 1 << 14

func (n *news) init() { n.there = make(chan struct{}, 1) }

func (n *news) put(w *watched, e hub.PresenceEvent) {
	if len(w.watchers) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, to := range w.watchers {
		n.queue = append(n.queue, bulletin{to, e})
	}
	signal(n.there)
}

// full reports whether there is too much.
func (n *news) full() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.queue) >= tooMuch
}

func (n *news) run(ctx context.Context) {
	for {
		select {
		case <-n.there:
		case <-ctx.Done():
			return
		}
		n.mu.Lock()
		queue := n.queue
		n.queue = nil
		n.mu.Unlock()
		for _, b := range queue {
			if !b.to.stopped.Load() {
				b.to.f(b.event)
			}
		}
	}
}
