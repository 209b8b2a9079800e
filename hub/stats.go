package hub

import "sync/atomic"

// Stats are figures of a [Hub] since it was made, but for the first three and Err, which are of the moment.
type Stats struct {
	Rooms, Memberships int
	TailOctets         int64 // of history in this process

	Published    int64 // messages that were published here and taken
	Refused      int64 // messages that were published here and that the broker did not take; members here may have them in a plain room
	Received     int64 // messages that came to rooms of this process, its own among them
	Delivered    int64 // of these, to sockets: one for each that took it into its queue
	Recovered    int64 // sockets that joined From a position and were sent what they missed
	TooOld       int64 // sockets that could not
	Lost         int64 // sockets that were closed because the broker had lost messages for them
	DropOldest   int64 // messages that slow members lost, by policy; sockets, for Disconnected
	DropNewest   int64
	Conflated    int64
	Disconnected int64

	Err error // why the broker is out of reach, or nil
}

// figures are what Stats are made of.
type figures struct {
	memberships, published, refused, received, delivered, recovered, tooOld, lost atomic.Int64
}

// Stats returns figures of the Hub.
func (h *Hub) Stats() Stats {
	rooms := 0
	for i := range h.rooms.shards {
		sh := &h.rooms.shards[i]
		sh.mu.Lock()
		rooms += sh.n
		sh.mu.Unlock()
	}
	f := &h.figures
	return Stats{
		Rooms: rooms, Memberships: int(f.memberships.Load()), TailOctets: h.tails.octets.Load(),
		Published: f.published.Load(), Refused: f.refused.Load(), Received: f.received.Load(), Delivered: f.delivered.Load(),
		Recovered: f.recovered.Load(), TooOld: f.tooOld.Load(), Lost: f.lost.Load(),
		DropOldest: h.drops.Dropped.Load(), DropNewest: h.drops.Refused.Load(), Conflated: h.drops.Replaced.Load(), Disconnected: h.drops.Closed.Load(),
		Err: h.broker.Err(),
	}
}
