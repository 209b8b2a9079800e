package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// Ready waits until rooms can be used by way of this node: it has found others, those with storage have a majority and have elected who leads them, and
// that one answers. For the rest of those with storage it waits two seconds more. It returns the context's error, and why, if it takes longer; nothing has
// changed then.
func (s *Server) Ready(ctx context.Context) error {
	nc, err := s.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	var since time.Time // when it was answered first
	for {
		err := s.answers(ctx, js)
		if err == nil {
			if since.IsZero() {
				since = time.Now()
			}
			if s.meetsAll() || time.Since(since) > forTheRest {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			if err == nil {
				return nil
			}
			return fmt.Errorf("embedded: not ready: %w: %w", err, ctx.Err())
		case <-s.done:
			return s.Err()
		case <-time.After(50 * time.Millisecond): // the server has no event for this
		}
	}
}

// forTheRest is how long Ready waits for nodes with storage beyond a majority. What one of them answers is lost while it has no way to this node.
const forTheRest = 2 * time.Second

// meetsAll reports whether this node is connected with all others that have storage.
func (s *Server) meetsAll() bool {
	if !s.plan.clustered() {
		return true
	}
	routes, err := s.nats.Routez(nil)
	if err != nil {
		return true
	}
	met := make(map[string]bool)
	for _, r := range routes.Routes {
		if r.IsConfigured {
			met[r.RemoteID] = true
		}
	}
	want := len(s.plan.storage)
	if s.plan.keeps {
		want--
	}
	return len(met) >= want
}

// answers asks JetStream something that only its leader answers.
func (s *Server) answers(ctx context.Context, js jetstream.JetStream) error {
	if err := s.Err(); err != nil {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := js.AccountInfo(ask); err != nil {
		return fmt.Errorf("no answer from the nodes with storage: %w", err)
	}
	return nil
}

// Err returns why rooms with history cannot be used by way of this node at the moment, as far as it knows without asking others, or nil.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return errors.New("embedded: shut down")
	default:
	}
	if err := s.failure(); err != nil {
		return err
	}
	if !s.nats.Running() {
		return errors.New("embedded: the server does not run")
	}
	if s.plan.keeps {
		return s.storageErr()
	}
	if s.nats.NumRoutes()+s.nats.NumLeafNodes() == 0 {
		return errors.New("embedded: no other node is connected")
	}
	return nil
}

// failure returns what would have ended a nats-server of its own.
func (s *Server) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.failed = <-s.fatal:
	default:
	}
	return s.failed
}

func (s *Server) storageErr() error {
	if !s.nats.JetStreamEnabled() {
		return errors.New("embedded: storage is turned off, as when the disk is full: see the log")
	}
	if !s.plan.clustered() {
		return nil
	}
	info, err := s.nats.Jsz(&natsd.JSzOptions{})
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	if info.Meta == nil || info.Meta.Leader == "" {
		return errors.New("embedded: fewer than half of the nodes with storage are there, or they are electing")
	}
	return nil
}
