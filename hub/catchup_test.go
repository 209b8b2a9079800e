package hub_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// While thousands of messages are published on two nodes, sockets come and go with the position of what they
// had last. Each gets every message exactly once, in the log's order, whatever the tail holds.
func TestTheSeamIsExact(t *testing.T) {
	for _, row := range []struct {
		name string
		tail int64
	}{
		{"all in the tail", 0},
		{"little in the tail", 4000},
		{"no tail", -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			const messages, publishers, comers, ahead = 300, 4, 4, 100
			m := hub.NewMemory(nil)
			encode := func(m *hub.Message) []byte { return []byte(m.Position.String() + " " + string(m.Data)) }
			room := func(string) hub.RoomOptions {
				return hub.RoomOptions{History: hub.History{Messages: 10 * messages * publishers}, Encode: encode}
			}
			hubs := []*hub.Hub{
				newHub(t, &hub.Options{Broker: m, Room: room, Tail: row.tail}),
				newHub(t, &hub.Options{Broker: m.Node(), Room: room, Tail: row.tail}),
			}
			start := publish(t, hubs[0], "r", "first")
			var work sync.WaitGroup
			var mu sync.Mutex
			moved := sync.NewCond(&mu)
			var had [comers]int
			published, failed := 0, false
			turn := func() bool { // publishers are not far ahead of who is last
				mu.Lock()
				defer mu.Unlock()
				for published >= slices.Min(had[:])+ahead && !failed {
					moved.Wait()
				}
				published++
				return !failed
			}
			progress := func(i, n int, ok bool) {
				mu.Lock()
				defer mu.Unlock()
				had[i], failed = n, failed || !ok
				moved.Broadcast()
			}
			for i := range publishers {
				work.Go(func() {
					for n := 0; n < messages && turn(); n++ {
						if _, err := hubs[i%2].Publish(t.Context(), "r", text(fmt.Sprintf("%d %d", i, n))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := range comers {
				work.Go(func() {
					at := start
					seen := make([]int, publishers) // how many of each
					for done, round := 0, 0; done < messages*publishers; round++ {
						got := make(chan string, 2*messages*publishers)
						s, c := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
							c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text() })
						})
						if _, err := hubs[(i+round)%2].JoinWith(t.Context(), s, "r", hub.JoinOptions{From: &at}); err != nil {
							t.Error(err)
							progress(i, done, false)
							return
						}
						for range min(1+rand.IntN(150), messages*publishers-done) {
							var p, data string
							var by, n int
							p, data, _ = strings.Cut(<-got, " ")
							fmt.Sscan(data, &by, &n)
							next, err := hub.ParsePosition(p)
							if err != nil || next.Offset <= at.Offset || n != seen[by] {
								t.Errorf("after %v and %d of publisher %d came %v, %d; %v", at, seen[by], by, next, n, err)
								progress(i, done, false)
								return
							}
							seen[by]++
							at = next
							done++
							progress(i, done, true)
						}
						s.Terminate()
						<-s.Context().Done()
						c.Terminate()
					}
				})
			}
			work.Wait()
		})
	}
}

func TestFromAndRecent(t *testing.T) {
	const kept = 5
	for _, row := range []struct {
		name   string
		from   int // of the messages 1 to 8, of which 4 to 8 are kept; -1: the zero Position; -2: another epoch; -3: not yet
		recent int
		want   string // messages
		at     int    // Joined.Position; 0: zero
		err    error
	}{
		{"nothing asked", 0, 0, "", 8, nil},
		{"from the last", 8, 0, "", 8, nil},
		{"from the last but one", 7, 0, "8", 7, nil},
		{"from the oldest", 4, 0, "5 6 7 8", 4, nil},
		{"from one that is not kept", 3, 0, "", 0, hub.ErrTooOld},
		{"from the beginning", -1, 0, "4 5 6 7 8", 0, nil},
		{"from another epoch", -2, 0, "", 0, hub.ErrTooOld},
		{"from one that was not published", -3, 0, "", 0, hub.ErrTooOld},
		{"the last", 0, 1, "8", 7, nil},
		{"the last three", 0, 3, "6 7 8", 5, nil},
		{"all that are kept", 0, 5, "4 5 6 7 8", 0, nil},
		{"more than are kept", 0, 50, "4 5 6 7 8", 0, nil},
		{"from goes before recent", 6, 4, "7 8", 6, nil},
	} {
		for _, tail := range []int64{0, -1} {
			for _, fresh := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, tail %d, fresh %v", row.name, tail, fresh), func(t *testing.T) {
					h := newHub(t, &hub.Options{Room: history(kept), Tail: tail})
					there := newClient(t, nil)
					if !fresh {
						must(t, h.Join(there.Socket, "r"))
					}
					at := make([]hub.Position, 9)
					for i := 1; i <= 8; i++ {
						at[i] = publish(t, h, "r", strconv.Itoa(i))
					}
					if !fresh { // the room is where the log is
						there.wait(t, "1", "2", "3", "4", "5", "6", "7", "8")
					}
					opts := hub.JoinOptions{Recent: row.recent, Joined: func(s *websocket.Socket, j hub.Joined) {
						s.SendText(fmt.Sprintf("joined %d", j.Missed))
					}}
					switch {
					case row.from == -1:
						opts.From = &hub.Position{}
					case row.from == -2:
						opts.From = &hub.Position{Epoch: "other", Offset: at[7].Offset}
					case row.from == -3:
						opts.From = &hub.Position{Epoch: at[8].Epoch, Offset: at[8].Offset + 1}
					case row.from > 0:
						opts.From = &at[row.from]
					}
					c := newClient(t, nil)
					j, err := h.JoinWith(t.Context(), c.Socket, "r", opts)
					if err != row.err {
						t.Fatalf("error %v, want %v", err, row.err)
					}
					publish(t, h, "r", "9")
					if err != nil {
						if h.Stats().TooOld != 1 {
							t.Errorf("counted %d", h.Stats().TooOld)
						}
						if n := h.Len("r"); n > 1 {
							t.Errorf("%d members", n)
						}
						return
					}
					want := strings.Fields(row.want)
					if j.Missed != len(want) || j.Position != at[row.at] {
						t.Errorf("joined %+v, want %d after %v", j, len(want), at[row.at])
					}
					c.wait(t, fmt.Sprintf("joined %d", len(want)))
					c.wait(t, append(want, "9")...)
				})
			}
		}
	}
}

// A socket that comes back to a node whose feed is behind the position waits for it, and gets no message twice.
func TestAPositionAheadOfTheFeedIsWaitedFor(t *testing.T) {
	b := newShaky()
	h := newHub(t, &hub.Options{Broker: b, Room: history(10)})
	a, c := newClient(t, nil), newClient(t, nil)
	must(t, h.Join(a.Socket, "r"))
	publish(t, h, "r", "1")
	a.wait(t, "1")
	feed := b.feed("r")
	feed.mu.Lock()
	publish(t, h, "r", "2")
	at := publish(t, h, "r", "3")
	joined := make(chan error, 1)
	go func() {
		_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &at})
		joined <- err
	}()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.JoinWith(short, newClient(t, nil).Socket, "r", hub.JoinOptions{From: &at}); err != context.DeadlineExceeded {
		t.Errorf("joined with %v while the feed is behind", err)
	}
	gone := newClient(t, nil)
	time.AfterFunc(10*time.Millisecond, gone.Terminate)
	if _, err := h.JoinWith(t.Context(), gone.Socket, "r", hub.JoinOptions{From: &at}); err != hub.ErrClosed {
		t.Errorf("a socket that has ended joined with %v", err)
	}
	feed.mu.Unlock()
	must(t, <-joined)
	publish(t, h, "r", "4")
	a.wait(t, "2", "3", "4")
	c.wait(t, "4")
}

// What is published when a socket has been told what it missed, and is not a member yet, comes behind that.
func TestWhatComesBetweenIsSent(t *testing.T) {
	for _, tail := range []int64{0, -1} {
		h := newHub(t, &hub.Options{Room: history(100), Tail: tail})
		there, c := newClient(t, nil), newClient(t, nil)
		must(t, h.Join(there.Socket, "r"))
		at := publish(t, h, "r", "1")
		publish(t, h, "r", "2")
		there.wait(t, "1", "2")
		_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &at, Joined: func(*websocket.Socket, hub.Joined) {
			publish(t, h, "r", "3")
			publish(t, h, "r", "4")
			there.wait(t, "3", "4")
		}})
		must(t, err)
		publish(t, h, "r", "5")
		c.wait(t, "2", "3", "4", "5")
	}
}

// The broker's answer that there is nothing is old when it comes: what was published meanwhile is no more in
// a tail that is small.
func TestAnAnswerOfTheBrokerMayBeOld(t *testing.T) {
	b := newShaky()
	h := newHub(t, &hub.Options{Broker: b, Room: history(10), Tail: -1})
	a, c := newClient(t, nil), newClient(t, nil)
	must(t, h.Join(a.Socket, "r"))
	b.read = sync.OnceFunc(func() {
		publish(t, h, "r", "1")
		publish(t, h, "r", "2")
		a.wait(t, "1", "2")
	})
	_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &hub.Position{}})
	must(t, err)
	publish(t, h, "r", "3")
	c.wait(t, "1", "2", "3")
}

// Much that was missed goes out in pieces through a queue that holds two messages.
func TestCatchingUpDoesNotOverrunAQueue(t *testing.T) {
	for _, full := range []websocket.Policy{websocket.RefuseNewest, websocket.DropOldest, websocket.CloseSlow} {
		h := newHub(t, &hub.Options{Room: history(1000)})
		start := publish(t, h, "r", "start")
		var want []string
		for i := range 300 {
			want = append(want, strconv.Itoa(i)+strings.Repeat(".", 3000))
			publish(t, h, "r", want[i])
		}
		c := newClient(t, &wstest.PairOptions{
			Accept: websocket.AcceptOptions{Queue: websocket.Queue{Messages: 2, Full: full}},
			Pipe:   []wstest.Option{wstest.PipeSize(1000)},
		})
		j, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &start})
		must(t, err)
		if j.Missed != 300 {
			t.Errorf("missed %d", j.Missed)
		}
		c.wait(t, want...)
	}
}

// More than is held in memory for one socket is read again, and counted right.
func TestCatchingUpWithMoreThanIsHeld(t *testing.T) {
	for _, tail := range []int64{0, -1} {
		b := newShaky()
		h := newHub(t, &hub.Options{Broker: b, Room: history(1000), Tail: tail})
		start := publish(t, h, "r", "start")
		for i := range 30 {
			publish(t, h, "r", strconv.Itoa(i)+strings.Repeat(".", 500_000))
		}
		c := newClient(t, nil)
		c.far.Pause()
		told := make(chan int, 1)
		joined := make(chan error, 1)
		go func() {
			_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &start, Joined: func(_ *websocket.Socket, j hub.Joined) { told <- j.Missed }})
			joined <- err
		}()
		if n := <-told; n != 30 {
			t.Errorf("missed %d", n)
		}
		c.far.Resume()
		must(t, <-joined)
		for i := range 30 {
			if got, _, _ := strings.Cut(<-c.got, "."); got != strconv.Itoa(i) {
				t.Fatalf("got %q, want %d", got, i)
			}
		}
		if _, reads := b.count(); tail < 0 && reads <= 11 { // which takes 11
			t.Errorf("%d reads: all was held in memory", reads)
		}
	}
}

// A socket that does not read is waited for until ctx or its connection ends.
func TestCatchingUpEndsWithTheContextOrTheSocket(t *testing.T) {
	h := newHub(t, &hub.Options{Room: history(1000)})
	start := publish(t, h, "r", "start")
	for range 10 {
		publish(t, h, "r", strings.Repeat(".", 100_000))
	}
	for _, row := range []struct {
		name string
		end  func(cancel func(), s *websocket.Socket)
		want error
	}{
		{"context", func(cancel func(), _ *websocket.Socket) { cancel() }, context.Canceled},
		{"socket", func(_ func(), s *websocket.Socket) { s.Terminate() }, hub.ErrClosed},
	} {
		c := newClient(t, nil)
		c.far.Pause()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := h.JoinWith(ctx, c.Socket, "r", hub.JoinOptions{From: &start, Joined: func(s *websocket.Socket, _ hub.Joined) {
			go row.end(cancel, s)
		}})
		if !errors.Is(err, row.want) {
			t.Errorf("%s: error %v", row.name, err)
		}
		if n := h.Len("r"); n != 0 {
			t.Errorf("%s: %d members", row.name, n)
		}
		cancel()
	}
}

// When many come back to a node that is new, the broker is read once.
func TestTheTailIsFilledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newShaky()
		b.read = func() { time.Sleep(time.Second) } // meanwhile all others come
		h := newHub(t, &hub.Options{Broker: b, Room: history(100)})
		at := publish(t, h, "r", "1")
		publish(t, h, "r", "2")
		var coming sync.WaitGroup
		for range 20 {
			c := newClient(t, nil)
			coming.Go(func() {
				_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{From: &at})
				if err != nil {
					t.Error(err)
				}
				if got := <-c.got; got != "2" {
					t.Errorf("got %q", got)
				}
			})
		}
		coming.Wait()
		if follows, reads := b.count(); follows != 1 || reads != 2 {
			t.Errorf("%d follows, %d reads", follows, reads)
		}
	})
}
