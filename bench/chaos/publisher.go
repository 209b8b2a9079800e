//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
	"github.com/everwire/everwire/websocket"
)

// A publisher publishes over a member's connection, one message at a time.
type publisher struct {
	*member
	log   *record.Writer
	every time.Duration // from one message to the next, if all are acknowledged at once
}

// answerPatience is how long an answer may take before the message is published again.
const answerPatience = 12 * time.Second

// talk publishes until time is up, and returns when the last message is acknowledged, or ctx has ended.
func (p *publisher) talk(ctx context.Context, timeUp <-chan struct{}) {
	next := time.Duration(p.random.Int64N(int64(p.every)))
	for number := 0; ; number++ {
		select {
		case <-time.After(next):
		case <-timeUp:
			return
		}
		began := time.Now()
		if !p.publish(ctx, number) {
			return
		}
		next = max(0, p.every-time.Since(began))
	}
}

// publish publishes a message until it is acknowledged, and reports whether it was.
func (p *publisher) publish(ctx context.Context, number int) bool {
	id := fmt.Sprintf("%s-%d", p.name, number)
	first := time.Now()
	text := encode(request{Type: "publish", Room: p.room, ID: id, Data: &data{p.name, number, first.UnixNano()}})
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		s, err := p.session(ctx)
		if err != nil {
			return false
		}
		p.log.Sent(time.Now(), number, id, s.node)
		at, ok := p.attempt(ctx, s, id, text)
		if ok {
			now := time.Now()
			p.log.Ack(now, number, id, at.place())
			p.run.acked(p.room, first, now, at.Offset)
			return true
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
}

// attempt publishes once.
func (p *publisher) attempt(ctx context.Context, s *session, id string, text []byte) (at position, ok bool) {
	patience := time.NewTimer(answerPatience)
	defer patience.Stop()
	write, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	if err := s.conn.Write(write, websocket.Text, text); err != nil {
		p.run.unanswered.Add(1)
		return at, false
	}
	for {
		select {
		case r := <-p.answers:
			switch {
			case r.ID != id: // of an attempt at the message before
			case r.Type == "published":
				return r.Position, true
			default:
				p.run.failed.Add(1)
				p.run.note(r.Code + ": " + r.Text)
				return at, false
			}
		case <-s.over:
			// An answer may have come before.
			select {
			case r := <-p.answers:
				if r.ID == id && r.Type == "published" {
					return r.Position, true
				}
			default:
			}
			p.run.unanswered.Add(1)
			return at, false
		case <-patience.C:
			p.run.unanswered.Add(1)
			return at, false
		case <-ctx.Done():
			return at, false
		}
	}
}
