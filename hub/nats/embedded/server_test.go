package embedded

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"

	natsgo "github.com/nats-io/nats.go"
)

// kill ends the server at once and gives nothing away.
func (s *Server) kill() {
	s.close.Do(func() {
		s.nats.Shutdown()
		close(s.done)
	})
}

func TestOneNodeKeepsAcrossRestarts(t *testing.T) {
	var log bytes.Buffer
	opts := Options{Store: t.TempDir(), Clients: "127.0.0.1:0", Secret: "only we know", Log: slog.New(slog.NewTextHandler(&log, nil))}
	s, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(patience(t)); err != nil {
		t.Fatal(err)
	}
	if s.Replicas() != 1 || !s.Storage() || s.Err() != nil {
		t.Errorf("%d replicas, storage %v, error %v", s.Replicas(), s.Storage(), s.Err())
	}
	nc, js := connect(t, s)
	makeStream(t, js, 1)
	seq := publish(t, js, "kept.a", "hello")

	t.Run("clients of other programs", func(t *testing.T) {
		for _, row := range []struct {
			name string
			opts []natsgo.Option
			ok   bool
		}{
			{"with the secret", []natsgo.Option{natsgo.UserInfo("everwire", "only we know")}, true},
			{"with another", []natsgo.Option{natsgo.UserInfo("everwire", "not that")}, false},
			{"without", nil, false},
			{"as the process", []natsgo.Option{natsgo.UserInfo(ownUser, "")}, false},
		} {
			nc, err := natsgo.Connect("nats://"+s.ClientAddr(), row.opts...)
			if (err == nil) != row.ok {
				t.Errorf("%s: %v", row.name, err)
			}
			if err == nil {
				nc.Close()
			}
		}
	})

	nc.Close()
	if err := s.Shutdown(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(patience(t)); err != nil {
		t.Errorf("the second Shutdown: %v", err)
	}
	name := s.Name()
	if s, err = Start(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	if s.Name() != name {
		t.Errorf("named %q, was %q", s.Name(), name)
	}
	if _, js = connect(t, s); read(t, js, seq) != "hello" {
		t.Error("what was kept is not there")
	}
	if text := log.String(); strings.Contains(text, "only we know") || strings.Contains(text, "level=WARN") {
		t.Errorf("in the log of a node in good health:\n%s", text)
	}
}

func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, row := range []struct {
		name string
		opts Options
	}{
		{"for a cluster", Options{Listen: l.Addr().String(), Peers: []string{l.Addr().String(), "127.0.0.1:1", "127.0.0.1:2"}}},
		{"for those who join", Options{Listen: l.Addr().String()}},
		{"for clients", Options{Clients: l.Addr().String()}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Store, row.opts.Log = t.TempDir(), quiet
			if _, err := Start(t.Context(), row.opts); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := Start(ctx, Options{Store: t.TempDir(), Log: quiet})
	if err == nil { // it was faster
		s.kill()
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
