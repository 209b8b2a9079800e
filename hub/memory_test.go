package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged is a room that keeps so many messages.
func logged(name string, messages int) Room {
	return Room{Name: name, Logged: true, History: History{Messages: messages}}
}

func memoryPublish(t testing.TB, m *Memory, r Room, data string) Position {
	t.Helper()
	p, err := m.Publish(context.Background(), r, &Message{Data: []byte(data)})
	if err != nil {
		t.Fatalf("Publish: %v", err)
	}
	return p
}

// memoryRead is what one answer of Read has.
func memoryRead(t testing.TB, m *Memory, r Room, after Position) []string {
	t.Helper()
	messages, err := m.Read(context.Background(), r, after)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	var out []string
	for _, m := range messages {
		out = append(out, string(m.Data))
	}
	return out
}

// checkMemory holds what a Memory counts against what it has.
func checkMemory(t testing.TB, m *Memory) {
	t.Helper()
	var octets int64
	var ids int
	for i := range m.store.shards {
		s := &m.store.shards[i]
		s.mu.Lock()
		var inLogs, inList int
		var last uint64
		for k := s.oldest; k != nil; k = k.next {
			inList++
			octets += k.octets
			if k.Position.Offset <= last {
				t.Errorf("shard %d: offset %d comes after %d", i, k.Position.Offset, last)
			}
			last = k.Position.Offset
		}
		if s.newest != nil && s.newest.Position.Offset != last {
			t.Errorf("shard %d: the newest is %d, the list ends with %d", i, s.newest.Position.Offset, last)
		}
		var head uint64
		if s.oldest != nil {
			head = s.oldest.Position.Offset
		}
		if got := s.head.Load(); got != head {
			t.Errorf("shard %d: head is %d, the oldest %d", i, got, head)
		}
		for name, room := range s.rooms {
			if room.log != nil {
				inLogs += room.log.messages.len()
				for n := range room.log.messages.len() {
					if k := room.log.messages.at(n); k.log != room.log {
						t.Errorf("room %s: a message is of another log", name)
					}
				}
			}
			if room.feeds == nil && (room.log == nil || room.log.messages.len() == 0) {
				t.Errorf("room %s is known, but nothing is to be known of it", name)
			}
		}
		if inLogs != inList {
			t.Errorf("shard %d: %d messages are in logs, %d in its list", i, inLogs, inList)
		}
		ids += len(s.ids.offsets)
		if len(s.ids.offsets) != s.ids.order.len() {
			t.Errorf("shard %d: %d IDs, %d in order", i, len(s.ids.offsets), s.ids.order.len())
		}
		s.mu.Unlock()
	}
	if got := m.store.octets.Load(); got != octets {
		t.Errorf("%d octets are counted, %d are kept", got, octets)
	}
	if got := m.store.ids.Load(); got != int64(ids) {
		t.Errorf("%d IDs are counted, %d are remembered", got, ids)
	}
}

func rooms(m *Memory) (n int) {
	for i := range m.store.shards {
		s := &m.store.shards[i]
		s.mu.Lock()
		n += len(s.rooms) + len(s.present)
		s.mu.Unlock()
	}
	return n
}

func TestTheOldestOfAllRoomsAreDroppedFirst(t *testing.T) {
	const size = 1000
	m := NewMemory(&MemoryOptions{Bytes: 20 * (size + memoryOverhead + 1)}) // names have one octet
	data := strings.Repeat("x", size-4)
	var at []Position
	for i := range 50 {
		at = append(at, memoryPublish(t, m, logged(string(rune('a'+i%7)), 100), fmt.Sprintf("%04d", i)+data))
	}
	checkMemory(t, m)
	for i, p := range at {
		r := logged(string(rune('a'+i%7)), 100)
		_, err := m.Read(context.Background(), r, p)
		if kept := i >= 30; kept != (err == nil) {
			t.Errorf("message %d of 50: %v, but the last 20 are kept", i, err)
		}
	}
	for i := range 20 { // of a room of its own, whose messages are all younger
		memoryPublish(t, m, logged("z", 100), fmt.Sprintf("%04d", i)+data)
	}
	if n := rooms(m); n != 1 {
		t.Errorf("%d rooms are known, want the one of which something is kept", n)
	}
	checkMemory(t, m)
}

func TestAMessageLargerThanAllThatMayBeKeptIsDeliveredAndNotKept(t *testing.T) {
	m := NewMemory(&MemoryOptions{Bytes: 10_000})
	r := logged("r", 10)
	memoryPublish(t, m, r, "small")
	f := memoryFollow(t, m, r)
	p := memoryPublish(t, m, r, strings.Repeat("x", 20_000))
	if got := f.next(t); got.Position != p {
		t.Errorf("delivered was %v, want %v", got.Position, p)
	}
	if got := memoryRead(t, m, r, Position{}); got != nil {
		t.Errorf("kept is %q", got)
	}
	if _, err := m.Read(context.Background(), r, p); !errors.Is(err, ErrTooOld) {
		t.Errorf("Read after it: %v, want ErrTooOld", err)
	}
	checkMemory(t, m)
}

func TestManyPublishersKeepTheBound(t *testing.T) {
	m := NewMemory(&MemoryOptions{Bytes: 100_000, IDs: 50})
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for i := range 500 {
				r := logged(fmt.Sprint("room ", (p+i)%20), 30)
				if _, err := m.Publish(context.Background(), r, &Message{ID: fmt.Sprint(p, i), Data: make([]byte, i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := m.store.octets.Load(); got > 100_000 {
		t.Errorf("%d octets are kept, want 100,000 at most", got)
	}
	if got := m.store.ids.Load(); got > 50 {
		t.Errorf("%d IDs are remembered, want 50 at most", got)
	}
	checkMemory(t, m)
}

func TestWhichPositionsAreTooOld(t *testing.T) {
	m := NewMemory(nil)
	r, other := logged("r", 3), logged("other", 3)
	ctx := context.Background()
	_, empty, _ := m.Follow(ctx, r, discard{})
	strange := memoryPublish(t, m, other, "x")
	var at []Position
	for i := range 3 {
		at = append(at, memoryPublish(t, m, r, fmt.Sprint(i)))
	}
	between := memoryPublish(t, m, other, "y")
	at = append(at, memoryPublish(t, m, r, "3"))
	check := func(name string, p Position, want ...string) {
		t.Helper()
		messages, err := m.Read(ctx, r, p)
		if want == nil {
			if !errors.Is(err, ErrTooOld) {
				t.Errorf("%s: %v, want ErrTooOld", name, err)
			}
			return
		}
		var got []string
		for _, m := range messages {
			got = append(got, string(m.Data))
		}
		if err != nil || !slices.Equal(got, slices.DeleteFunc(want, func(s string) bool { return s == "" })) {
			t.Errorf("%s: %q and %v, want %q", name, got, err, want)
		}
	}
	check("zero", Position{}, "1", "2", "3")
	check("of the empty room, after which one was dropped", empty)
	check("of another room, before", strange)
	check("dropped, although the next is kept", at[0])
	check("kept", at[1], "2", "3")
	check("of another room, between", between)
	check("last", at[3], "")
	check("not there yet", Position{Epoch: at[3].Epoch, Offset: at[3].Offset + 1})
	check("another epoch", Position{Epoch: "x", Offset: at[3].Offset})
	check("no epoch", Position{Offset: at[3].Offset})

	r = logged("nobody's", 3)
	check("of a room that nobody has used, not there yet", Position{Epoch: at[3].Epoch, Offset: at[3].Offset + 1})

	late := logged("late", 3)
	_, p, _ := m.Follow(ctx, late, discard{})
	for i := range 3 {
		memoryPublish(t, m, late, fmt.Sprint(i))
	}
	r = late
	check("of the empty room, after which all is kept", p, "0", "1", "2")
	memoryPublish(t, m, late, "3")
	check("of the empty room, after which one is dropped", p)
}

type discard struct{}

func (discard) Message(*Message) {}
func (discard) Lost(Position)    {}

func TestARoomThatWasForgottenGoesOnAfterWhereItWas(t *testing.T) {
	m := NewMemory(nil)
	r := logged("r", 2)
	ctx := context.Background()
	feed, empty, _ := m.Follow(ctx, r, discard{})
	feed.Stop()
	if n := rooms(m); n != 0 {
		t.Fatalf("%d rooms are known that nobody uses", n)
	}
	if got := memoryRead(t, m, r, empty); got != nil {
		t.Errorf("Read has %q", got)
	}
	var last Position
	for range 3 {
		last = memoryPublish(t, m, r, "x")
	}
	s := m.store.shard("r")
	s.mu.Lock()
	for s.oldest != nil {
		s.drop(s.oldest.log)
	}
	s.release(s.rooms["r"])
	s.mu.Unlock()
	if n := rooms(m); n != 0 {
		t.Fatalf("%d rooms are known of which nothing is kept", n)
	}
	for _, p := range []Position{empty, last} {
		if _, err := m.Read(ctx, r, p); !errors.Is(err, ErrTooOld) {
			t.Errorf("Read after %v: %v, want ErrTooOld", p, err)
		}
	}
	_, again, _ := m.Follow(ctx, r, discard{})
	if again.Offset <= last.Offset || again.Epoch != last.Epoch {
		t.Errorf("the room goes on at %v, after %v", again, last)
	}
	if next := memoryPublish(t, m, r, "y"); next.Offset <= again.Offset {
		t.Errorf("the next message is at %v, after %v", next, again)
	}
	for _, p := range []Position{empty, last} {
		if _, err := m.Read(ctx, r, p); !errors.Is(err, ErrTooOld) {
			t.Errorf("then Read after %v: %v, want ErrTooOld", p, err)
		}
	}
	if got := memoryRead(t, m, r, again); fmt.Sprint(got) != "[y]" {
		t.Errorf("Read after where it went on has %q", got)
	}
}

func TestEachMemoryHasAnEpochOfItsOwn(t *testing.T) {
	r := logged("r", 1)
	a, b := memoryPublish(t, NewMemory(nil), r, "x"), memoryPublish(t, NewMemory(nil), r, "x")
	if a.Epoch == b.Epoch || a.Epoch == "" {
		t.Errorf("epochs are %q and %q", a.Epoch, b.Epoch)
	}
}

func TestWhatIsKeptEndsWithTheLastNode(t *testing.T) {
	m := NewMemory(nil)
	n := m.Node()
	r := logged("r", 10)
	var last Position
	for i := range 5 {
		p, err := m.Publish(context.Background(), r, &Message{ID: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		last = p
	}
	if _, _, err := n.Follow(context.Background(), r, discard{}); err != nil {
		t.Fatal(err)
	}
	m.Close(context.Background())
	if got := memoryRead(t, n, r, Position{}); len(got) != 5 {
		t.Errorf("after one of two was closed Read has %q", got)
	}
	n.Close(context.Background())
	checkMemory(t, m)
	if got, left := m.store.octets.Load(), rooms(m); got != 0 || left != 0 {
		t.Errorf("after both were closed %d octets and %d rooms are kept", got, left)
	}
	late := n.Node()
	if _, err := late.Read(context.Background(), r, last); !errors.Is(err, ErrTooOld) {
		t.Errorf("Read after what was dropped: %v, want ErrTooOld", err)
	}
}

func TestPublishKeepsDataAndCopiesTheRest(t *testing.T) {
	m := NewMemory(nil)
	for _, r := range []Room{logged("r", 1), {Name: "p"}} {
		f := memoryFollow(t, m, r)
		msg := &Message{Data: []byte("x"), Publisher: "Ada", Time: time.Unix(1, 0)}
		if _, err := m.Publish(context.Background(), r, msg); err != nil {
			t.Fatal(err)
		}
		msg.Publisher = "Bob"
		if got := f.next(t); got.Publisher != "Ada" || &got.Data[0] != &msg.Data[0] || got.Room != r.Name {
			t.Errorf("delivered is %+v", got)
		}
		if msg.Room != "" || !msg.Position.IsZero() {
			t.Errorf("Publish has changed the message: %+v", msg)
		}
	}
}

func ExampleMemory_Node() {
	shared := NewMemory(nil)
	one, two := New(&Options{Broker: shared.Node()}), New(&Options{Broker: shared.Node()})
	heard := make(chan string)
	stop, _ := two.Subscribe("orders.>", func(m *Message) { heard <- string(m.Data) })
	one.Publish(context.Background(), "orders.berlin", Message{Data: []byte("three loaves")})
	fmt.Println(<-heard)
	stop()
	one.Close(context.Background())
	two.Close(context.Background())
	// Output: three loaves
}
