package chat

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// shaky is a broker that can fail, or have publishing in a room wait.
type shaky struct {
	hub.Broker
	fails  atomic.Bool
	panics atomic.Bool
	holds  atomic.Pointer[gate]
}

type gate struct {
	room string
	open chan struct{}
}

func (b *shaky) Publish(ctx context.Context, r hub.Room, m *hub.Message) (hub.Position, error) {
	if b.panics.Load() {
		panic("out of order")
	}
	if b.fails.Load() {
		return hub.Position{}, fmt.Errorf("no majority: %w", hub.ErrUnavailable)
	}
	if g := b.holds.Load(); g != nil && g.room == r.Name {
		select {
		case <-g.open:
		case <-ctx.Done():
			return hub.Position{}, ctx.Err()
		}
	}
	return b.Broker.Publish(ctx, r, m)
}

func (b *shaky) Present(ctx context.Context, room string) ([]hub.Member, error) {
	if b.panics.Load() {
		panic("out of order")
	}
	return b.Broker.Present(ctx, room)
}

func TestARoomThatWaitsHoldsUpNoOther(t *testing.T) {
	broker := &shaky{Broker: hub.NewMemory(nil)}
	n := start(t, broker, Options{})
	c := n.connect()
	c.join("slow", "Ada")
	c.join("quick", "Ada")
	g := &gate{"slow", make(chan struct{})}
	broker.holds.Store(g)
	for i := range 10 {
		c.say(fmt.Sprintf(`{"type":"publish","room":"slow","id":"s%d","data":%d}`, i, i))
	}
	c.publish("quick", "q", `"here"`)
	c.wantMessage("quick", "Ada", `"here"`)
	close(g.open)
	for i := range 10 {
		c.wantMessage("slow", "Ada", fmt.Sprint(i))
	}
}

// A panic, of the broker or of who is told of messages, is one connection's end and no other's.
func TestAPanicEndsItsConnection(t *testing.T) {
	broker := &shaky{Broker: hub.NewMemory(nil)}
	n := start(t, broker, Options{})
	ada, bob := n.connect(), n.connect()
	bob.join("blue", "Bob")
	bob.isThere("blue")
	bob.wantMessage("blue", "Bob", `"here"`)
	ada.join("blue", "Ada")
	ada.isThere("blue")
	bob.wantMessage("blue", "Ada", `"here"`)
	broker.panics.Store(true)
	ada.say(`{"type":"publish","room":"blue","data":1}`)
	ada.wantClose(websocket.CloseInternalError)
	broker.panics.Store(false)
	bob.publish("blue", "1", `2`)
	bob.wantMessage("blue", "Bob", `2`)
}

// Who has not joined because of one leaves nothing of the room behind.
func TestAPanicWhileJoining(t *testing.T) {
	broker := &shaky{Broker: hub.NewMemory(nil)}
	n := start(t, broker, Options{})
	c := n.connect()
	rs := &chatOf(n).rosters
	broker.panics.Store(true)
	c.say(`{"type":"join","room":"blue","name":"Ada"}`)
	c.wantClose(websocket.CloseInternalError)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.of) != 0 {
		t.Errorf("%d rosters are left", len(rs.of))
	}
}

// Past InFlight requests the server reads no more, and goes on when they are done.
func TestReadingPausesWhenTooMuchIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := &shaky{Broker: hub.NewMemory(nil)}
		n := start(t, broker, Options{InFlight: 8})
		c := n.connect()
		c.join("slow", "Ada")
		synctest.Wait() // it is over with
		g := &gate{"slow", make(chan struct{})}
		broker.holds.Store(g)
		v, _ := sessions.Get(n.srv.Clients().Members()[0])
		for i := range 100 { // the stream's buffer has room for them
			c.say(fmt.Sprintf(`{"type":"publish","room":"slow","id":"s%d","data":%d}`, i, i))
		}
		synctest.Wait() // nothing moves any more
		v.mu.Lock()
		waiting := v.inFlight
		v.mu.Unlock()
		if waiting != 8 {
			t.Errorf("%d requests are in flight, want 8", waiting)
		}
		close(g.open)
		for i := range 100 {
			c.wantMessage("slow", "Ada", fmt.Sprint(i))
		}
	})
}

// A request is given up when its time is over, those behind it at the same time, so that reading goes on.
func TestRequestsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := &shaky{Broker: hub.NewMemory(nil)}
		n := start(t, broker, Options{InFlight: 8})
		c := n.connect()
		c.join("slow", "Ada")
		synctest.Wait() // it is over with
		broker.holds.Store(&gate{"slow", make(chan struct{})})
		began := time.Now()
		for i := range 20 {
			c.say(fmt.Sprintf(`{"type":"publish","room":"slow","id":"s%d","data":%d}`, i, i))
		}
		for i := range 8 {
			if r := c.wantError(unavailable, true); r.ID != fmt.Sprint("s", i) {
				t.Errorf("%s, want s%d", r.asWritten, i)
			}
		}
		if took := time.Since(began); took != requestTime {
			t.Errorf("it took %v, want %v", took, requestTime)
		}
		for range 12 { // that were not read before
			c.wantError(unavailable, true)
		}
	})
}
