package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// A Server is a nats-server inside this process. All methods are safe for concurrent use.
type Server struct {
	plan     *plan
	nats     *natsd.Server
	log      *slog.Logger
	password string // of this process's own connections
	fatal    chan error

	mu     sync.Mutex
	failed error // what came on fatal

	close sync.Once
	done  chan struct{}
}

// Start starts a server and returns when it listens and has read what it keeps, which does not mean that it has found the others: see
// [Server.Ready]. It returns an error for options that cannot work, an address that is in use, or a store that cannot be used; nothing runs then. Ctx is
// for starting only.
func Start(ctx context.Context, o Options) (*Server, error) {
	p, err := newPlan(o)
	if err != nil {
		return nil, err
	}
	s := &Server{plan: p, log: o.Log, password: rand.Text(), fatal: make(chan error, 1), done: make(chan struct{})}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.log = s.log.With("component", "nats")
	opts, err := p.configure(s.password)
	if err != nil {
		return nil, err
	}
	if err := p.listenable(); err != nil {
		return nil, err
	}
	if p.keeps {
		layout := layoutAlone
		if p.clustered() {
			layout = layoutCluster
		}
		if err := openStore(p.Store, layout); err != nil {
			return nil, err
		}
	}
	if s.nats, err = natsd.NewServer(opts); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	s.nats.SetLoggerV2(&journal{log: s.log, fatal: s.fatal}, false, false, false)
	return s.run(ctx)
}

// run has the server start, and end again if it does not.
func (s *Server) run(ctx context.Context) (*Server, error) {
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.nats.Start()
	}()
	var err error
	select {
	case <-started:
		err = s.listens(ctx)
	case err = <-s.fatal:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		return s, nil
	}
	<-started // a Shutdown meanwhile would leave behind what is started after it
	s.nats.Shutdown()
	return nil, err
}

// listens waits for the listeners, which Start does not.
func (s *Server) listens(ctx context.Context) error {
	for !s.nats.ReadyForConnections(50 * time.Millisecond) {
		select {
		case err := <-s.fatal:
			return err
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
	select {
	case err := <-s.fatal: // before there was anything to listen
		return err
	default:
		return nil
	}
}

// Name returns the server's name in the cluster.
func (s *Server) Name() string { return s.plan.Name }

// Storage reports whether this node has storage.
func (s *Server) Storage() bool { return s.plan.keeps }

// Replicas returns how many replicas streams are to have in this cluster: 1 if one node has storage, else 3, with five too: two more would make each publish
// slower, and three survive the loss of one as five do of two.
func (s *Server) Replicas() int {
	if s.plan.clustered() {
		return 3
	}
	return 1
}

// ClientAddr returns the address at which clients of other programs are served, host:port, or "" if there is none.
func (s *Server) ClientAddr() string {
	if s.plan.Clients == "" {
		return ""
	}
	if a := s.nats.Addr(); a != nil {
		return a.String()
	}
	return ""
}

// Connect returns a new connection to this server, in the process. If it breaks it is made again, for ever, until the caller closes it, or the
// server has shut down. The options come after its own.
func (s *Server) Connect(opts ...natsgo.Option) (*natsgo.Conn, error) {
	return s.connect(ownUser, opts...)
}

func (s *Server) connect(user string, opts ...natsgo.Option) (*natsgo.Conn, error) {
	own := []natsgo.Option{
		natsgo.InProcessServer(s.nats),
		natsgo.UserInfo(user, s.password),
		natsgo.Name(s.plan.Name),
		natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(100 * time.Millisecond),
		natsgo.ReconnectBufSize(-1), // who publishes meanwhile is told at once
		natsgo.IgnoreAuthErrorAbort(),
		natsgo.IgnoreDiscoveredServers(), // this server, or none
		natsgo.ErrorHandler(func(_ *natsgo.Conn, sub *natsgo.Subscription, err error) {
			if sub != nil {
				s.log.Warn("a connection in the process", "subject", sub.Subject, "error", err)
				return
			}
			s.log.Warn("a connection in the process", "error", err)
		}),
	}
	nc, err := natsgo.Connect("nats://in-process", append(own, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	return nc, nil
}

// Shutdown ends the server in good order: it gives away what it leads, which takes the others a moment instead of the seconds in which they
// would miss it, and then stops. Close the connections to it before. When ctx ends first it stops without that, and returns the context's error; it has stopped in any case. Later calls wait for the first.
func (s *Server) Shutdown(ctx context.Context) error {
	var err error
	s.close.Do(func() {
		err = s.giveAway(ctx)
		s.nats.Shutdown()
		close(s.done)
	})
	<-s.done
	return err
}
