package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// A line to a server that can be cut.
type line struct {
	server *natsd.Server

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (l *line) InProcessConn() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.New("the line is cut")
	}
	c, err := l.server.InProcessConn()
	if err == nil {
		l.conns = append(l.conns, c)
	}
	return c, err
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

// told is what a watch was.
type told struct {
	t      *testing.T
	events chan string
}

func watch(t *testing.T, b *Broker, room string) *told {
	t.Helper()
	w := &told{t: t, events: make(chan string, 1000)}
	stop, err := b.Watch(room, func(e hub.PresenceEvent) {
		sign := "+"
		if e.Left {
			sign = "-"
		}
		w.events <- sign + e.Member.ID
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return w
}

func (w *told) next(want string) {
	w.t.Helper()
	select {
	case got := <-w.events:
		if got != want {
			w.t.Fatalf("told of %q, want %q", got, want)
		}
	case <-time.After(time.Minute):
		w.t.Fatalf("not told of %q", want)
	}
}

// eventually waits until something is so, for what has no event to wait for.
func eventually(t *testing.T, what func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := what()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
}

// wantPresent waits until a room has these members.
func wantPresent(t *testing.T, b *Broker, room string, want ...string) {
	t.Helper()
	eventually(t, func() error {
		all, err := b.Present(context.Background(), room)
		if err != nil {
			return err
		}
		var got []string
		for _, m := range all {
			got = append(got, m.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("present are %q, want %q", got, want)
		}
		return nil
	})
}

func enter(t *testing.T, b *Broker, room, id string) {
	t.Helper()
	eventually(t, func() error {
		return b.Enter(context.Background(), room, hub.Member{ID: id, Node: b.opts.Node, Value: []byte("of " + b.opts.Node)})
	})
}

// keys returns the keys that a bucket has and that are not removed.
func keys(t *testing.T, b *Broker, bucket string) (all []string) {
	t.Helper()
	err := b.presence.each(context.Background(), bucket, ">", func(key string, e entry) {
		if last(e.header, headerOperation) == "" {
			all = append(all, key)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMembersOfANodeThatIsCutOff(t *testing.T) {
	l := &line{server: startServer(t, t.TempDir())}
	nc, err := Connect("nats://in-process", nil, natsgo.InProcessServer(l), natsgo.ErrorHandler(nil), natsgo.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	away := newBroker(t, nc, &Options{Node: "away", Lease: time.Second})
	here := newBroker(t, connect(t, l.server), &Options{Node: "here", Lease: time.Second})

	const room = "orders.日本.*"
	enter(t, away, room, "ada")
	enter(t, here, room, "eve")
	enter(t, away, room, "both")
	enter(t, here, room, "both")
	wantPresent(t, here, room, "ada", "both", "eve")
	w := watch(t, here, room)
	away.presence.mu.Lock()
	before := away.presence.session.name
	away.presence.mu.Unlock()

	l.set(true)
	w.next("-ada")
	wantPresent(t, here, room, "both", "eve")
	eventually(t, func() error {
		for _, key := range append(keys(t, here, memberBucket), keys(t, here, nodeBucket)...) {
			if strings.Contains(key, before) {
				return fmt.Errorf("%s is still there", key)
			}
		}
		return nil
	})
	if err := away.Enter(t.Context(), room, hub.Member{ID: "bob", Node: "away"}); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Enter of a node that is cut off: %v", err)
	}

	l.set(false)
	seen := map[string]bool{}
	for len(seen) < 3 { // "both" moves back to who entered last
		select {
		case e := <-w.events:
			seen[e] = true
		case <-time.After(time.Minute):
			t.Fatalf("told of no more than %v", seen)
		}
	}
	if !seen["+ada"] || !seen["+bob"] || !seen["+both"] {
		t.Errorf("told of %v", seen)
	}
	for _, b := range []*Broker{here, away} {
		wantPresent(t, b, room, "ada", "bob", "both", "eve")
	}
}

func TestMembersAreEnteredAgainAfterTheBucketsWereLost(t *testing.T) {
	s := startServer(t, t.TempDir())
	a := newBroker(t, connect(t, s), &Options{Node: "a", Lease: time.Second})
	b := newBroker(t, connect(t, s), &Options{Node: "b", Lease: time.Second})
	enter(t, a, "room", "ada")
	w := watch(t, b, "room")
	for _, name := range []string{memberBucket, nodeBucket} {
		if err := a.js.DeleteStream(t.Context(), a.presence.stream(name)); err != nil {
			t.Fatal(err)
		}
	}
	wantPresent(t, b, "room", "ada")
	enter(t, a, "room", "end")
	w.next("+end") // and nothing before: nobody had left
}

func TestAChangeThatWasMissedIsMadeUpFor(t *testing.T) {
	s := startServer(t, t.TempDir())
	a := newBroker(t, connect(t, s), &Options{Node: "a", Lease: time.Minute})
	b := newBroker(t, connect(t, s), &Options{Node: "b", Lease: time.Minute})
	enter(t, a, "room", "ada")
	w := watch(t, b, "room")
	b.presence.mu.Lock()
	room := b.presence.rooms["room"]
	b.presence.mu.Unlock()
	room.shard.unsubscribe(room.sub)
	enter(t, a, "room", "bob")
	if err := a.Exit(t.Context(), "room", "ada"); err != nil {
		t.Fatal(err)
	}
	wantPresent(t, b, "room", "bob")
	w.next("+bob")
	w.next("-ada")
}

// While presence is at work the connection may break and come back more than once.
func TestReconnectsDuringARoundAreNotMissed(t *testing.T) {
	s := startServer(t, t.TempDir())
	a := newBroker(t, connect(t, s), &Options{Node: "a"})
	b := newBroker(t, connect(t, s, natsgo.ReconnectWait(5*time.Millisecond), natsgo.ReconnectJitter(0, 0)), &Options{
		Node: "b", Lease: never, Timeout: time.Minute, // of the round that waits for the gate
	})
	p := &b.presence
	watches := make(map[string]*told)
	for i := range 2*comparedAtOnce + 1 { // more than are compared without a reason
		name := fmt.Sprint("room ", i)
		watches[name] = watch(t, b, name)
		p.mu.Lock()
		room := p.rooms[encodeRoom(name)]
		p.mu.Unlock()
		room.shard.unsubscribe(room.sub)
	}

	p.gate <- struct{}{} // a round waits for this
	signal(p.wake)
	eventually(t, func() error {
		if len(p.wake) > 0 {
			return errors.New("the round does not begin")
		}
		return nil
	})
	p.mu.Lock()
	for _, w := range p.rooms {
		w.due = false // as after earlier rounds
	}
	p.mu.Unlock()
	for range 2 {
		interrupt(t, b, natsgo.CONNECTED)
	}
	for name := range watches {
		enter(t, a, name, "bob")
	}
	<-p.gate
	for _, w := range watches {
		w.next("+bob")
	}
}

// Who watches and is slow holds up neither plain rooms nor memory, and is told of what was dropped later.
func TestASlowWatchHoldsNothingUp(t *testing.T) {
	s := startServer(t, t.TempDir())
	a := newBroker(t, connect(t, s), &Options{Node: "a"})
	b := newBroker(t, connect(t, s), &Options{Node: "b", Lease: time.Second})
	w := watch(t, b, "room")
	var plain hub.Room // whose messages come on the same goroutine
	for i := 0; plain.Name == "" || b.shard(b.plain(plain.Name)) != b.shard("room"); i++ {
		plain.Name = fmt.Sprint("plain ", i)
	}
	rec, _ := follow(t, b, plain)

	n := &b.presence.news
	nobody := &watcher{}
	nobody.stopped.Store(true)
	n.mu.Lock()
	for range tooMuch {
		n.queue = append(n.queue, bulletin{to: nobody})
	}
	n.mu.Unlock()
	enter(t, a, "room", "ada")
	publish(t, a, plain, "x")
	rec.isTold(t, "x")
	n.mu.Lock()
	waiting := len(n.queue)
	n.mu.Unlock()
	if waiting != tooMuch {
		t.Errorf("%d wait to be told, want no more than %d", waiting, tooMuch)
	}
	signal(n.there)
	w.next("+ada")
}

func TestAWatchMayUseTheBroker(t *testing.T) {
	b := newBroker(t, connect(t, startServer(t, t.TempDir())), nil)
	done := make(chan struct{})
	var stop func()
	ready := make(chan struct{})
	stop, err := b.Watch("room", func(hub.PresenceEvent) {
		<-ready
		other, err := b.Watch("other", func(hub.PresenceEvent) {})
		if err != nil {
			t.Error(err)
			return
		}
		other()
		if _, err := b.Present(context.Background(), "room"); err != nil {
			t.Error(err)
		}
		stop()
		close(done)
	})
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	enter(t, b, "room", "ada")
	<-done
	b.presence.mu.Lock()
	defer b.presence.mu.Unlock()
	if n := len(b.presence.rooms); n != 0 {
		t.Errorf("%d rooms are watched after stop", n)
	}
}

func TestARoomOfMoreThanOnePage(t *testing.T) {
	s := startServer(t, t.TempDir())
	a, b := newBroker(t, connect(t, s), nil), newBroker(t, connect(t, s), nil)
	var want []string
	var wg sync.WaitGroup
	for i := range 2*listBatch + 100 {
		id := fmt.Sprintf("%04d", i)
		want = append(want, id)
		if i%16 == 0 {
			wg.Wait()
		}
		wg.Go(func() { enter(t, a, "room", id) })
	}
	wg.Wait()
	wantPresent(t, b, "room", want...)
}

func TestALongIDIsRefused(t *testing.T) {
	b := newBroker(t, connect(t, startServer(t, t.TempDir())), nil)
	enter(t, b, strings.Repeat("界", 66), strings.Repeat("\x00", maxID))
	wantPresent(t, b, strings.Repeat("界", 66), strings.Repeat("\x00", maxID))
	if err := b.Enter(t.Context(), "room", hub.Member{ID: strings.Repeat("x", maxID+1)}); err == nil || errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

func FuzzPresenceRecord(f *testing.F) {
	f.Add("everwire.room.ada", "", []byte(`{"id":"ada","node":"a"}`))
	f.Add("s.a.b.=C3=A9", "", []byte(`{"id":"é"}`))
	f.Add("s.room.ada", "DEL", []byte(nil))
	f.Add("..", "", []byte(`{}`))
	f.Add("s.=", "PURGE", []byte(`[]`))
	f.Fuzz(func(t *testing.T, key, operation string, data []byte) {
		e := entry{seq: 1, data: data}
		if operation != "" {
			e.header = natsgo.Header{headerOperation: {operation}}
		}
		r, ok := record(key, e)
		if !ok {
			return
		}
		if !strings.HasPrefix(key, r.session+".") || !strings.HasSuffix(key, "."+r.id) || len(r.session)+len(r.id)+2 > len(key) {
			t.Errorf("%q is session %q and id %q", key, r.session, r.id)
		}
		if !r.gone && string(appendToken(nil, r.member.ID)) != r.id {
			t.Errorf("%q has member %q", key, r.member.ID)
		}
	})
}
