package websocket_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// The Close frame waits also for what does not fit into the batch before it: a blob, a large message.
func TestWhateverWasSentLastLeavesBeforeTheCloseFrame(t *testing.T) {
	for name, last := range map[string]func(*websocket.Socket) error{
		"a blob":             func(s *websocket.Socket) error { return s.SendBlob(pattern{}, 200_000) },
		"an empty blob":      func(s *websocket.Socket) error { return s.SendBlob(pattern{}, 0) },
		"a large message":    func(s *websocket.Socket) error { return s.Send(make([]byte, 200_000)) },
		"a small message":    func(s *websocket.Socket) error { return s.Send(make([]byte, 100)) },
		"a prepared message": func(s *websocket.Socket) error { return s.SendPrepared(prepared(t, strings.Repeat("x", 70_000))) },
	} {
		t.Run(name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				j := newJournal()
				s, _ := a.connect(t, nil, nil, j.listen)
				for range 5 {
					must(t, s.Send(make([]byte, 16_000)))
				}
				must(t, last(s))
				must(t, s.Close(3000, "all sent"))
				e := j.waitClose(t)
				equal(t, "messages", count(e, "message"), 6)
				equal(t, "close", e[len(e)-1], `close 3000 "all sent" clean=true`)
			})
		})
	}
}

// A peer that closes while a blob is on its way to it gets our Close frame between the blob's fragments, and
// nothing of what waited behind.
func TestThePeersCloseEndsABlobInTheMiddle(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		opts := &wstest.PairOptions{}
		opts.Accept.Limits.MessageSize, opts.Dial.Limits.MessageSize = -1, -1
		mine, theirs := newJournal(), newJournal()
		s, p := a.connect(t, opts, mine.listen, theirs.listen)
		stuck, gate := make(chan struct{}), make(chan struct{})
		release := sync.OnceFunc(func() { close(gate) })
		defer release()
		must(t, s.SendBlob(stuckReader{stuck, gate}, 1<<20))
		must(t, s.SendText("behind"))
		within(t, "the blob's second half", stuck)
		flushed := inBackground(func() error { return s.Flush(t.Context()) })
		must(t, p.Close(3000, "enough"))
		wantError(t, "Flush", <-flushed, websocket.ErrClosed)
		release()
		e := mine.waitClose(t)
		equal(t, "my close", e[len(e)-1], `close 3000 "enough" clean=true`)
		e = theirs.waitClose(t)
		equal(t, "their close", e[len(e)-1], `close 3000 "" clean=true`)
		equal(t, "messages", count(e, "message"), 0)
		equal(t, "buffered", s.BufferedAmount(), 1<<20+6)
	})
}

// stuckReader tells when its second half is asked for, and waits for its gate then.
type stuckReader struct{ asked, gate chan struct{} }

func (r stuckReader) ReadAt(p []byte, off int64) (int, error) {
	if off == 1<<19 {
		close(r.asked)
		<-r.gate
	}
	return pattern{}.ReadAt(p, off)
}

// Closing with unread input would reset the stream and destroy the Close frame that says why.
func TestAPeerThatIsStillSendingReadsTheSocketsCloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		opts := &websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: 10}}
		raw := &rawPeer{t: t, masks: true, nc: rawServed(t, opts, j.listen)}
		raw.write(raw.text(strings.Repeat("x", 1<<20-1000))) // and only then
		raw.wantClose(websocket.CloseMessageTooBig)
		raw.wantEnd()
		raw.nc.Close()
		e := j.waitClose(t)
		equal(t, "the end", e[len(e)-2:], []string{"error", `close 1006 "" clean=false`})
	})
}

func TestASocketMayLingerNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		opts := &websocket.AcceptOptions{Limits: websocket.Limits{LingerTime: -1}}
		raw := &rawPeer{t: t, masks: true, nc: rawServed(t, opts, j.listen)}
		defer raw.nc.Close()
		start := time.Now()
		raw.write(raw.frame(frame.Close, true, "\x03\xe8")) // and the stream stays open
		e := j.waitClose(t)
		equal(t, "close", e[len(e)-1], `close 1000 "" clean=true`)
		equal(t, "after", time.Since(start), 0)
	})
}
