package nats

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// sessions are those of all nodes, as far as this one knows. Under presence.mu.
type sessions struct {
	clock    uint64               // counts what was learned of members, to tell older from newer
	known    map[string]uint64    // those that were met, and when last, by the clock
	dead     map[string]time.Time // those that have ended, and since when that is known here; they do not come back
	patience time.Time            // until then nobody is declared dead
}

func (s *sessions) init() {
	s.known, s.dead = make(map[string]uint64), make(map[string]time.Time)
}

func (s *sessions) tick() uint64 {
	s.clock++
	return s.clock
}

// wait is for a node that could not renew its lease: others could not either, perhaps, and shall come back first, so that nobody seems to have left who has not.
func (s *sessions) wait(lease time.Duration) { s.patience = time.Now().Add(lease) }

// Those that are dead are remembered for so long, in which whatever was under way of theirs has come.
const remembered = 10 * time.Minute

// alive reports whether a session is, and asks NATS of one that it does not know.
func (p *presence) alive(ctx context.Context, name string) (bool, error) {
	p.mu.Lock()
	_, dead := p.sessions.dead[name]
	_, known := p.sessions.known[name]
	p.mu.Unlock()
	if dead || known {
		return !dead, nil
	}
	there, err := p.leads(ctx, nodeBucket, "lease."+name)
	if err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if there {
		p.sessions.known[name] = p.sessions.tick()
	} else {
		p.ended(name)
	}
	return there, nil
}

// ended notes that a session has, and that its members have left. Call with mu held.
func (p *presence) ended(name string) {
	if _, known := p.sessions.dead[name]; known || p.session != nil && p.session.name == name {
		return
	}
	p.sessions.dead[name] = time.Now()
	delete(p.sessions.known, name)
	for _, w := range p.rooms {
		p.drop(w, name)
	}
}

// judge finds out which sessions have ended.
func (p *presence) judge(ctx context.Context) error {
	p.mu.Lock()
	since, ses, wait := p.sessions.tick(), p.session, time.Now().Before(p.sessions.patience)
	p.mu.Unlock()
	if ses == nil || wait {
		return nil
	}
	mine := ses.name
	leases, named := make(map[string]bool), make(map[string]bool)
	err := p.each(ctx, nodeBucket, ">", func(key string, _ entry) {
		kind, name, _ := strings.Cut(key, ".")
		switch kind {
		case "lease":
			leases[name] = true
		case "node":
			named[name] = true
		}
	})
	if err != nil {
		return err
	}
	var doubtful []string
	p.mu.Lock()
	for name := range leases {
		p.sessions.known[name] = p.sessions.tick()
	}
	for name := range named {
		if _, dead := p.sessions.dead[name]; !dead && !leases[name] {
			doubtful = append(doubtful, name)
		}
	}
	for name, at := range p.sessions.known {
		if !leases[name] && !named[name] && at < since {
			doubtful = append(doubtful, name)
		}
	}
	p.mu.Unlock()
	for _, name := range doubtful {
		if name == mine {
			continue
		}
		// What was read may be behind. The leader is not.
		switch there, err := p.leads(ctx, nodeBucket, "lease."+name); {
		case err != nil:
			return err
		case !there:
			p.mu.Lock()
			p.ended(name)
			p.mu.Unlock()
		}
	}
	return p.buryDead(ctx, mine, leases, named)
}

// buryDead removes what is written under sessions that have ended: at once if this is the first of the nodes by name, later if that one has not.
func (p *presence) buryDead(ctx context.Context, mine string, leases, named map[string]bool) error {
	first := true
	for name := range leases {
		first = first && mine <= name
	}
	p.mu.Lock()
	var graves []string
	for name, since := range p.sessions.dead {
		switch age := time.Since(since); {
		case named[name] && (first || age > 2*p.b.opts.Lease):
			graves = append(graves, name)
		case age > remembered:
			delete(p.sessions.dead, name)
		}
	}
	p.mu.Unlock()
	for _, name := range graves {
		if err := p.bury(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
	}
	return nil
}
