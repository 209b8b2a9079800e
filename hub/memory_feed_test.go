package hub

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A told is a Follower that passes on what it is told, and waits in the first call.
type told struct {
	feed     Feed
	messages chan *Message
	lost     chan Position
	hold     chan struct{}
}

func memoryFollow(t testing.TB, m *Memory, r Room) *told {
	t.Helper()
	f := &told{messages: make(chan *Message, 2*maxWaiting), lost: make(chan Position, 10), hold: make(chan struct{})}
	feed, _, err := m.Follow(context.Background(), r, f)
	if err != nil {
		t.Fatal(err)
	}
	close(f.hold)
	f.feed = feed
	t.Cleanup(feed.Stop)
	return f
}

// memoryFollowHeld is a follower whose calls wait for release.
func memoryFollowHeld(t testing.TB, m *Memory, r Room) (f *told, release func()) {
	f = memoryFollow(t, m, Room{Name: "nobody's"})
	f.feed.Stop()
	f.hold = make(chan struct{})
	var err error
	if f.feed, _, err = m.Follow(context.Background(), r, f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.feed.Stop)
	return f, func() { close(f.hold) }
}

func (f *told) Message(m *Message) {
	<-f.hold
	f.messages <- m
}

func (f *told) Lost(p Position) { f.lost <- p }

func (f *told) next(t testing.TB) *Message {
	t.Helper()
	select {
	case m := <-f.messages:
		return m
	case <-time.After(time.Minute):
		t.Fatal("no message")
		return nil
	}
}

func TestAFollowerThatIsTooSlowGetsTheRestFromTheLog(t *testing.T) {
	const n = maxWaiting + 3000
	m := NewMemory(nil)
	r := logged("r", n)
	f, release := memoryFollowHeld(t, m, r)
	for i := range n {
		memoryPublish(t, m, r, fmt.Sprint(i))
	}
	release()
	for i := range n {
		if got := f.next(t); string(got.Data) != fmt.Sprint(i) {
			t.Fatalf("told was %s, want %d", got.Data, i)
		}
	}
	memoryPublish(t, m, r, "end")
	if got := f.next(t); string(got.Data) != "end" {
		t.Errorf("then told was %s", got.Data)
	}
	if len(f.lost) > 0 {
		t.Errorf("Lost was called, with %v", <-f.lost)
	}
}

func TestAFollowerThatIsTooSlowForTheLogHearsWhatItLost(t *testing.T) {
	m := NewMemory(nil)
	r := logged("r", 10)
	f, release := memoryFollowHeld(t, m, r)
	var at []Position
	data := strings.Repeat("x", 1<<20)
	for range 50 {
		at = append(at, memoryPublish(t, m, r, data))
	}
	release()
	var got []Position
	for {
		p := f.next(t).Position
		got = append(got, p)
		if p == at[len(at)-1] {
			break
		}
	}
	lost := <-f.lost
	if lost != at[len(at)-11] {
		t.Errorf("Lost was called with %v, want the last that was dropped, %v", lost, at[len(at)-11])
	}
	before := len(got) - 10
	if before < maxWaitingOctets>>20 {
		t.Errorf("%d messages were kept for the follower, want at least what may wait", before)
	}
	for i, p := range got {
		want := at[i]
		if i >= before {
			want = at[len(at)-len(got)+i]
		}
		if p != want {
			t.Errorf("told was %v as number %d, want %v", p, i, want)
		}
	}
}

func TestWhatIsTooMuchInAPlainRoomIsDropped(t *testing.T) {
	m := NewMemory(nil)
	r := Room{Name: "r"}
	f, release := memoryFollowHeld(t, m, r)
	memoryPublish(t, m, r, "first")
	const n = maxWaiting + 500
	for i := range n {
		memoryPublish(t, m, r, fmt.Sprint(i))
	}
	release()
	f.next(t)
	for i := range maxWaiting - 1 {
		if got := f.next(t); string(got.Data) != fmt.Sprint(i) {
			t.Fatalf("told was %s, want %d", got.Data, i)
		}
	}
	if stored := m.store.octets.Load(); stored != 0 {
		t.Errorf("of a plain room %d octets are kept", stored)
	}
}

func TestAFollowerMayPublishAndStop(t *testing.T) {
	m := NewMemory(nil)
	for _, r := range []Room{logged("r", 10), {Name: "p"}} {
		done := make(chan struct{})
		f := &echoing{m: m, r: r, done: done, feed: make(chan Feed, 1)}
		feed, _, err := m.Follow(context.Background(), r, f)
		if err != nil {
			t.Fatal(err)
		}
		f.feed <- feed
		memoryPublish(t, m, r, "x")
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("a follower that publishes waits for itself")
		}
	}
}

// echoing publishes four times what it is told, and stops its feed then.
type echoing struct {
	m    *Memory
	r    Room
	n    int
	done chan struct{}
	feed chan Feed
}

func (f *echoing) Lost(Position) {}
func (f *echoing) Message(m *Message) {
	if f.n++; f.n < 5 {
		f.m.Publish(context.Background(), f.r, m)
		return
	}
	(<-f.feed).Stop()
	f.m.Publish(context.Background(), f.r, m)
	close(f.done) // a second time, if it was called again
}

func TestAfterStopNothingThatWaitedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		m := NewMemory(nil)
		var calls atomic.Int32
		hold := make(chan struct{})
		call := func() {
			calls.Add(1)
			<-hold
		}
		feeds := map[string]func() (stop func(), err error){
			"Follow": func() (func(), error) {
				f, _, err := m.Follow(ctx, logged("r", 10), listener(func(*Message) { call() }))
				return f.Stop, err
			},
			"Listen":         func() (func(), error) { return m.Listen("*", func(*Message) { call() }) },
			"Listen exactly": func() (func(), error) { return m.Listen("r", func(*Message) { call() }) },
			"Watch":          func() (func(), error) { return m.Watch("r", func(PresenceEvent) { call() }) },
		}
		for name, begin := range feeds {
			calls.Store(0)
			stop, err := begin()
			if err != nil {
				t.Fatal(err)
			}
			more := func() {
				for i := range 5 {
					memoryPublish(t, m, logged("r", 10), "x")
					m.Enter(ctx, "r", Member{ID: "x", Value: fmt.Append(nil, name, calls.Load(), i)})
				}
				synctest.Wait()
			}
			more()
			hold <- struct{}{} // what waited is told as one batch
			synctest.Wait()
			more()
			stop()
			for range 2 {
				select {
				case hold <- struct{}{}:
				default:
				}
				synctest.Wait()
			}
			if n := calls.Load(); n != 2 {
				t.Errorf("%s: %d calls, want the one before and the one during which it was stopped", name, n)
			}
		}
		m.Close(ctx)
	})
}
