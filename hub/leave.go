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
	if len(h.left) > 0 && !h.arrivals.leave(arrival{r, s}) {
		h.tellLeft(s, r.name)
	}
}

func (h *Hub) tellLeft(s *websocket.Socket, room string) {
	for _, f := range h.left {
		f(s, room)
	}
}

// arrived tells OnLeave's functions, after OnJoin's, if the socket has left meanwhile.
func (h *Hub) arrived(a arrival) {
	for range h.arrivals.end(a) {
		h.tellLeft(a.socket, a.room.name)
	}
}

// An arrival is a socket that joins a room.
type arrival struct {
	room   *room
	socket *websocket.Socket
}

// arrivals have who leaves while OnJoin's functions are told be told of after them.
type arrivals struct {
	mu  sync.Mutex
	all map[arrival]arriving
}

// arriving is how many calls have a socket join, mostly one, and how often it has left meanwhile.
type arriving struct{ calls, left int }

func (as *arrivals) begin(a arrival) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.all == nil {
		as.all = make(map[arrival]arriving)
	}
	x := as.all[a]
	x.calls++
	as.all[a] = x
}

// leave reports whether a call that has the socket join tells of the leaving.
func (as *arrivals) leave(a arrival) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	x, ok := as.all[a]
	if ok {
		x.left++
		as.all[a] = x
	}
	return ok
}

// end returns how often the caller has to tell that the socket has left: the last of the calls does.
func (as *arrivals) end(a arrival) (left int) {
	as.mu.Lock()
	defer as.mu.Unlock()
	x := as.all[a]
	if x.calls--; x.calls > 0 {
		as.all[a] = x
		return 0
	}
	delete(as.all, a)
	return x.left
}

// OnJoin and OnLeave add functions that are called when a socket of this process has joined or left a room,
// also by its end, on the goroutine that has it join or leave; they may call the Hub. Add them before the Hub
// is used.
func (h *Hub) OnJoin(f func(s *websocket.Socket, room string)) { h.joined = append(h.joined, f) }

// OnLeave is to leaving what OnJoin is to joining. Of one membership it is called after OnJoin.
func (h *Hub) OnLeave(f func(s *websocket.Socket, room string)) { h.left = append(h.left, f) }
