package main

import (
	"fmt"
	"slices"

	"github.com/everwire/everwire/bench/chaos/internal/record"
)

// A verdict is what the record says.
type verdict struct {
	rooms, members, publishers int

	published, attempts, acked int
	received                   int
	connections, joins, tooOld int

	gaps         int // messages that were acknowledged, and a member does not have
	duplicates   int // messages that a member has twice
	disorder     int // messages that come after one that they should precede
	disagreement int // messages that members do not have alike, or not where the acknowledgement says
	strangers    int // messages that nobody has published

	examples []string // of these
	latency  latency
}

// maxExamples is how many of what is wrong are shown.
const maxExamples = 20

func (v *verdict) wrong(count *int, format string, args ...any) {
	*count++
	if len(v.examples) < maxExamples {
		v.examples = append(v.examples, fmt.Sprintf(format, args...))
	}
}

// good reports whether all is as it must be. A run in which nothing was published proves nothing.
func (v *verdict) good() bool {
	return v.gaps+v.duplicates+v.disorder+v.disagreement+v.strangers+v.tooOld == 0 && v.acked > 0 && v.received > 0
}

func judge(run *record.Run) *verdict {
	v := &verdict{members: len(run.Members), publishers: len(run.Publishers)}
	rooms := make(map[string]*room)
	in := func(name string) *room {
		r := rooms[name]
		if r == nil {
			r = &room{name: name, sent: make(map[string]*sent)}
			rooms[name] = r
		}
		return r
	}
	for _, p := range run.Publishers {
		r := in(p.Room)
		for _, s := range p.Messages {
			v.published++
			v.attempts += s.Attempts
			if s.Acked != 0 {
				v.acked++
			}
			if r.sent[s.ID] != nil {
				v.wrong(&v.strangers, "room %s: two messages have the id %s", p.Room, s.ID)
			}
			r.sent[s.ID] = &sent{Sent: s, publisher: p.Name}
		}
	}
	for _, m := range run.Members {
		v.received += len(m.Messages)
		v.connections += m.Opened
		v.joins += m.Joined
		v.tooOld += m.TooOld
		r := in(m.Room)
		r.members = append(r.members, m)
	}
	v.rooms = len(rooms)
	for _, r := range rooms {
		r.judge(v)
	}
	v.latency = measure(run, rooms)
	slices.Sort(v.examples)
	return v
}

// A room is what was published in one, and who was there.
type room struct {
	name    string
	sent    map[string]*sent
	members []*record.Member
}

type sent struct {
	record.Sent
	publisher string
	has       int          // how many members have it
	at        record.Place // where the first of them has it
}

func (r *room) judge(v *verdict) {
	for _, m := range r.members {
		r.judgeMember(v, m)
	}
	for id, s := range r.sent {
		missing := len(r.members) - s.has
		switch {
		case missing == 0:
		case s.Acked != 0:
			v.wrong(&v.gaps, "room %s: %s, acknowledged at %d, is missing at %d of %d members", r.name, id, s.At.Offset, missing, len(r.members))
			v.gaps += missing - 1
		case s.has > 0:
			v.wrong(&v.disagreement, "room %s: %s, not acknowledged, is missing at %d of %d members", r.name, id, missing, len(r.members))
		}
	}
}

func (r *room) judgeMember(v *verdict, m *record.Member) {
	var last record.Place
	seen := make(map[string]bool)
	numbers := make(map[string]int) // by publisher: the next that may come
	for i, got := range m.Messages {
		s := r.sent[got.ID]
		switch {
		case s == nil:
			v.wrong(&v.strangers, "room %s: %s has %q, which nobody has published", r.name, m.Name, got.ID)
			continue
		case seen[got.ID]:
			v.wrong(&v.duplicates, "room %s: %s has %s twice, the second time at %d", r.name, m.Name, got.ID, got.At.Offset)
			continue
		}
		seen[got.ID] = true
		s.has++
		if s.has == 1 {
			s.at = got.At
		}
		switch {
		case i > 0 && got.At.Epoch != last.Epoch:
			v.wrong(&v.disorder, "room %s: %s has %s of epoch %s, after one of epoch %s", r.name, m.Name, got.ID, got.At.Epoch, last.Epoch)
		case i > 0 && got.At.Offset <= last.Offset:
			v.wrong(&v.disorder, "room %s: %s has %s at %d, after one at %d", r.name, m.Name, got.ID, got.At.Offset, last.Offset)
		case got.Publisher != s.publisher || got.Number != s.Number:
			v.wrong(&v.strangers, "room %s: %s has %s as number %d of %q", r.name, m.Name, got.ID, got.Number, got.Publisher)
		case got.Number < numbers[s.publisher]:
			v.wrong(&v.disorder, "room %s: %s has %s after number %d of this publisher", r.name, m.Name, got.ID, numbers[s.publisher]-1)
		case s.Acked != 0 && got.At != s.At:
			v.wrong(&v.disagreement, "room %s: %s has %s at %d, but it was acknowledged at %d", r.name, m.Name, got.ID, got.At.Offset, s.At.Offset)
		case got.At != s.at:
			v.wrong(&v.disagreement, "room %s: %s has %s at %d, another member at %d", r.name, m.Name, got.ID, got.At.Offset, s.at.Offset)
		}
		last = got.At
		numbers[s.publisher] = max(numbers[s.publisher], s.Number+1)
	}
}
