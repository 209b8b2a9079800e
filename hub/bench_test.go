package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMemberships measures what memberships of plain rooms cost: octets of memory each, with all that
// the sockets have of them, and the time of joining and leaving.
func BenchmarkMemberships(b *testing.B) {
	const all = 10_000
	clients := make([]*client, all)
	for i := range clients {
		clients[i] = newClient(b, nil)
	}
	for _, row := range []struct {
		name                    string
		rooms, members, sockets int
	}{
		{"1,000,000 rooms of 3, 300 of a socket", 1_000_000, 3, all},
		{"1,000,000 rooms of 3, 3,000 of a socket", 1_000_000, 3, all / 10},
		{"30,000 rooms of 3, 9 of a socket", 30_000, 3, all},
		{"1 room of 10,000", 1, all, all},
	} {
		b.Run(row.name, func(b *testing.B) {
			names := make([]string, row.rooms)
			for i := range names {
				names[i] = fmt.Sprintf("room-%d", i)
			}
			memberships := float64(row.rooms * row.members)
			each := func(f func(c *client, room string)) {
				for i, name := range names {
					for j := range row.members {
						f(clients[(i+j*(row.sockets/row.members))%row.sockets], name)
					}
				}
			}
			h := newHub(b, nil)
			var bytes uint64
			for b.Loop() {
				b.StopTimer()
				before := heapInUse()
				b.StartTimer()
				each(func(c *client, room string) { h.Join(c.Socket, room) })
				b.StopTimer()
				bytes += heapInUse() - before
				b.StartTimer()
				each(func(c *client, room string) { h.Leave(c.Socket, room) })
			}
			b.ReportMetric(float64(bytes)/float64(b.N)/memberships, "B/membership")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/memberships, "ns/join+leave")
			b.ReportMetric(0, "ns/op")
			if n := h.Stats().Rooms; n != 0 {
				b.Errorf("%d rooms are left", n)
			}
			runtime.KeepAlive(clients)
		})
	}
}

// BenchmarkFanOut sends messages to thousands of members over real sockets, through a Group, a plain room and
// one with history in turn, and reports how many times as long the rooms take: publish is the call, arrive is
// until the last member has it. (A socket takes two descriptors, of which 20,000 are a common limit.)
func BenchmarkFanOut(b *testing.B) {
	const members = 9_000
	var srv websocket.Server
	var group websocket.Group
	plain := newHub(b, nil)
	logged := newHub(b, &hub.Options{Room: history(100)})
	var there sync.WaitGroup
	there.Add(members)
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		group.Add(s)
		plain.Join(s, "r")
		logged.Join(s, "r")
		there.Done()
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	defer func() {
		srv.Close()
		<-served
	}()
	var arrived atomic.Int64
	all := make(chan struct{}, 1)
	for range members {
		_, err := websocket.New("ws://"+ln.Addr().String(), nil, func(c *websocket.Socket) {
			c.OnMessage(func(*websocket.Socket, websocket.Message) {
				if arrived.Add(1)%members == 0 {
					all <- struct{}{}
				}
			})
		})
		must(b, err)
	}
	there.Wait()
	data := bytes.Repeat([]byte("x"), 200)
	ways := []func(){
		func() {
			p, _ := websocket.Prepare(websocket.Text, data)
			group.Publish(p)
		},
		func() { plain.Publish(context.Background(), "r", hub.Message{Data: data}) },
		func() { logged.Publish(context.Background(), "r", hub.Message{Data: data}) },
	}
	var publish, arrive [3]time.Duration
	for b.Loop() {
		for i, way := range ways {
			begin := time.Now()
			way()
			publish[i] += time.Since(begin)
			<-all
			arrive[i] += time.Since(begin)
		}
	}
	b.ReportMetric(publish[0].Seconds()*1e3/float64(b.N), "group-publish-ms")
	b.ReportMetric(arrive[0].Seconds()*1e3/float64(b.N), "group-arrive-ms")
	b.ReportMetric(float64(publish[1])/float64(publish[0]), "plain-publish-x")
	b.ReportMetric(float64(arrive[1])/float64(arrive[0]), "plain-arrive-x")
	b.ReportMetric(float64(arrive[2])/float64(arrive[0]), "logged-arrive-x")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPublish publishes in many rooms of three at once. Nobody reads, so that the queues are full.
func BenchmarkPublish(b *testing.B) {
	for _, row := range []struct {
		name string
		room hub.RoomOptions
	}{
		{"plain", hub.RoomOptions{}},
		{"history", hub.RoomOptions{History: hub.History{Messages: 100}, Slow: hub.DropOldest}},
	} {
		b.Run(row.name, func(b *testing.B) {
			h := newHub(b, &hub.Options{Room: func(string) hub.RoomOptions { return row.room }})
			clients := lazyClients(b, 30)
			names := make([]string, 1000)
			for i := range names {
				names[i] = fmt.Sprint("room ", i)
				for j := range 3 {
					must(b, h.Join(clients[(i+j)%len(clients)].Socket, names[i]))
				}
			}
			m := hub.Message{Data: make([]byte, 100), Type: websocket.Binary}
			var next atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := h.Publish(context.Background(), names[next.Add(1)%1000], m); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// lazyClients returns clients that do not read, with small queues.
func lazyClients(t testing.TB, n int) []*client {
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = newClient(t, &wstest.PairOptions{
			Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 4}},
			Pipe:   []wstest.Option{wstest.PipeSize(16)},
		})
		clients[i].far.Pause()
	}
	return clients
}
