package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// rosters are those of the rooms that somebody of this process is in.
type rosters struct {
	chat *chat

	mu sync.Mutex
	of map[string]*roster
}

// take returns the roster of a room, to be released.
func (rs *rosters) take(room string) *roster {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r := rs.of[room]
	if r == nil {
		if rs.of == nil {
			rs.of = make(map[string]*roster)
		}
		r = &roster{chat: rs.chat, room: room, people: make(map[string]person), listing: make(chan struct{}, 1)}
		rs.of[room] = r
	}
	r.users++
	return r
}

func (rs *rosters) release(r *roster) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.users--; r.users == 0 {
		delete(rs.of, r.room)
	}
}

// told is told of changes of presence on all nodes. What happens on this one is known here already, and sooner.
func (rs *rosters) told(e hub.PresenceEvent) {
	if e.Member.Node == rs.chat.Hub.Node() {
		return
	}
	rs.mu.Lock()
	r := rs.of[e.Room]
	rs.mu.Unlock()
	if r != nil {
		r.changed(e)
	}
}

// crowd is how many members of a room are too many to tell each of the coming and going of all others.
const crowd = 500

// A roster knows who is in a room, and tells the members of this process. It is made of what they do, and of
// what the broker says of the other nodes: changes, and twice a list, because there is no telling of changes
// before somebody has joined.
type roster struct {
	chat    *chat
	room    string
	users   int           // with rosters.mu
	listing chan struct{} // held while the broker is asked for a list, by who also writes listed
	listed  listed

	mu      sync.Mutex
	people  map[string]person
	since   map[string]bool // who has changed since the broker was asked for a list; nil: it was not
	crowded bool
	sockets websocket.Group
}

// listed says when the broker was last asked for a list.
type listed int

const (
	beforeJoining listed = iota + 1 // so that who joins is told of a list
	whileJoined                     // changes are told of too, so that it is complete
)

// A person is a member, here or on another node.
type person struct {
	member
	here bool
}

// value is what a member's presence holds.
type value struct {
	Name string `json:"name"`
	User string `json:"user,omitempty"`
}

func memberOf(m hub.Member) member {
	var v value
	if json.Unmarshal(m.Value, &v) != nil || v.Name == "" {
		v.Name = m.ID // it is not of a chat
	}
	return member{m.ID, v.Name, v.User}
}

// list asks the broker for a list, if that was not done at this stage. Without an answer the roster stays as
// it is, and the next to join asks again.
func (r *roster) list(ctx context.Context, stage listed) {
	select {
	case r.listing <- struct{}{}:
		defer func() { <-r.listing }()
	case <-ctx.Done():
		return
	}
	if r.listed >= stage {
		return
	}
	r.mu.Lock()
	r.since = make(map[string]bool)
	r.mu.Unlock()
	present, err := r.chat.Hub.Present(ctx, r.room)
	r.mu.Lock()
	defer r.mu.Unlock()
	since := r.since
	r.since = nil
	if err != nil {
		return
	}
	r.listed = stage
	there := make(map[string]bool)
	for _, m := range present {
		there[m.ID] = true
		if !since[m.ID] && m.Node != r.chat.Hub.Node() {
			r.enter(person{memberOf(m), false})
		}
	}
	for id, p := range r.people {
		if !there[id] && !since[id] && !p.here {
			r.exit(id)
		}
	}
}

// changed is told of a change on another node.
func (r *roster) changed(e hub.PresenceEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since != nil {
		r.since[e.Member.ID] = true
	}
	if e.Left {
		r.exit(e.Member.ID)
	} else {
		r.enter(person{memberOf(e.Member), false})
	}
}

// admit makes somebody of this process a member, and sends the first word about the room.
func (r *roster) admit(v *session, who member, j hub.Joined) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(person{who, true})
	reply := joined{Type: "joined", Room: r.room, Position: j.Position, Missed: j.Missed, Member: who, Count: len(r.people)}
	if !r.crowded {
		reply.Members = r.all()
	}
	v.send(reply)
	r.sockets.Add(v.s)
}

// dismiss undoes admit.
func (r *roster) dismiss(v *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets.Remove(v.s)
	r.exit(v.conn.ID)
}

// enter puts somebody in, or has a new value of who is in, and tells the others. Call with mu held, as those
// below.
func (r *roster) enter(p person) {
	if r.people[p.ID] == p {
		return
	}
	r.people[p.ID] = p
	r.tell(change{"member", r.room, "joined", p.member, len(r.people)})
	if !r.crowded && len(r.people) > crowd {
		r.crowded = true
		r.publish(members{Type: "members", Room: r.room, Count: len(r.people)})
	}
}

// exit takes somebody out and tells the others.
func (r *roster) exit(id string) {
	p, ok := r.people[id]
	if !ok {
		return
	}
	delete(r.people, id)
	r.tell(change{"member", r.room, "left", p.member, len(r.people)})
	if r.crowded && len(r.people) <= crowd*9/10 {
		r.crowded = false
		r.publish(members{"members", r.room, len(r.people), r.all()})
	}
}

// tell tells the members of this process of a change, unless they are too many.
func (r *roster) tell(c change) {
	if !r.crowded {
		r.publish(c)
	}
}

func (r *roster) publish(reply any) {
	if r.sockets.Len() == 0 {
		return
	}
	p, err := websocket.Prepare(websocket.Text, appendJSON(nil, reply))
	if err != nil {
		return // names are UTF-8, since they were read from JSON
	}
	r.sockets.Publish(p)
}

// all returns the members, by name.
func (r *roster) all() []member {
	all := make([]member, 0, len(r.people))
	for _, p := range r.people {
		all = append(all, p.member)
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}
