package nats

import (
	"context"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// startServer starts a nats-server with JetStream that keeps what it has in a directory, and listens nowhere.
// It is shut down when the test ends, if it is not before.
func startServer(t *testing.T, store string) *natsd.Server {
	t.Helper()
	return start(t, &natsd.Options{
		ServerName: "test", DontListen: true, JetStream: true, StoreDir: store, NoLog: true, NoSigs: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 30,
	})
}

func start(t *testing.T, opts *natsd.Options) *natsd.Server {
	t.Helper()
	s, err := natsd.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopServer(s) })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return s
}

func stopServer(s *natsd.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// connect connects to a server; options come after those of the tests.
func connect(t *testing.T, s *natsd.Server, options ...natsgo.Option) *natsgo.Conn {
	t.Helper()
	own := []natsgo.Option{natsgo.InProcessServer(s), natsgo.ErrorHandler(nil)}
	nc, err := Connect("nats://in-process", nil, append(own, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// newBroker makes a broker with a connection of its own. It is closed when the test ends.
func newBroker(t *testing.T, nc *natsgo.Conn, opts *Options) *Broker {
	t.Helper()
	b, err := New(nc, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// startBare starts one without JetStream.
func startBare(t *testing.T) *natsd.Server {
	t.Helper()
	return start(t, &natsd.Options{ServerName: "test", DontListen: true, NoLog: true, NoSigs: true})
}
