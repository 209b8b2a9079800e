package hub

import "github.com/everwire/everwire/websocket"

// deliver sends a message to the members, but for some. All of them share one copy.
func (r *room) deliver(e *entry, except []*websocket.Socket) {
	h := r.settings().hub
	h.figures.received.Add(1)
	if e.broken {
		return
	}
	p, err := websocket.PrepareWith(websocket.Outgoing{Type: e.typ, Data: e.data, Key: e.key, Topic: r.topic()})
	if err != nil {
		h.log.Error("hub: a message cannot be sent to members", "room", r.name, "error", err)
		return
	}
	n := 0
	if len(except) == 0 {
		n = r.group.Publish(p)
	} else {
		n = r.group.Publish(p, websocket.Except(except...))
	}
	h.figures.delivered.Add(int64(n))
}
