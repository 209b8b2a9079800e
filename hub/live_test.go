package hub_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// A notebook is what a Hub has logged.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notebook) has(s string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.b.String(), s)
}

func (n *notebook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(n, nil)) }

func TestARoomIsOneOnTwoNodes(t *testing.T) {
	for _, row := range []struct {
		name string
		room hub.RoomOptions
	}{
		{"plain", hub.RoomOptions{}},
		{"ordered", hub.RoomOptions{Ordered: true}},
		{"history", hub.RoomOptions{History: hub.History{Messages: 10}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a plain room is followed when the joins return, however long that takes
				a, b := twoHubs(t, func(string) hub.RoomOptions { return row.room })
				one, two := newClient(t, nil), newClient(t, nil)
				must(t, a.Join(one.Socket, "r"))
				must(t, b.Join(two.Socket, "r"))
				publish(t, a, "r", "1")
				publish(t, a, "r", "2", hub.Except(one.Socket))
				publish(t, a, "r", "3", hub.Except(two.Socket)) // who is not of this Hub gets it
				one.wait(t, "1", "3")
				two.wait(t, "1", "2", "3")
				publish(t, b, "r", "4")
				one.wait(t, "4")
				two.wait(t, "4")
			})
		})
	}
}

// Publishers on two nodes at once: all members see one order.
func TestMembersOfAnOrderedRoomSeeOneOrder(t *testing.T) {
	const each = 300
	a, b := twoHubs(t, func(string) hub.RoomOptions { return hub.RoomOptions{Ordered: true} })
	var clients []*client
	for i := range 6 {
		clients = append(clients, newClient(t, nil))
		must(t, []*hub.Hub{a, b}[i%2].Join(clients[i].Socket, "r"))
	}
	var work sync.WaitGroup
	for i, h := range []*hub.Hub{a, b, a, b} {
		work.Go(func() {
			for n := range each {
				h.Publish(t.Context(), "r", text(string(rune('a'+i))+string(rune(n))))
			}
		})
	}
	work.Wait()
	for range 4 * each {
		want := <-clients[0].got
		for _, c := range clients[1:] {
			c.wait(t, want)
		}
	}
}

// A room that nobody is in any more is neither followed nor watched.
func TestWhatNobodyIsInIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, room := range []hub.RoomOptions{{Presence: true}, {Presence: true, Ordered: true}} {
			b := newShaky()
			opts := &hub.Options{Broker: b, Room: func(string) hub.RoomOptions { return room }}
			h := newHub(t, opts)
			other := newHub(t, &hub.Options{Broker: b.Memory.Node(), Room: opts.Room})
			var changes atomic.Int64
			h.OnPresence(func(hub.PresenceEvent) { changes.Add(1) })
			c, far := newClient(t, nil), newClient(t, nil)
			for round := range 2 {
				before := changes.Load()
				must(t, h.Join(c.Socket, "r"))
				publish(t, other, "r", "1")
				c.wait(t, "1")
				synctest.Wait() // it is told of its own member
				h.Leave(c.Socket, "r")
				synctest.Wait()
				now := changes.Load()
				must(t, other.Join(far.Socket, "r"))
				other.Leave(far.Socket, "r")
				publish(t, other, "r", "2")
				synctest.Wait()
				if told := b.feed("r").told; told != 1 || changes.Load() != now || now == before {
					t.Errorf("round %d: told of %d messages, %d changes, then %d", round, told, now-before, changes.Load()-now)
				}
			}
		}
	})
}

// When a logged room cannot be followed, who joins is told, and may try again.
func TestARoomThatCannotBeFollowed(t *testing.T) {
	b := newShaky()
	h := newHub(t, &hub.Options{Broker: b, Room: history(10)})
	b.cut(true)
	c := newClient(t, nil)
	if err := h.Join(c.Socket, "r"); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Join: %v", err)
	}
	if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 || !errors.Is(s.Err, hub.ErrUnavailable) {
		t.Errorf("%+v", s)
	}
	if _, err := h.Publish(t.Context(), "r", text("x")); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Publish: %v", err)
	}
	b.cut(false)
	must(t, h.Join(c.Socket, "r"))
	publish(t, h, "r", "1")
	c.wait(t, "1")
	if s := h.Stats(); s.Refused != 1 || s.Published != 1 {
		t.Errorf("%+v", s)
	}
}

// A plain room goes on on this node while the broker is out of reach, and is one with the others when it is back.
func TestAPlainRoomGoesOnWithoutItsBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newShaky()
		var log notebook
		h := newHub(t, &hub.Options{Broker: b, Log: log.logger()})
		other := newHub(t, &hub.Options{Broker: b.Memory.Node()})
		b.cut(true)
		one, two, far := newClient(t, nil), newClient(t, nil), newClient(t, nil)
		must(t, h.Join(one.Socket, "r"))
		must(t, h.Join(two.Socket, "r"))
		must(t, other.Join(far.Socket, "r"))
		synctest.Wait() // it has tried to follow the room
		publish(t, h, "r", "1")
		one.wait(t, "1")
		two.wait(t, "1")
		b.cut(false)
		time.Sleep(10 * time.Second)
		publish(t, other, "r", "2")
		one.wait(t, "2")
		publish(t, h, "r", "3")
		far.wait(t, "2", "3")
		if s := h.Stats(); s.Refused != 1 || !log.has("cut off from other nodes") {
			t.Errorf("%+v", s)
		}
	})
}

func TestMembersAreClosedWhenTheBrokerHasLostMessages(t *testing.T) {
	b := newShaky()
	var log notebook
	h := newHub(t, &hub.Options{Broker: b, Room: history(10), Log: log.logger()})
	c := newClient(t, nil)
	must(t, h.Join(c.Socket, "r"))
	at := publish(t, h, "r", "1")
	c.wait(t, "1")
	b.feed("r").Lost(hub.Position{Epoch: at.Epoch, Offset: at.Offset + 7})
	if e := <-c.closed; e.Code != websocket.CloseTryAgainLater || e.Reason == "" {
		t.Errorf("closed with %+v", e)
	}
	if n := h.Stats().Lost; n != 1 || !log.has("room=r") {
		t.Errorf("counted %d, logged %q", n, log.b.String())
	}
}

// What the broker says to be lost before it has told where the log is counts as well: behind an older position
// there would be a gap.
func TestWhatIsLostBeforeTheRoomHasBegun(t *testing.T) {
	b := &hasty{Memory: hub.NewMemory(nil)}
	h := newHub(t, &hub.Options{Broker: b, Room: history(10)})
	c := newClient(t, nil)
	j, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{})
	must(t, err)
	if j.Position != b.lost || b.lost.IsZero() {
		t.Errorf("joined at %v, lost was what is up to %v", j.Position, b.lost)
	}
	publish(t, h, "r", "1")
	c.wait(t, "1")
}

// A hasty broker tells of a message, and then of a loss, before Follow returns.
type hasty struct {
	*hub.Memory
	lost hub.Position
}

func (b *hasty) Follow(ctx context.Context, r hub.Room, f hub.Follower) (hub.Feed, hub.Position, error) {
	feed, at, err := b.Memory.Follow(ctx, r, f)
	f.Message(&hub.Message{Room: r.Name, Position: hub.Position{Epoch: at.Epoch, Offset: at.Offset + 1}, Data: []byte("early")})
	// The Memory hands out offsets from here on.
	other := hub.Room{Name: "other", Logged: true}
	for range 7 {
		b.lost, err = b.Memory.Publish(ctx, other, &hub.Message{})
	}
	f.Lost(b.lost)
	return feed, at, err
}

// Nobody waits for a broker that does not answer longer than they want.
func TestAJoinEndsWithItsContext(t *testing.T) {
	b := &silent{newShaky(), make(chan struct{})}
	h := newHub(t, &hub.Options{Broker: b, Room: history(10)})
	ctx, cancel := context.WithCancel(t.Context())
	joined := make(chan error)
	go func() {
		_, err := h.JoinWith(ctx, newClient(t, nil).Socket, "r", hub.JoinOptions{})
		joined <- err
	}()
	<-b.asked
	cancel()
	if err := <-joined; err != context.Canceled {
		t.Errorf("error %v", err)
	}
	c := newClient(t, nil)
	go func() { joined <- h.Join(c.Socket, "r") }()
	<-b.asked // the room was dropped, and is made anew
	c.Terminate()
	if err := <-joined; err != hub.ErrClosed {
		t.Errorf("error %v", err)
	}
	go func() { joined <- h.Join(newClient(t, nil).Socket, "r") }()
	<-b.asked
	must(t, h.Close(t.Context()))
	if err := <-joined; !errors.Is(err, hub.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestAJoinWaitsTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &silent{newShaky(), make(chan struct{}, 10)}
		h := newHub(t, &hub.Options{Broker: b, Room: history(10)})
		begun := time.Now()
		err := h.Join(newClient(t, nil).Socket, "r")
		if d := time.Since(begun); !errors.Is(err, hub.ErrUnavailable) || d != 10*time.Second {
			t.Errorf("error %v after %v", err, d)
		}
	})
}

// A plain room does not wait long for a broker that does not answer.
func TestAPlainRoomGoesOnWithABrokerThatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log notebook
		b := &silent{newShaky(), make(chan struct{}, 10)}
		h := newHub(t, &hub.Options{Broker: b, Log: log.logger()})
		begun := time.Now()
		c := newClient(t, nil)
		must(t, h.Join(c.Socket, "r"))
		if d := time.Since(begun); d != time.Second {
			t.Errorf("the join took %v", d)
		}
		b.cut(true) // one that says that it is out of reach is not waited for at all
		begun = time.Now()
		must(t, h.Join(c.Socket, "other"))
		if d := time.Since(begun); d != 0 {
			t.Errorf("the join took %v", d)
		}
		publish(t, h, "r", "1")
		c.wait(t, "1")
	})
}

// A silent broker does not answer those who want to follow.
type silent struct {
	*shaky
	asked chan struct{}
}

func (b *silent) Follow(ctx context.Context, _ hub.Room, _ hub.Follower) (hub.Feed, hub.Position, error) {
	select {
	case b.asked <- struct{}{}:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return nil, hub.Position{}, ctx.Err()
}
