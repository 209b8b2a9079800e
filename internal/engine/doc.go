// Package engine moves octets between connected sockets and what stands above them, on event loops. It knows
// octets, not WebSocket.
//
// There is a loop for each processor. A loop is an ordinary goroutine: with nothing to do it waits in Go's own netpoller,
// awake it asks its poller (epoll, or kqueue) what is ready, reads into one buffer that all its connections share, and calls
// the [Handler] of each. A connection that is idle costs its [Conn] and a slot in a table.
//
// # Lanes
//
// Connections that cost much are seen to in portions, and before each of these all others. See lanes.go.
//
// # Leases
//
// Handlers run callbacks that may block. So a loop belongs to a worker goroutine only on a lease: while a
// handler is called, a monitor may take the lease away and give it, with a new buffer, to another worker. The one that
// lost it finishes its call, which concerns just one connection, touches nothing of the loop any more, and ends. See worker.go.
//
// # Who closes
//
// A descriptor is closed only by its loop, at the end of a turn, under its handler's lock, after it was taken out of the
// poller. Who holds that lock may therefore use the descriptor. What the poller reports names a slot and a
// generation, never a descriptor's number, so that nothing meant for a connection reaches the next one with its number.
//
// [Supported] tells whether there are loops on this system.
package engine
