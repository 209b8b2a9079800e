package nats

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/nats-io/nats.go/jetstream"
)

// A class is all rooms with the same History: they share a stream.
type class struct {
	b       *Broker
	token   string
	history hub.History // what the stream is limited to
	stream  string

	era   atomic.Pointer[era] // nil: the stream was not looked at yet
	gate  chan struct{}       // held by who looks at the stream
	asked atomic.Int64        // when that was last begun, in nanoseconds since 1970

	// Doubts counts the times that the stream may have become another one than era says; settled is how many
	// of these are over. While they differ nobody is told anything.
	doubts, settled atomic.Uint64

	used atomic.Bool // somebody here has published since the last check

	short time.Time // since when the stream lacks what it had; of who checks alone

	mu    sync.Mutex
	pages []*page
}

// An era is the life of a stream, from its making to its deletion, or to when it lost what it had acknowledged.
type era struct {
	epoch string
	start uint64        // what the feeds of the era before know after this sequence counts no more
	known atomic.Uint64 // the highest sequence that was seen of it
}

func (e *era) saw(seq uint64) { raise(&e.known, seq) }

// message is the position of a message, and gap that of the place after one.
func (e *era) message(seq uint64) hub.Position { return hub.Position{Epoch: e.epoch, Offset: seq << 1} }
func (e *era) gap(seq uint64) hub.Position     { return hub.Position{Epoch: e.epoch, Offset: seq<<1 | 1} }

func newClass(b *Broker, token string, h hub.History) *class {
	if token == orderedToken {
		h = orderedHistory
	}
	return &class{b: b, token: token, history: h, stream: b.opts.Prefix + "_h_" + token, gate: make(chan struct{}, 1)}
}

// Subjects: where a room is stored, and where JetStream tells what it has stored.
func (c *class) stored(room string) string {
	return c.b.opts.Prefix + ".h." + c.token + "." + encodeRoom(room)
}
func (c *class) told(room string) string {
	return c.b.opts.Prefix + ".l." + c.token + "." + encodeRoom(room)
}

// doubt has the stream looked at before anybody is told anything.
func (c *class) doubt() { c.doubts.Add(1) }

func (c *class) doubtful() bool { return c.doubts.Load() != c.settled.Load() }

// open returns the stream's era, and makes the stream if there is none.
func (c *class) open(ctx context.Context) (*era, error) {
	if e := c.era.Load(); e != nil && !c.doubtful() {
		return e, nil
	}
	e, _, err := c.look(ctx, anyTime)
	return e, err
}

const anyTime = time.Duration(1<<63 - 1)

// look asks for the stream, and makes it if there is none, but for the case that there is no doubt about it
// and it was asked for less than a time ago. If the stream is another than before, all feeds are told. Info
// is nil if it did not ask.
func (c *class) look(ctx context.Context, ago time.Duration) (*era, *jetstream.StreamInfo, error) {
	select {
	case c.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { <-c.gate }()
	began, doubts := time.Now(), c.doubts.Load()
	e := c.era.Load()
	if e != nil && doubts == c.settled.Load() && began.Sub(time.Unix(0, c.asked.Load())) < ago {
		return e, nil, nil
	}
	info, err := c.ensure(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.asked.Store(began.UnixNano())
	if epoch := strconv.FormatInt(info.Created.UnixNano(), 36); e == nil || e.epoch != epoch {
		if e != nil {
			c.b.opts.Log.Warn("the stream of rooms was deleted and made anew: what it kept is gone", "stream", c.stream)
		}
		e = c.begin(&era{epoch: epoch})
	}
	e.saw(info.State.LastSeq)
	c.settled.Store(doubts)
	return e, info, nil
}

// begin begins an era. The gate is held.
func (c *class) begin(e *era) *era {
	e.saw(e.start)
	if c.era.Swap(e) != nil {
		c.each(c.b.repairs.add)
	}
	return e
}

// pageSize is how many rooms are asked about at once; JetStream answers for at most 1,024.
const pageSize = 500

// A page is feeds that are compared with the stream in one request.
type page struct {
	feeds []*feed

	// All that was appended up to here in an era, these feeds know of. Of who checks alone, once the page is
	// in use.
	era      *era
	verified uint64
}

// add puts a feed among those that are compared with the stream.
func (c *class) add(f *feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.pages)
	if n == 0 || len(c.pages[n-1].feeds) == pageSize {
		// What was appended before a feed begins is none of its business.
		p := &page{era: c.era.Load()}
		if p.era != nil {
			p.verified = p.era.known.Load()
		}
		c.pages = append(c.pages, p)
		n++
	}
	p := c.pages[n-1]
	f.page, f.slot = p, len(p.feeds)
	p.feeds = append(p.feeds, f)
}

// remove takes it out.
func (c *class) remove(f *feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := f.page
	if p == nil {
		return
	}
	last := len(p.feeds) - 1
	moved := p.feeds[last]
	p.feeds[f.slot], moved.slot = moved, f.slot
	p.feeds[last] = nil
	p.feeds = p.feeds[:last]
	f.page = nil
}

// tidy makes one of neighbours that are half empty, and returns all pages that are in use. It is called by
// who checks alone.
func (c *class) tidy() []*page {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.pages[:0]
	for _, p := range c.pages {
		if len(p.feeds) == 0 {
			continue
		}
		if n := len(kept); n > 0 && len(kept[n-1].feeds)+len(p.feeds) <= pageSize {
			into := kept[n-1]
			for _, f := range p.feeds {
				f.page, f.slot = into, len(into.feeds)
				into.feeds = append(into.feeds, f)
			}
			if into.era != p.era {
				into.verified = 0
			}
			into.verified = min(into.verified, p.verified)
			continue
		}
		kept = append(kept, p)
	}
	clear(c.pages[len(kept):])
	c.pages = kept
	return append([]*page(nil), kept...)
}

// each calls a function with all feeds.
func (c *class) each(do func(*feed)) {
	c.mu.Lock()
	pages := append([]*page(nil), c.pages...)
	c.mu.Unlock()
	for _, p := range pages {
		for _, f := range c.members(p) {
			do(f)
		}
	}
}

func (c *class) members(p *page) []*feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*feed(nil), p.feeds...)
}

func (c *class) stop() { c.each((*feed).Stop) }
