package hub

import (
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"github.com/everwire/everwire/websocket"
)

// A room is one that sockets of this process are in, or are about to join. There may be millions: what only
// those need that have a log, presence, or a broker to follow is behind settings.
//
// It stands in the table while users is not 0. Who joins takes its place among the users before it becomes a
// member, so that the last one who leaves meanwhile does not drop the room.
type room struct {
	group websocket.Group
	name  string
	way   atomic.Pointer[way]
	next  *room // in the table

	users int32 // members, and those who are joining; guarded by the shard's mutex
}

const longestName = 200 // octets

func checkName(name string) error {
	if name == "" || len(name) > longestName || !utf8.ValidString(name) {
		return ErrRoomName
	}
	return nil
}

// A way is how a room is run, and what its messages belong to in queues. Rooms in which nothing was published
// yet share that of their settings.
type way struct {
	settings *settings
	topic    websocket.Topic
	own      bool
}

// settings are how rooms are run. Plain rooms of a Hub that has no other nodes share those that are equal.
type settings struct {
	hub *Hub
	RoomOptions
	logged bool
	live   *live // what a room has that is followed; else nil
	way    way
}

// settingsShared is how many different settings rooms can share. A program has a few.
const settingsShared = 16

func (h *Hub) settingsOf(name string) *settings {
	set := &settings{hub: h}
	if h.ask != nil {
		set.RoomOptions = h.ask(name)
	}
	if set.History.Messages <= 0 {
		set.History = History{}
	}
	set.logged = set.Ordered || set.History.Messages > 0
	set.way = way{settings: set, topic: websocket.Topic{Full: set.slow(), Counts: &h.drops}}
	if !h.alone || set.logged || set.Presence {
		return set
	}
	for {
		var known []*settings
		old := h.shared.Load()
		if old != nil {
			known = *old
		}
		if i := slices.IndexFunc(known, set.equal); i >= 0 {
			return known[i]
		}
		if len(known) == settingsShared {
			return set
		}
		more := append(slices.Clip(known), set)
		if h.shared.CompareAndSwap(old, &more) {
			return set
		}
	}
}

// equal reports whether two settings are certain to mean the same. Functions do if they are one and the same,
// with what they have captured.
func (s *settings) equal(o *settings) bool {
	return s.History == o.History && s.Ordered == o.Ordered && s.Presence == o.Presence && s.Slow == o.Slow && s.Members == o.Members &&
		*(*unsafe.Pointer)(unsafe.Pointer(&s.Encode)) == *(*unsafe.Pointer)(unsafe.Pointer(&o.Encode)) &&
		*(*unsafe.Pointer)(unsafe.Pointer(&s.Key)) == *(*unsafe.Pointer)(unsafe.Pointer(&o.Key))
}

func (h *Hub) newRoom(name string, set *settings) *room {
	r := &room{name: name}
	r.way.Store(&set.way)
	r.group.Left = r.left
	if set.followed() {
		set.live = newLive(r)
	}
	return r
}

// followed reports whether rooms with these settings need a live.
func (s *settings) followed() bool { return !s.hub.alone || s.logged || s.Presence }

// known returns what a Broker knows of the room.
func (s *settings) known(name string) Room {
	return Room{Name: name, Logged: s.logged, History: s.History}
}

func (r *room) settings() *settings { return r.way.Load().settings }

// topic returns what the room's messages belong to. Where a full queue drops messages that wait, it must be
// the room's own.
func (r *room) topic() *websocket.Topic {
	w := r.way.Load()
	drops := w.topic.Full == websocket.DropOldest || w.topic.Full == websocket.Conflate
	if drops && !w.own {
		r.way.CompareAndSwap(w, &way{w.settings, w.topic, true})
		w = r.way.Load()
	}
	return &w.topic
}

// enter returns the room of a name with one more user, and makes it if it is not there.
func (h *Hub) enter(name string) (*room, error) {
	hash := h.rooms.hash(name)
	sh := h.rooms.shard(hash)
	sh.mu.Lock()
	r := sh.find(hash, name)
	if r == nil && !sh.closed {
		sh.mu.Unlock()
		fresh := h.newRoom(strings.Clone(name), h.settingsOf(name)) // the program's function is not called under a lock
		sh.mu.Lock()
		if r = sh.find(hash, name); r == nil && !sh.closed {
			r = fresh
			sh.add(&h.rooms, hash, r)
			if r.settings().live != nil {
				h.working.Add(1)
				go r.settings().live.start()
			}
		}
	}
	defer sh.mu.Unlock()
	switch {
	case r == nil || sh.closed:
		return nil, ErrClosed
	case full(r):
		return nil, ErrRoomFull
	}
	r.users++
	return r, nil
}

// full reports whether a room has no place for one more user.
func full(r *room) bool {
	most := r.settings().Members
	return most > 0 && int(r.users) >= most
}

// exit ends the use of a room. Without users it is dropped.
func (r *room) exit() {
	h := r.settings().hub
	hash := h.rooms.hash(r.name)
	sh := h.rooms.shard(hash)
	sh.mu.Lock()
	r.users--
	last := r.users == 0
	if last {
		sh.remove(&h.rooms, hash, r)
	}
	sh.mu.Unlock()
	if last && r.settings().live != nil {
		r.settings().live.stop()
	}
}

// Members returns the sockets of this process that are in a room, in no order; Len says how many.
func (h *Hub) Members(room string) []*websocket.Socket {
	if r := h.rooms.lookup(room); r != nil {
		return r.group.Members()
	}
	return nil
}

// Len returns how many sockets of this process are in a room.
func (h *Hub) Len(room string) int {
	if r := h.rooms.lookup(room); r != nil {
		return r.group.Len()
	}
	return 0
}

// Rooms returns the names of the rooms that sockets of this process are in, in no order.
func (h *Hub) Rooms() []string {
	var names []string
	h.rooms.each(func(r *room) {
		if r.group.Len() > 0 {
			names = append(names, r.name)
		}
	})
	return names
}

// RoomsOf returns the names of the rooms that a socket is in, in no order. It looks through all rooms of the
// process.
func (h *Hub) RoomsOf(s *websocket.Socket) []string {
	var names []string
	h.rooms.each(func(r *room) {
		if r.group.Has(s) {
			names = append(names, r.name)
		}
	})
	return names
}
