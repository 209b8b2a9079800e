package api

import (
	"sync"

	"github.com/everwire/everwire/websocket"
)

// A Directory knows which socket of this node is which connection, and whose. The zero value is an empty
// one. It is safe for concurrent use.
type Directory struct {
	mu          sync.Mutex
	users       map[string]map[*websocket.Socket]struct{}
	connections map[string]*websocket.Socket
}

// Add notes a socket until its connection ends; one that has ended is not noted. ID is the connection's,
// which no other of the cluster has; user is whose it is, "" for nobody's. Call it once, when it is known
// whose the socket is.
func (d *Directory) Add(s *websocket.Socket, id, user string) {
	d.note(s, id, user)
	s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) { d.remove(s, id, user) })
	if s.Context().Err() != nil { // its close event may have been before
		d.remove(s, id, user)
	}
}

func (d *Directory) note(s *websocket.Socket, id, user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.connections == nil {
		d.connections = make(map[string]*websocket.Socket)
		d.users = make(map[string]map[*websocket.Socket]struct{})
	}
	d.connections[id] = s
	if user == "" {
		return
	}
	if d.users[user] == nil {
		d.users[user] = make(map[*websocket.Socket]struct{})
	}
	d.users[user][s] = struct{}{}
}

func (d *Directory) remove(s *websocket.Socket, id, user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.connections[id] == s {
		delete(d.connections, id)
	}
	if all := d.users[user]; all != nil {
		if delete(all, s); len(all) == 0 {
			delete(d.users, user)
		}
	}
}

// OfUser returns a user's sockets.
func (d *Directory) OfUser(user string) []*websocket.Socket {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []*websocket.Socket
	for s := range d.users[user] {
		all = append(all, s)
	}
	return all
}

// OfConnection returns the socket with an ID, if there is one.
func (d *Directory) OfConnection(id string) []*websocket.Socket {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.connections[id]; s != nil {
		return []*websocket.Socket{s}
	}
	return nil
}
