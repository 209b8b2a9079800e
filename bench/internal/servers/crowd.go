package servers

import (
	"sync"
	"sync/atomic"
)

// members is how many are connected to /broadcast. A client may have the answer to its handshake before the server counts it in.
var members atomic.Int64

// A crowd is everybody who is connected to /broadcast, for libraries that leave that to programs. Its lock is held for
// a whole broadcast: it keeps two from writing to one connection at the same time, which most libraries do not allow.
type crowd[C comparable] struct {
	mu      sync.Mutex
	members map[C]struct{}
}

func (c *crowd[C]) join(member C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members == nil {
		c.members = make(map[C]struct{})
	}
	c.members[member] = struct{}{}
	members.Add(1)
}

func (c *crowd[C]) leave(member C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.members[member]; ok {
		delete(c.members, member)
		members.Add(-1)
	}
}

// each calls send for every member.
func (c *crowd[C]) each(send func(C)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for member := range c.members {
		send(member)
	}
}
