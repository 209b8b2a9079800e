//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
	"github.com/everwire/everwire/websocket"
)

// How long a member waits: for a connection, for the answer to its join, and at most between two attempts.
const (
	dialPatience = 5 * time.Second
	joinPatience = 15 * time.Second
	longestPause = 4 * time.Second
)

// A member is somebody in a room, who comes back whenever the connection ends.
type member struct {
	run    *run
	name   string
	room   string
	home   int // the node to which it connects first
	random *rand.Rand
	log    *record.Writer
	opts   *websocket.DialOptions

	from  *position     // where to go on; nil: from now on
	last  atomic.Uint64 // the offset of the last message
	first chan struct{} // closed when the room was joined for the first time
	once  sync.Once

	mu      sync.Mutex
	joined  *session // nil: none is
	changed chan struct{}

	answers chan reply // to what was published, for the publisher
}

// A session is a connection that is in the room.
type session struct {
	conn *websocket.Conn
	node int
	over chan struct{}
}

// live connects again and again until ctx ends.
func (m *member) live(ctx context.Context) {
	at := m.home
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		m.visit(ctx, at)
		if time.Since(began) > 10*time.Second {
			attempt = 0
		}
		// Mostly another node, as a load balancer or a list of addresses would have it; sometimes the same.
		if m.random.IntN(4) > 0 {
			at = (at + 1) % nodeCount
		}
		longest := min(longestPause, time.Second<<min(attempt, 10))
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(m.random.Int64N(int64(longest)))):
		}
	}
}

// visit is one connection, from beginning to end.
func (m *member) visit(ctx context.Context, at int) {
	dial, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	conn, err := websocket.Dial(dial, m.run.nodes[at].url(), m.opts)
	if err != nil {
		m.run.refused.Add(1)
		return
	}
	defer conn.Terminate()
	m.log.Open(time.Now(), at)
	err = m.hear(ctx, conn, at)
	m.set(nil)
	if ctx.Err() == nil {
		m.log.Closed(time.Now(), err.Error())
	}
}

// hear joins the room and reads until the connection ends.
func (m *member) hear(ctx context.Context, conn *websocket.Conn, at int) error {
	join := encode(request{Type: "join", Room: m.room, Name: m.name, From: m.from})
	if err := conn.Write(ctx, websocket.Text, join); err != nil {
		return err
	}
	s := &session{conn: conn, node: at, over: make(chan struct{})}
	defer close(s.over)
	tooLong := time.AfterFunc(joinPatience, conn.Terminate)
	defer tooLong.Stop()
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		r, counts, err := decode(text)
		switch {
		case err != nil:
			return err
		case !counts || r.Room != m.room:
		case r.Type == "joined":
			tooLong.Stop()
			m.log.Joined(now, r.Position.place(), r.Missed)
			if m.from == nil {
				m.from = &r.Position
			}
			m.once.Do(func() { close(m.first) })
			m.set(s)
		case r.Type == "message":
			m.log.Message(now, r.Position.place(), r.ID, r.Data.Publisher, r.Data.Number, r.Data.Sent)
			m.from = &r.Position
			m.last.Store(r.Position.Offset)
		case r.Type == "published", r.Type == "error" && r.Request == "publish":
			if m.answers != nil {
				m.answers <- r
			}
		case r.Type == "error" && r.Code == "too_old":
			m.log.TooOld(now)
			m.from = nil
			return errors.New("too old")
		case r.Type == "error":
			return errors.New(r.Code + ": " + r.Text)
		}
	}
}

// set says which session is in the room.
func (m *member) set(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.joined = s
	close(m.changed)
	m.changed = make(chan struct{})
}

// session waits for one that is in the room.
func (m *member) session(ctx context.Context) (*session, error) {
	for {
		m.mu.Lock()
		s, changed := m.joined, m.changed
		m.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
