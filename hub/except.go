package hub

import "github.com/everwire/everwire/websocket"

// excepts are the sockets that messages are not sent to which are on their way through a broker. A message
// that never comes back, because the broker had it already or never takes it, is forgotten after so many
// others.
type excepts struct {
	sockets map[uint64][]*websocket.Socket
	tags    []uint64 // in the order they were put there; some may be taken
}

// exceptsKept is how many messages of a room with Except can be on their way at a time.
const exceptsKept = 4096

func (e *excepts) put(tag uint64, sockets []*websocket.Socket) {
	if e.sockets == nil {
		e.sockets = make(map[uint64][]*websocket.Socket)
	}
	if len(e.tags) == exceptsKept {
		delete(e.sockets, e.tags[0])
		e.tags = append(e.tags[:0], e.tags[1:]...)
	}
	e.sockets[tag] = sockets
	e.tags = append(e.tags, tag)
}

func (e *excepts) take(tag uint64) []*websocket.Socket {
	sockets, ok := e.sockets[tag]
	if !ok {
		return nil
	}
	delete(e.sockets, tag)
	if len(e.sockets) == 0 {
		*e = excepts{}
	}
	return sockets
}
