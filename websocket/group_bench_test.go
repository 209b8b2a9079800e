package websocket

import (
	"runtime"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

// BenchmarkGroups measures what memberships cost: octets of memory each, and the time of joining and leaving.
func BenchmarkGroups(b *testing.B) {
	for _, row := range []struct {
		name                     string
		groups, members, sockets int
	}{
		{"one of 1,000,000", 1, 1_000_000, 1_000_000},
		{"1,000,000 of 3", 1_000_000, 3, 1_000_000},
	} {
		b.Run(row.name, func(b *testing.B) {
			set := newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{})
			sockets := make([]*Socket, row.sockets)
			for i := range sockets {
				sockets[i] = newSocket(protocol.Server, set, Open)
			}
			groups := make([]Group, row.groups)
			memberships := float64(row.groups * row.members)
			// Member j of group i is a socket that is in none of the groups next to it.
			each := func(f func(g *Group, s *Socket)) {
				for i := range groups {
					for j := range row.members {
						f(&groups[i], sockets[(i+j*(row.sockets/row.members))%row.sockets])
					}
				}
			}
			var bytes uint64
			for b.Loop() {
				b.StopTimer()
				before := heapInUse()
				b.StartTimer()
				each(func(g *Group, s *Socket) { g.Add(s) })
				b.StopTimer()
				bytes += heapInUse() - before
				each(func(g *Group, s *Socket) { g.Remove(s) })
				b.StartTimer()
			}
			b.ReportMetric(float64(bytes)/float64(b.N)/memberships, "B/membership")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/memberships, "ns/join")
			b.ReportMetric(0, "ns/op")
			runtime.KeepAlive(sockets)
		})
	}
}

// BenchmarkGroupLeaving measures members that leave a large group, each of them the oldest.
func BenchmarkGroupLeaving(b *testing.B) {
	const members = 1_000_000
	set := newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{})
	var g Group
	sockets := make([]*Socket, members)
	for i := range sockets {
		sockets[i] = newSocket(protocol.Server, set, Open)
		g.Add(sockets[i])
	}
	i := 0
	for b.Loop() {
		g.Remove(sockets[i%members])
		g.Add(sockets[i%members])
		i++
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
