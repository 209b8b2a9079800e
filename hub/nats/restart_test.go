package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// A place is where a server is, or none: connections to it are made again when another one takes its place.
type place struct {
	mu sync.Mutex
	s  *natsd.Server
}

func (p *place) put(s *natsd.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s = s
}

func (p *place) InProcessConn() (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s == nil {
		return nil, errors.New("no server is running")
	}
	return p.s.InProcessConn()
}

// clear stops the server that is there.
func (p *place) clear() {
	p.mu.Lock()
	s := p.s
	p.s = nil
	p.mu.Unlock()
	stopServer(s)
}

func (p *place) connect(t *testing.T) *natsgo.Conn {
	t.Helper()
	return connect(t, p.s, natsgo.InProcessServer(p), natsgo.ReconnectWait(5*time.Millisecond), natsgo.ReconnectJitter(time.Millisecond, time.Millisecond))
}

// publishUntil publishes a message, again and again with its ID, until it is taken.
func publishUntil(t *testing.T, b *Broker, r hub.Room, id string) hub.Position {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		p, err := b.Publish(t.Context(), r, &hub.Message{ID: id, Data: []byte(id)})
		switch {
		case err == nil:
			return p
		case !errors.Is(err, hub.ErrUnavailable):
			t.Fatalf("the error is %v, want one that wraps ErrUnavailable", err)
		case time.Now().After(deadline):
			t.Fatal(err)
		}
	}
}

func readData(t *testing.T, b *Broker, r hub.Room, after hub.Position) string {
	t.Helper()
	messages, err := b.Read(t.Context(), r, after)
	if err != nil {
		t.Fatal(err)
	}
	var data []string
	for _, m := range messages {
		data = append(data, string(m.Data))
	}
	return strings.Join(data, " ")
}

func TestARestartedServerHasTheSamePositions(t *testing.T) {
	store := t.TempDir()
	var p place
	p.put(startServer(t, store))
	b, other := newBroker(t, p.connect(t), nil), newBroker(t, p.connect(t), nil)
	room, plain := logged("blue", 100), hub.Room{Name: "red"}
	first := publish(t, b, room, "1")
	rec, _ := follow(t, b, room)
	inPlain, _ := follow(t, b, plain)
	second := publish(t, b, room, "2")

	p.clear()
	short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, r := range []hub.Room{room, plain} { // a plain room's message may be on its way to a server whose end was not yet noticed
		if _, err := b.Publish(short, r, &hub.Message{Data: []byte("x")}); !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("%s: Publish without a server: %v, want ErrUnavailable", r.Name, err)
		}
	}
	if _, err := b.Read(short, room, first); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Read without a server: %v, want ErrUnavailable", err)
	}
	if _, _, err := b.Follow(short, room, newFollower()); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Follow without a server: %v, want ErrUnavailable", err)
	}
	if err := b.Err(); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Err without a server is %v, want ErrUnavailable", err)
	}
	late, _ := follow(t, b, plain) // comes true when there is a server

	p.put(startServer(t, store))
	third := publishUntil(t, other, room, "3")
	if second.Epoch != first.Epoch || third.Epoch != first.Epoch || third.Offset <= second.Offset {
		t.Errorf("positions are %v, %v and, after the restart, %v", first, second, third)
	}
	rec.isTold(t, "2", "3")
	if got := readData(t, b, room, first); got != "2 3" {
		t.Errorf("Read after the first message has %q", got)
	}
	if p := publishUntil(t, b, room, "3"); p != third {
		t.Errorf("the same ID is at %v and then at %v", third, p)
	}
	for inPlain.len() == 0 || late.len() == 0 { // until both are connected again
		publishUntil(t, other, plain, "hello")
	}
	if err := b.Err(); err != nil {
		t.Errorf("Err with a server is %v", err)
	}
}

func TestWhatWasPublishedWhileANodeWasCutOffComesWhenItIsBack(t *testing.T) {
	s := startServer(t, t.TempDir())
	var p place
	p.put(s)
	b, other := newBroker(t, p.connect(t), &Options{Check: never}), newBroker(t, connect(t, s), nil)
	room, small, quiet := logged("blue", 100), logged("blue", 2), logged("green", 100)
	publish(t, other, small, "before")
	rec, _ := follow(t, b, room)
	inSmall, _ := follow(t, b, small)
	inQuiet, _ := follow(t, b, quiet)
	publish(t, other, room, "1")
	publish(t, other, small, "1")
	rec.isTold(t, "1")
	inSmall.isTold(t, "1")

	p.put(nil)
	interrupt(t, b, natsgo.RECONNECTING)
	publish(t, other, room, "2", "3")
	publish(t, other, small, "2", "3", "4")
	publish(t, other, quiet, "only")
	p.put(s)
	rec.isTold(t, "1", "2", "3")
	inQuiet.isTold(t, "only")
	if told := inSmall.until(t, "4"); len(told) != 4 || !strings.HasPrefix(told[1], "lost ") || told[2] != "3" {
		t.Errorf("in a room that keeps two it was told of %q, want 1, that something is lost, 3 and 4", told)
	}
}

// The client forgets who does not take an event in time, and a busy machine takes nothing in time.
func TestBreaksAreNoticedAfterSomeThatCameTooFast(t *testing.T) {
	b := newBroker(t, connect(t, startServer(t, t.TempDir()), natsgo.ReconnectWait(5*time.Millisecond), natsgo.ReconnectJitter(0, 0)), nil)
	b.link.mu.Lock() // and with it who is told
	for range 4 {
		interrupt(t, b, natsgo.CONNECTED)
	}
	b.link.mu.Unlock()
	for range 2 { // the first can be one of before
		link := b.link.context()
		interrupt(t, b, natsgo.CONNECTED)
		select {
		case <-link.Done():
		case <-time.After(time.Minute):
			t.Fatal("what waits for an answer is not told that the connection has broken")
		}
	}
}

// interrupt breaks a broker's connection, and waits until that is RECONNECTING, or CONNECTED again.
func interrupt(t *testing.T, b *Broker, until natsgo.Status) {
	t.Helper()
	changed := b.nc.StatusChanged(until)
	defer b.nc.RemoveStatusListener(changed)
	if err := b.nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	<-changed
}

func TestALostStoreIsANewEpoch(t *testing.T) {
	var p place
	p.put(startServer(t, t.TempDir()))
	b := newBroker(t, p.connect(t), nil)
	room, empty := logged("blue", 100), logged("green", 100)
	old := publish(t, b, room, "1", "2", "3")
	rec, _ := follow(t, b, room)
	inEmpty, _ := follow(t, b, empty)

	p.clear()
	p.put(startServer(t, t.TempDir()))
	next := publishUntil(t, b, room, "new")
	if next.Epoch == old.Epoch {
		t.Errorf("the epoch is the same: %v and %v", old, next)
	}
	rec.isTold(t, "lost 1", "new")
	if _, err := b.Read(t.Context(), room, old); !errors.Is(err, hub.ErrTooOld) {
		t.Errorf("Read after a position of before: %v, want ErrTooOld", err)
	}
	publish(t, b, empty, "first")
	inEmpty.isTold(t, "lost 1", "first")
}

func TestADeletedStreamIsANewEpoch(t *testing.T) {
	s := startServer(t, t.TempDir())
	b, other := newBroker(t, connect(t, s), &Options{Check: 20 * time.Millisecond}), newBroker(t, connect(t, s), nil)
	room := logged("blue", 100)
	old := publish(t, b, room, "1", "2", "3")
	publish(t, other, room, "4")
	rec, _ := follow(t, b, room)
	if err := b.js.DeleteStream(t.Context(), b.class(room.History).stream); err != nil {
		t.Fatal(err)
	}
	// It does not know, and makes it anew, or b does: a message that comes while a stream begins can go without an answer.
	next := publishUntil(t, other, room, "new")
	if next.Epoch == old.Epoch {
		t.Errorf("the epoch is the same: %v and %v", old, next)
	}
	rec.isTold(t, "lost 1", "new")
	if _, err := b.Read(t.Context(), room, old); !errors.Is(err, hub.ErrTooOld) {
		t.Errorf("Read after a position of before: %v, want ErrTooOld", err)
	}
	if got := readData(t, b, room, next); got != "" {
		t.Errorf("Read after a position that another node has given has %q", got)
	}
}

func TestAPositionOfAnEpochThatIsNewToTheNode(t *testing.T) {
	s := startServer(t, t.TempDir())
	b, other := newBroker(t, connect(t, s), &Options{Check: never}), newBroker(t, connect(t, s), nil)
	room := logged("blue", 100)
	publish(t, b, room, "1", "2", "3", "4")
	if err := other.js.DeleteStream(t.Context(), other.class(room.History).stream); err != nil {
		t.Fatal(err)
	}
	next := publish(t, other, room, "new", "newer")
	if p := publish(t, b, room, "newest"); p.Epoch != next.Epoch || p.Offset != next.Offset+2 {
		t.Errorf("Publish returns %v, want the place after %v", p, next)
	}
	next.Offset -= 2
	b.class(room.History).asked.Store(0) // as if that were long ago
	if got := readData(t, b, room, next); got != "newer newest" {
		t.Errorf("Read has %q, want newer and newest", got)
	}
}

func TestAServerThatHasLostWhatItHadAcknowledged(t *testing.T) {
	store := t.TempDir()
	var p place
	p.put(startServer(t, store))
	b := newBroker(t, p.connect(t), nil)
	room, other := logged("blue", 100), logged("green", 100)
	kept := publish(t, b, room, "1", "2")
	rec, _ := follow(t, b, room)
	inOther, _ := follow(t, b, other)
	p.clear()
	saved := t.TempDir()
	if err := os.CopyFS(saved, os.DirFS(store)); err != nil {
		t.Fatal(err)
	}
	p.put(startServer(t, store))
	lost := hub.Position{}
	for i := 3; i < 6; i++ {
		lost = publishUntil(t, b, room, fmt.Sprint(i))
	}
	rec.isTold(t, "3", "4", "5")

	p.clear()
	p.put(startServer(t, saved))
	rec.isTold(t, "3", "4", "5", fmt.Sprint("lost ", kept.Offset|1))
	next := publishUntil(t, b, room, "3 again")
	if next.Offset > lost.Offset || next.Offset <= kept.Offset {
		t.Errorf("the test is wrong: the message is at %v, not between %v and %v", next, kept, lost)
	}
	rec.isTold(t, "3", "4", "5", fmt.Sprint("lost ", kept.Offset|1), "3 again")
	if _, err := b.Read(t.Context(), room, lost); !errors.Is(err, hub.ErrTooOld) {
		t.Errorf("Read after a position that was lost: %v, want ErrTooOld", err)
	}
	publish(t, b, other, "x")
	inOther.isTold(t, "x") // it had lost nothing
}
