package nats

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// A follower is a Follower that remembers what it is told: the messages' contents, and "lost" with the offset.
type follower struct {
	mu      sync.Mutex
	told    []string
	changed chan struct{} // closed, and made anew, with each
}

func newFollower() *follower { return &follower{changed: make(chan struct{})} }

func (r *follower) add(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, what)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *follower) Message(m *hub.Message) { r.add(string(m.Data)) }
func (r *follower) Lost(p hub.Position)    { r.add(fmt.Sprint("lost ", p.Offset)) }

// until waits until it was told of something, and returns all until then.
func (r *follower) until(t *testing.T, what string) []string {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		r.mu.Lock()
		told, changed := slices.Clone(r.told), r.changed
		r.mu.Unlock()
		if slices.Contains(told, what) {
			return told
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("it was not told of %q, but of %q", what, told)
		}
	}
}

// isTold checks that it was told of some messages, and of nothing else, in that order.
func (r *follower) isTold(t *testing.T, want ...string) {
	t.Helper()
	if got := r.until(t, want[len(want)-1]); !slices.Equal(got, want) {
		t.Errorf("it was told of %q, want %q", got, want)
	}
}

func follow(t *testing.T, b *Broker, r hub.Room) (*follower, hub.Position) {
	t.Helper()
	rec := newFollower()
	_, p, err := b.Follow(t.Context(), r, rec)
	if err != nil {
		t.Fatal(err)
	}
	return rec, p
}

func publish(t *testing.T, b *Broker, r hub.Room, data ...string) (p hub.Position) {
	t.Helper()
	for _, d := range data {
		var err error
		if p, err = b.Publish(t.Context(), r, &hub.Message{Data: []byte(d)}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func logged(name string, messages int) hub.Room {
	return hub.Room{Name: name, Logged: true, History: hub.History{Messages: messages}}
}

// A deaf receiver does not hear messages that begin with "deaf".
type deaf struct{ receiver }

func (d deaf) receive(m *natsgo.Msg) {
	if !strings.HasPrefix(string(m.Data), "deaf") {
		d.receiver.receive(m)
	}
}

// deafen has all that a broker follows go through deaf receivers.
func deafen(b *Broker) {
	for _, s := range b.shards {
		s.mu.Lock()
		for sub, r := range s.receivers {
			s.receivers[sub] = deaf{r}
		}
		s.mu.Unlock()
	}
}

// never is a time between checks that is longer than any test.
const never = time.Hour

func TestAHoleIsFilledWhenTheNextMessageComes(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	room := logged("blue", 100)
	publish(t, b, room, "before")
	rec, _ := follow(t, b, room)
	settled(t, b)
	deafen(b)
	publish(t, b, room, "1", "deaf 2", "deaf 3")
	publish(t, b, logged("red", 100), "x")
	publish(t, b, room, "4", "5", "deaf 6", "7", "deaf 8", "9")
	rec.isTold(t, "1", "deaf 2", "deaf 3", "4", "5", "deaf 6", "7", "deaf 8", "9")
}

func TestAHoleAtTheBeginningIsFilled(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	room := logged("blue", 5)
	publish(t, b, logged("red", 5), "x", "x")
	rec, _ := follow(t, b, room)
	settled(t, b)
	deafen(b)
	publish(t, b, room, "deaf 1", "deaf 2", "3")
	rec.isTold(t, "deaf 1", "deaf 2", "3")
}

func TestALongHoleIsFilledInPieces(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	room := logged("blue", 5000)
	rec, _ := follow(t, b, room)
	settled(t, b)
	deafen(b)
	var want []string
	for i := range 3 * batchMessages {
		want = append(want, fmt.Sprint("deaf ", i))
	}
	pour(t, b, room, want...)
	publish(t, b, room, "end")
	rec.isTold(t, append(want, "end")...)
}

// pour publishes without waiting for each, as a foreign program can, and then waits until all are stored.
func pour(t *testing.T, b *Broker, r hub.Room, data ...string) {
	t.Helper()
	subject := b.class(r.History).stored(r.Name)
	for _, d := range data {
		if err := b.nc.Publish(subject, []byte(d)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCameLastIsFoundByACheck(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: 20 * time.Millisecond})
	blue, red := logged("blue", 100), logged("red", 100)
	publish(t, b, blue, "before")
	inBlue, _ := follow(t, b, blue)
	inRed, _ := follow(t, b, red)
	deafen(b)
	publish(t, b, blue, "deaf 1", "deaf 2")
	inBlue.isTold(t, "deaf 1", "deaf 2")
	publish(t, b, blue, "3", "deaf 4")
	inBlue.isTold(t, "deaf 1", "deaf 2", "3", "deaf 4")
	publish(t, b, red, "deaf 5")
	inRed.isTold(t, "deaf 5")
}

func TestWhatIsGoneForGoodIsLost(t *testing.T) {
	for _, test := range []struct {
		name    string
		before  []string // what the room has when it is followed
		publish []string
		want    []string
	}{
		{"after a message", []string{"before"}, []string{"1", "deaf 2", "deaf 3", "deaf 4", "deaf 5"}, []string{"1", "lost", "deaf 3", "deaf 4", "deaf 5"}},
		{"after an empty room", nil, []string{"deaf 1", "deaf 2", "deaf 3", "deaf 4"}, []string{"lost", "deaf 2", "deaf 3", "deaf 4"}},
		{"nothing", []string{"before"}, []string{"1", "deaf 2", "deaf 3", "deaf 4"}, []string{"1", "deaf 2", "deaf 3", "deaf 4"}},
		{"nothing, after an empty room", nil, []string{"deaf 1", "deaf 2", "deaf 3"}, []string{"deaf 1", "deaf 2", "deaf 3"}},
		{"nothing, as the last that was told of is kept", nil, []string{"1", "deaf 2", "deaf 3"}, []string{"1", "deaf 2", "deaf 3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, t.TempDir())
			b := newBroker(t, connect(t, s), &Options{Check: never})
			room := logged("blue", 3)
			publish(t, b, room, test.before...)
			rec, from := follow(t, b, room)
			deafen(b)
			b.checks.mu.Lock()
			publish(t, b, room, test.publish...)
			b.checks.mu.Unlock()
			settled(t, b)
			want := slices.Clone(test.want)
			if i := slices.Index(want, "lost"); i >= 0 {
				// The place before the oldest of the three that are kept.
				kept := from.Offset>>1 + uint64(len(test.publish)) - 2
				want[i] = fmt.Sprint("lost ", (kept-1)<<1|1)
			}
			rec.isTold(t, want...)
		})
	}
}

// settled waits until a check is over that comes after all that was followed.
func settled(t *testing.T, b *Broker) {
	t.Helper()
	if err := b.check(); err != nil {
		t.Fatal(err)
	}
}

func TestASlowFollowerGetsTheRestFromTheLog(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	room := logged("blue", 10_000)
	rec := &held{follower: newFollower(), called: make(chan struct{}), release: make(chan struct{})}
	if _, _, err := b.Follow(t.Context(), room, rec); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range maxWaiting + 500 {
		want = append(want, fmt.Sprint(i))
	}
	publish(t, b, room, want[0])
	<-rec.called
	pour(t, b, room, want[1:]...)
	publish(t, b, room, "end") // comes after them, and is acknowledged
	close(rec.release)
	rec.isTold(t, append(want, "end")...)
}

// held is a Follower whose first call takes until it is released.
type held struct {
	*follower
	once            sync.Once
	called, release chan struct{}
}

func (h *held) Message(m *hub.Message) {
	h.once.Do(func() {
		close(h.called)
		<-h.release
	})
	h.follower.Message(m)
}

func TestAForeignProgramTakesPart(t *testing.T) {
	s := startServer(t, t.TempDir())
	nc := connect(t, s)
	b := newBroker(t, connect(t, s), nil)
	plain, room := hub.Room{Name: "a b"}, logged("a b", 5)
	inPlain, _ := follow(t, b, plain)
	inRoom, _ := follow(t, b, room)
	for _, subject := range []string{"everwire.p.a=20b", "everwire.h.5-forever.a=20b"} {
		if err := nc.Publish(subject, []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	inPlain.isTold(t, "hello")
	inRoom.isTold(t, "hello")
	messages, err := b.Read(t.Context(), room, hub.Position{})
	if err != nil || len(messages) != 1 || string(messages[0].Data) != "hello" || messages[0].Position.IsZero() {
		t.Errorf("Read has %v and error %v, want the message", messages, err)
	}
	// What only looks as if JetStream had told it is not believed.
	forged := natsgo.NewMsg("everwire.l.5-forever.a=20b")
	forged.Header = natsgo.Header{headerSequence: {"2"}, headerLastSequence: {"1"}}
	forged.Data = []byte("forged")
	if err := nc.PublishMsg(forged); err != nil {
		t.Fatal(err)
	}
	nc.Flush()
	publish(t, b, room, "end")
	inRoom.isTold(t, "hello", "end")
}

func TestManyRoomsAreComparedPageByPage(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	const rooms = pageSize + 100
	records := make([]*follower, rooms)
	room := func(i int) hub.Room { return logged(fmt.Sprint("room ", i), 3) }
	feeds := make([]hub.Feed, rooms)
	for i := range records {
		records[i] = newFollower()
		var err error
		if feeds[i], _, err = b.Follow(t.Context(), room(i), records[i]); err != nil {
			t.Fatal(err)
		}
	}
	deafen(b)
	c := b.class(room(0).History)
	if n := pages(c); n != 2 {
		t.Errorf("there are %d pages, want 2", n)
	}
	for _, i := range []int{0, 7, pageSize, rooms - 1} {
		publish(t, b, room(i), "deaf")
	}
	settled(t, b)
	for _, i := range []int{0, 7, pageSize, rooms - 1} {
		records[i].isTold(t, "deaf")
	}
	for i := 50; i < rooms-50; i++ {
		feeds[i].Stop()
	}
	if n := pages(c); n != 1 {
		t.Errorf("there are %d pages of 100 rooms, want 1", n)
	}
	publish(t, b, room(rooms-1), "deaf again")
	settled(t, b)
	records[rooms-1].isTold(t, "deaf", "deaf again")
	for _, f := range feeds {
		f.Stop()
	}
	if n := pages(c); n != 0 {
		t.Errorf("there are %d pages of no rooms", n)
	}
	if n := b.nc.NumSubscriptions(); n > 1 { // that of the answers to requests
		t.Errorf("%d subscriptions are left of no rooms", n)
	}
}

// pages returns how many pages of feeds a class has, when no check is under way.
func pages(c *class) int {
	c.b.checks.mu.Lock()
	defer c.b.checks.mu.Unlock()
	return len(c.tidy())
}

func TestFollowEndsWithItsContext(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.Follow(ctx, logged("blue", 3), newFollower()); err != context.Canceled {
		t.Errorf("the error is %v, want that of the context", err)
	}
	if n := pages(b.class(hub.History{Messages: 3})); n != 0 {
		t.Errorf("there are %d pages of no feeds", n)
	}
}

func TestThePlaceOfAnEmptyRoomIsNotAnOldOne(t *testing.T) {
	s := startServer(t, t.TempDir())
	b, other := newBroker(t, connect(t, s), &Options{Check: never}), newBroker(t, connect(t, s), nil)
	busy, empty := logged("blue", 5), logged("green", 5)
	publish(t, b, busy, "x")
	settled(t, b)
	c := b.class(busy.History)
	publish(t, other, busy, "1", "2", "3")
	stream, err := b.js.Stream(t.Context(), c.stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil { // as age does
		t.Fatal(err)
	}
	c.asked.Store(0) // as if that were long ago
	_, at := follow(t, b, empty)
	if got, err := b.Read(t.Context(), empty, at); err != nil || len(got) != 0 {
		t.Errorf("Read after the place %v has %v and error %v, want nothing", at, got, err)
	}
}

// What was heard of a stream says nothing of the one that has taken its place.
func TestAFeedThatBeginsForgetsAnEraThatIsOver(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Check: never})
	publish(t, b, logged("blue", 5), "x")
	c := b.class(hub.History{Messages: 5})
	before := c.era.Load()
	f := &feed{class: c, room: "blue"}
	f.keep(natsgo.NewMsg("heard before"), 100)
	raise(&f.sure, 100)
	c.begin(&era{epoch: "another"})
	if f.settle(before, 1) {
		t.Error("it has settled in an era that is over")
	}
	if f.want.Load() != 0 || f.sure.Load() != 0 || len(f.waiting) != 0 {
		t.Errorf("it wants %d, is sure up to %d, and has %d waiting", f.want.Load(), f.sure.Load(), len(f.waiting))
	}
}

func (r *follower) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.told)
}
