package websocket

import (
	"time"

	"github.com/everwire/everwire/internal/engine"
)

// Stats are figures of a [Server] at a moment.
type Stats struct {
	// Connections is how many connections there are, from the handshake to the end of the close event, Conns that were made by
	// Accept not among them.
	Connections int

	// Partial is how many octets of memory messages take that have arrived in part, and Queued how many those take that wait to
	// be sent; a broadcast counts once. A socket counts in steps of 4 KiB, so that many small messages may be missing.
	// Budget is what both may come to together; see [Server.Budget]. All are 0 if that is negative, and nobody counts.
	Partial, Queued, Budget int64

	// Loops are the event loops. They serve all Servers, and clients, of the process. There are none while no connection
	// is on one, and on systems without.
	Loops []LoopStats

	// Steals is how often a listener has blocked a loop so long, since the process started, that the loop went on with another
	// worker.
	Steals int64
}

// LoopStats are figures of an event loop at a moment.
type LoopStats struct {
	// Connections is how many connections are on the loop.
	Connections int

	// Lag is how long something that arrives may have to wait for the loop to look: the longest time from look to look of
	// about the last ten seconds, or the time since the last look, if that is more. While the loop has nothing to do, it looks at
	// once.
	Lag time.Duration
}

// Stats returns the figures of the Server. It waits for nothing and may be called at any rate.
func (srv *Server) Stats() Stats {
	st := Stats{Steals: engine.Stolen()}
	for _, f := range engine.Loops() {
		st.Loops = append(st.Loops, LoopStats(f))
	}
	if set, err := srv.connectionSettings(); err == nil && set.budget != nil {
		b := set.budget
		st.Budget, st.Partial = b.limit, max(b.partial.Load(), 0)
		st.Queued = max(b.used.Load()-st.Partial, 0)
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	st.Connections = srv.active
	return st
}
