package status

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

const (
	tapPause = 100 * time.Millisecond // frames of so long go together
	tapBatch = 200                    // and no more of them; the rest is counted
)

// A tap sends the frames of one connection to one operator. Frames are not worth holding anybody up for: those that
// are too many, or for which the operator is too slow, are counted and left out.
type tap struct {
	conn   *connection
	send   func(Event) bool // false: not now
	remove func()           // ends the Socket's tap

	mu     sync.Mutex
	frames []Frame
	missed uint64
	lost   uint64 // that the Socket's tap has told of
	due    bool   // a flush
	gone   *Gone  // to be sent after the frames
	ended  bool
}

var errNoSocket = errors.New("there is no such connection; it may have closed")

// tap begins to send the frames of the connection, until stop is called or the connection has ended.
func (c *connection) tap(send func(Event) bool) (*tap, error) {
	t := &tap{conn: c, send: send}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return nil, errNoSocket
	}
	t.remove = c.peer.Tap(t.take)
	c.taps = append(c.taps, t)
	return t, nil
}

// take is called for each frame.
func (t *tap) take(e websocket.TapEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.missed += e.Lost - t.lost
	t.lost = e.Lost
	if len(t.frames) == tapBatch {
		t.missed++
		return
	}
	t.frames = append(t.frames, Frame{
		Time: e.Time.UnixMicro(), Sent: e.Sent,
		Opcode: uint8(e.Header.Opcode), Fin: e.Header.Fin, RSV: e.Header.Rsv, Masked: e.Header.Masked,
		Length: e.Header.Length, Compressed: e.Compressed,
		Start: slices.Clone(e.Payload[:min(len(e.Payload), FrameStart)]),
	})
	t.flushSoon()
}

func (t *tap) flushSoon() {
	if !t.due {
		t.due = true
		time.AfterFunc(tapPause, t.flush)
	}
}

// flush sends what has come together.
func (t *tap) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due = false
	if t.ended {
		return
	}
	if len(t.frames) > 0 {
		if t.send(Event{Is: IsFrames, Frames: &Frames{Socket: t.conn.id, Frames: t.frames, Missed: t.missed}}) {
			t.missed = 0
		} else {
			t.missed += uint64(len(t.frames))
		}
		t.frames = nil
	}
	if t.gone != nil {
		t.ended = true
		t.send(Event{Is: IsGone, Gone: t.gone})
	}
}

// stop ends the tap: nothing of it comes any more.
func (t *tap) stop() {
	t.conn.mu.Lock()
	t.conn.taps = slices.DeleteFunc(t.conn.taps, func(other *tap) bool { return other == t })
	t.conn.mu.Unlock()
	t.remove()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended, t.frames = true, nil
}

// end has what is left sent, and then how the connection has ended. The last frames are shown only after that.
func (t *tap) end(gone *Gone) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = gone
	t.flushSoon()
}

// over reports whether the tap has ended.
func (t *tap) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}
