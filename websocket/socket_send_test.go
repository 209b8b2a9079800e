package websocket_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// behindABlob connects a socket and makes all it sends from here on wait, behind a blob of 1,000 octets that was
// begun. Release lets the blob go on.
func behindABlob(t *testing.T, a arrangement, q websocket.Queue, setups ...func(*websocket.Socket)) (s *websocket.Socket, theirs *journal, release func()) {
	t.Helper()
	opts := &wstest.PairOptions{}
	opts.Accept.Queue, opts.Dial.Queue = q, q
	theirs = newJournal()
	s, _ = a.connect(t, opts, func(s *websocket.Socket) {
		for _, setup := range setups {
			setup(s)
		}
	}, theirs.listen)
	begun, gate := make(chan struct{}), make(chan struct{})
	release = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release)
	must(t, s.SendBlob(signalReader{gatedReader{pattern{}, 0, gate}, begun, new(sync.Once)}, 1000))
	within(t, "the blob to be taken for writing", begun)
	return s, theirs, release
}

func TestBufferedAmountFallsByWhatIsDropped(t *testing.T) {
	type step struct {
		text, key string
		want      int64
	}
	for _, row := range []struct {
		name  string
		queue websocket.Queue
		steps []step
	}{
		{"refuse", websocket.Queue{Messages: 2},
			[]step{{"aaa", "", 1003}, {"bb", "", 1005}, {"c", "", 1005}}},
		{"drop oldest", websocket.Queue{Messages: 2, Full: websocket.DropOldest},
			[]step{{"aaa", "", 1003}, {"bb", "", 1005}, {"c", "", 1003}, {"dddd", "", 1005}}},
		{"replace by key", websocket.Queue{Messages: 2, Full: websocket.ReplaceByKey},
			[]step{{"aaa", "k", 1003}, {"bb", "", 1005}, {"c", "k", 1003}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				s, _, release := behindABlob(t, a, row.queue)
				for _, x := range row.steps {
					s.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(x.text), Key: x.key})
					equal(t, "buffered after "+x.text, s.BufferedAmount(), x.want)
				}
				release()
				must(t, s.Flush(t.Context()))
				equal(t, "buffered at the end", s.BufferedAmount(), 0)
			})
		})
	}
}

// What was begun cannot be taken back, so no policy drops it, however small the queue.
func TestABlobThatWasBegunIsNotDropped(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		for _, policy := range []websocket.Policy{websocket.DropOldest, websocket.ReplaceByKey} {
			drops := make(chan string, 10)
			s, theirs, release := behindABlob(t, a, websocket.Queue{Messages: 1, Full: policy}, func(s *websocket.Socket) {
				s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) { drops <- d.Key + d.Message.Text() })
			})
			for _, text := range []string{"a", "b", "c"} {
				must(t, s.SendWith(websocket.Outgoing{Data: []byte(text), Key: "k"}))
			}
			equal(t, "first dropped", <-drops, "ka")
			equal(t, "then dropped", <-drops, "kb")
			release()
			theirs.waitFor(t, "message c")
			equal(t, "messages", count(theirs.now(), "message"), 2)
		}
	})
}

// A blob that waits can be dropped as anything else. Its content is the program's.
func TestABlobThatWaitsIsDroppedWithoutItsContent(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		drops := make(chan websocket.Drop, 1)
		s, theirs, release := behindABlob(t, a, websocket.Queue{Messages: 1, Full: websocket.DropOldest}, func(s *websocket.Socket) {
			s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) { drops <- d })
		})
		must(t, s.SendBlob(strings.NewReader("waiting"), 7))
		must(t, s.SendText("newer"))
		d := <-drops
		wantError(t, "the reason", d.Reason, websocket.ErrQueueFull)
		equal(t, "type and size", []any{d.Message.Type(), d.Message.Len()}, []any{websocket.Binary, 0})
		equal(t, "buffered", s.BufferedAmount(), 1005)
		release()
		theirs.waitFor(t, "message newer")
	})
}

// Calls of Flush that end with their context while a peer does not read leave nothing behind, and others go on.
func TestAFlushThatIsGivenUpIsForgotten(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		s, _, release := behindABlob(t, a, websocket.Queue{})
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		flushed := make(chan error, 1)
		go func() { flushed <- s.Flush(t.Context()) }()
		for range 3 {
			equal(t, "a Flush whose context has ended", s.Flush(ended), context.Canceled)
		}
		if n := websocket.Flushing(s); n > 1 {
			t.Errorf("%d calls of Flush are waited for, want that which goes on", n)
		}
		release()
		must(t, <-flushed)
	})
}

// What cannot be sent is refused, and changes nothing.
func TestSendRefusesWhatIsNoMessage(t *testing.T) {
	j := newJournal()
	s, _ := wstest.Sockets(t, nil, nil, j.listen)
	wantError(t, "SendText", s.SendText("\xff"), websocket.ErrInvalidUTF8)
	wantError(t, "SendWith", s.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte("a\xc3")}), websocket.ErrInvalidUTF8)
	_, err := websocket.PrepareWith(websocket.Outgoing{Type: websocket.Text, Data: []byte("\xff")})
	wantError(t, "PrepareWith", err, websocket.ErrInvalidUTF8)
	for what, err := range map[string]error{
		"an unknown type":    s.SendWith(websocket.Outgoing{Type: 9, Data: []byte("x")}),
		"a blob of size -1":  s.SendBlob(bytes.NewReader(nil), -1),
		"a Ping of 126":      s.Ping(make([]byte, 126)),
		"a Ping of a MiB":    s.Ping(make([]byte, 1<<20)),
		"a reason of 124":    s.Close(1000, strings.Repeat("x", 124)),
		"a reason not UTF-8": s.Close(1000, "\xff"),
	} {
		if err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	wantError(t, "Ping", s.Ping(make([]byte, 126)), websocket.ErrInvalidControl)
	equal(t, "buffered", s.BufferedAmount(), 0)
	must(t, s.Ping(make([]byte, 125)))
	must(t, s.SendText("as it was"))
	equal(t, "events", j.waitFor(t, "message as it was")[0], "open")
	equal(t, "pings", count(j.now(), "ping"), 1)
}
