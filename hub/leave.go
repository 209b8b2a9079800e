package hub

import (
	"sync"

	"github.com/everwire/everwire/websocket"
)

// Leave takes a socket out of rooms, or out of all if none is named.
func (h *Hub) Leave(s *websocket.Socket, rooms ...string) {
	if len(rooms) == 0 {
		rooms = h.RoomsOf(s)
	}
	for _, name := range rooms {
		if r := h.rooms.lookup(name); r != nil {
			r.remove(s)
		}
	}
}

func (r *room) remove(s *websocket.Socket) {
	if r.group.Remove(s) {
		r.left(s)
	}
}

// left is called once for each member that has left, by itself or by its end.
func (r *room) left(s *websocket.Socket) {
	h := r.settings().hub
	h.figures.memberships.Add(-1)
	if r.settings().Presence {
		r.settings().live.absent(s)
	}
	r.exit()
	if len(h.left) > 0 {
		if x, ok := h.joining.Load(arrival{r, s}); ok && x.(*arriving).leave() {
			return
		}
		h.tellLeft(s, r.name)
	}
}

func (h *Hub) tellLeft(s *websocket.Socket, room string) {
	for _, f := range h.left {
		f(s, room)
	}
}

// An arrival is a socket that has joined a room while OnJoin's functions are told.
type arrival struct {
	room   *room
	socket *websocket.Socket
}

// arriving has who leaves meanwhile be told of after them.
type arriving struct {
	mu         sync.Mutex
	told, left bool
}

// leave reports whether who joined tells of the leaving.
func (a *arriving) leave() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = true
	return !a.told
}

// arrived notes that OnJoin's functions have returned, and reports whether the socket has left meanwhile.
func (a *arriving) arrived() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = true
	return a.left
}

// OnJoin and OnLeave add functions that are called when a socket of this process has joined or left a room,
// also by its end, on the goroutine that has it join or leave; they may call the Hub. Add them before the Hub
// is used.
func (h *Hub) OnJoin(f func(s *websocket.Socket, room string)) { h.joined = append(h.joined, f) }

// OnLeave is to leaving what OnJoin is to joining. Of one membership it is called after OnJoin.
func (h *Hub) OnLeave(f func(s *websocket.Socket, room string)) { h.left = append(h.left, f) }
