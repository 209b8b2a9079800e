package websocket_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func prepared(t testing.TB, data string) *websocket.Prepared {
	t.Helper()
	p, err := websocket.Prepare(websocket.Text, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGroupAddAndRemove(t *testing.T) {
	var g websocket.Group
	a, _ := wstest.Sockets(t, nil, nil, nil)
	b, _ := wstest.Sockets(t, nil, nil, nil)
	steps := []struct {
		name    string
		call    func() bool
		want    bool
		members []*websocket.Socket
	}{
		{"remove from an empty group", func() bool { return g.Remove(a) }, false, nil},
		{"add", func() bool { return g.Add(a) }, true, []*websocket.Socket{a}},
		{"add again", func() bool { return g.Add(a) }, false, []*websocket.Socket{a}},
		{"add another", func() bool { return g.Add(b) }, true, []*websocket.Socket{a, b}},
		{"remove", func() bool { return g.Remove(a) }, true, []*websocket.Socket{b}},
		{"remove again", func() bool { return g.Remove(a) }, false, []*websocket.Socket{b}},
		{"add what was removed", func() bool { return g.Add(a) }, true, []*websocket.Socket{b, a}},
		{"remove one", func() bool { return g.Remove(b) }, true, []*websocket.Socket{a}},
		{"remove the last", func() bool { return g.Remove(a) }, true, nil},
	}
	for _, step := range steps {
		equal(t, step.name, step.call(), step.want)
		equal(t, "Len after "+step.name, g.Len(), len(step.members))
		equal(t, "Members after "+step.name, len(g.Members()), len(step.members))
		for _, s := range []*websocket.Socket{a, b} {
			equal(t, "Has after "+step.name, g.Has(s), slices.Contains(step.members, s))
		}
		equal(t, "number after "+step.name, g.Publish(prepared(t, "x")), len(step.members))
	}
}

func TestASocketLeavesItsGroupsWhenItIsClosed(t *testing.T) {
	var groups [3]websocket.Group
	seen := make(chan bool, len(groups))
	s, c := wstest.Sockets(t, nil, func(s *websocket.Socket) {
		s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) {
			for i := range groups {
				seen <- groups[i].Has(s) || groups[i].Len() > 0 || groups[i].Add(s)
			}
		})
	}, nil)
	for i := range groups {
		groups[i].Add(s)
	}
	groups[1].Remove(s)
	must(t, c.Close(websocket.CloseNormal, ""))
	for range groups {
		equal(t, "member in the close event", <-seen, false)
	}
	equal(t, "Remove afterwards", groups[0].Remove(s), false)
}

func TestASocketThatIsConnectingMayBeAMember(t *testing.T) {
	s := script(t, func(net.Conn, *http.Request) {})
	var g websocket.Group
	j := newJournal()
	socket, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
		j.listen(s)
		equal(t, "Add", g.Add(s), true)
		equal(t, "number", g.Publish(prepared(t, "x")), 0)
	})
	must(t, err)
	j.waitClose(t)
	equal(t, "member", g.Has(socket), false)
}

func TestPublishCountsThoseWhoTookIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g websocket.Group
		open, _ := wstest.Sockets(t, nil, nil, nil)
		closing, _ := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) { c.Pause() })
		full, _ := wstest.Sockets(t, &wstest.PairOptions{
			Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 1}},
			Pipe:   []wstest.Option{wstest.PipeSize(16)},
		}, nil, func(c *websocket.Socket) { c.Pause() })
		for _, s := range []*websocket.Socket{open, closing, full} {
			g.Add(s)
		}
		synctest.Wait()
		closing.Close(websocket.CloseNormal, "")
		equal(t, "first", g.Publish(prepared(t, "a message larger than the pipe")), 2)
		synctest.Wait() // it is being written
		equal(t, "second", g.Publish(prepared(t, "fills the queue")), 2)
		equal(t, "third", g.Publish(prepared(t, "does not fit")), 1)
		equal(t, "members", g.Len(), 3)
	})
}

func TestABroadcastThatAQueueRefusesIsReported(t *testing.T) {
	for _, row := range []struct {
		name   string
		policy websocket.Policy
		taken  int      // of three
		drops  []string // in order
		last   websocket.ReadyState
	}{
		{"RefuseNewest", websocket.RefuseNewest, 2, []string{"third"}, websocket.Open},
		{"DropOldest", websocket.DropOldest, 3, []string{"second"}, websocket.Open},
		{"ReplaceByKey", websocket.ReplaceByKey, 2, []string{"third"}, websocket.Open},
		{"CloseSlow", websocket.CloseSlow, 2, []string{"third"}, websocket.Closing},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			var drops []string
			s, c := wstest.Sockets(t, &wstest.PairOptions{
				Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 1, Full: row.policy}},
				Pipe:   []wstest.Option{wstest.PipeSize(16)},
			}, func(s *websocket.Socket) {
				s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) {
					drops = append(drops, d.Message.Text())
					wantError(t, "reason", d.Reason, websocket.ErrQueueFull)
					equal(t, "type", d.Message.Type(), websocket.Text)
					equal(t, "key", d.Key, "")
				})
			}, func(c *websocket.Socket) { c.Pause() })
			var g websocket.Group
			g.Add(s)
			synctest.Wait()
			taken := g.Publish(prepared(t, "first, larger than the pipe"))
			synctest.Wait()
			taken += g.Publish(prepared(t, "second"))
			taken += g.Publish(prepared(t, "third"))
			synctest.Wait()
			equal(t, "taken", taken, row.taken)
			equal(t, "drops", drops, row.drops)
			equal(t, "ReadyState", s.ReadyState(), row.last)
			c.Resume()
		})
	}
}

func TestARefusedBroadcastWithoutAListenerIsJustLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := wstest.Sockets(t, &wstest.PairOptions{
			Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 1}},
			Pipe:   []wstest.Option{wstest.PipeSize(16)},
		}, nil, func(c *websocket.Socket) { c.Pause() })
		var g websocket.Group
		g.Add(s)
		synctest.Wait()
		g.Publish(prepared(t, "larger than the pipe"))
		synctest.Wait()
		g.Publish(prepared(t, "in the queue"))
		before := s.BufferedAmount()
		equal(t, "number", g.Publish(prepared(t, "refused")), 0)
		equal(t, "BufferedAmount", s.BufferedAmount(), before)
		c.Resume()
	})
}

func TestSendsOfASocketAndOfItsGroupsKeepTheirOrder(t *testing.T) {
	var a, b websocket.Group
	got := make(chan string, 100)
	s, _ := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
		c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text() })
	})
	a.Add(s)
	b.Add(s)
	for i := range 30 {
		switch i % 3 {
		case 0:
			must(t, s.SendText(fmt.Sprint(i)))
		case 1:
			equal(t, "number", a.Publish(prepared(t, fmt.Sprint(i))), 1)
		case 2:
			equal(t, "number", b.Publish(prepared(t, fmt.Sprint(i))), 1)
		}
	}
	for i := range 30 {
		equal(t, "message", <-got, fmt.Sprint(i))
	}
}

func TestFiltersMayAskWhoElseIsAMember(t *testing.T) {
	var a, b websocket.Group
	both, _ := wstest.Sockets(t, nil, nil, nil)
	one, _ := wstest.Sockets(t, nil, nil, nil)
	a.Add(both)
	a.Add(one)
	b.Add(both)
	p := prepared(t, "x")
	var publishing sync.WaitGroup
	for _, pair := range [][2]*websocket.Group{{&a, &b}, {&b, &a}, {&a, &a}} { // in each other's way
		publishing.Go(func() {
			for range 100 {
				n := pair[0].Publish(p, pair[0].Has, pair[1].Has)
				if want := min(pair[0].Len(), pair[1].Len()); n != want {
					t.Errorf("reached %d, want %d", n, want)
				}
			}
		})
	}
	publishing.Wait()
}

func TestAFilterThatPanicsLeavesTheGroupUsable(t *testing.T) {
	s, _ := wstest.Sockets(t, nil, nil, nil)
	var g websocket.Group
	g.Add(s)
	func() {
		defer func() { equal(t, "the panic", recover(), any("oops")) }()
		g.Publish(prepared(t, "x"), func(*websocket.Socket) bool { panic("oops") })
	}()
	equal(t, "number", g.Publish(prepared(t, "x")), 1)
}

// TestGroupsAreSafeForConcurrentUse lets everything that can be done with groups race with sockets that come
// and go. At the end nobody is left who is closed.
func TestGroupsAreSafeForConcurrentUse(t *testing.T) {
	var srv websocket.Server
	var groups [4]websocket.Group
	var received atomic.Int64
	opts := serveInMemory(t, &srv)
	p := prepared(t, "to whom it may concern")
	stop := make(chan struct{})
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		for i := range groups {
			groups[i].Add(s)
		}
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { groups[rand.IntN(len(groups))].Remove(s) })
	})
	var working sync.WaitGroup
	for i := range groups {
		g := &groups[i]
		working.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				g.Publish(p, websocket.Except(srv.Clients().Members()...))
				g.Publish(p)
				for _, s := range srv.Clients().Members() {
					switch rand.IntN(4) {
					case 0:
						g.Add(s)
					case 1:
						g.Remove(s)
					case 2:
						groups[rand.IntN(len(groups))].Has(s)
					}
				}
				groups[rand.IntN(len(groups))].Members()
			}
		})
	}
	var connecting sync.WaitGroup
	for range 8 {
		connecting.Go(func() {
			for range 20 {
				c, err := websocket.Dial(context.Background(), "ws://site.com", opts)
				if err != nil {
					t.Error(err)
					return
				}
				c.Write(context.Background(), websocket.Text, []byte("x"))
				for range rand.IntN(3) {
					c.Read(context.Background())
					received.Add(1)
				}
				if rand.IntN(2) == 0 {
					c.Close(websocket.CloseNormal, "")
				}
				c.Terminate()
			}
		})
	}
	connecting.Wait()
	close(stop)
	working.Wait()
	must(t, srv.Shutdown(context.Background()))
	for i := range groups {
		equal(t, "members left", groups[i].Len(), 0)
	}
	if received.Load() == 0 {
		t.Error("no broadcast arrived")
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, members := range []int{1, 100} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			var g websocket.Group
			for range members {
				s, _ := wstest.Sockets(b, &wstest.PairOptions{
					Accept: websocket.AcceptOptions{Queue: websocket.Queue{Full: websocket.DropOldest, Messages: 16}},
				}, nil, nil)
				g.Add(s)
			}
			p := prepared(b, "a message of a usual size, give or take a few octets")
			b.ReportAllocs()
			for b.Loop() {
				g.Publish(p)
			}
		})
	}
}
