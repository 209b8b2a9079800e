package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/nats"
	"github.com/everwire/everwire/hub/nats/embedded"
)

// A Link is what a Config has joined.
type Link struct {
	// Broker is for the Hub, which closes it. Nil: the Hub's own.
	Broker hub.Broker

	// Says tells what was joined, in words for a terminal.
	Says string

	server *embedded.Server
	conn   *natsgo.Conn
	ready  chan struct{}
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// patience is how long a server goes without having joined before it is taken for ready anyhow: rooms of its own it can serve.
const patience = 30 * time.Second

// Open joins, as the node of a name, which no other has. It returns when there is a broker, which may not be able to do much yet: see Ready. A NATS that cannot be reached
// is an error, in one line.
func Open(ctx context.Context, c Config, node string, log *slog.Logger) (*Link, error) {
	l := &Link{ready: make(chan struct{})}
	var err error
	switch {
	case c.Embedded:
		err = l.embed(ctx, c, node, log)
	case c.NATS != "":
		err = l.connect(c, node, log)
	default:
		l.Says = "of this process alone"
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	if l.server == nil {
		close(l.ready)
	}
	return l, nil
}

// Ready is closed when the others have been found, and there is a majority to keep messages, or after half a minute without.
func (l *Link) Ready() <-chan struct{} { return l.ready }

// Conn returns the connection to NATS that the Broker uses, for other uses beside it until Close, or nil if there is none.
func (l *Link) Conn() *natsgo.Conn { return l.conn }

// Close ends what Open began. The Hub, and with it Broker, must be closed before.
func (l *Link) Close() {
	if l.cancel != nil {
		l.cancel()
	}
	l.work.Wait()
	if l.conn != nil {
		l.conn.Close()
	}
	if l.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leaving)
		defer cancel()
		l.server.Shutdown(ctx) // it is over in any case
	}
}

// leaving is how long giving away what this node leads may take.
const leaving = 3 * time.Second

func (l *Link) connect(c Config, node string, log *slog.Logger) error {
	opts := []natsgo.Option{natsgo.Name("everwire serve " + node), natsgo.Timeout(10 * time.Second)}
	if c.CredsFile != "" {
		opts = append(opts, natsgo.UserCredentials(c.CredsFile))
	}
	if c.TokenFile != "" {
		token, err := secret(c.TokenFile)
		if err != nil {
			return fmt.Errorf("cannot read the token for NATS: %w", err)
		}
		opts = append(opts, natsgo.Token(token))
	}
	conn, err := nats.Connect(strings.Join(c.urls(), ","), log, opts...)
	if err != nil {
		return fmt.Errorf("cannot join NATS at %s: %s", c.shown(), whyNot(err))
	}
	l.conn = conn
	if l.Broker, err = newBroker(conn, c.Replicas, node, log); err != nil {
		return fmt.Errorf("cannot use NATS at %s: %w", c.shown(), err)
	}
	l.Says = "shared by all that use NATS at " + c.shown()
	return nil
}

// whyNot says why NATS could not be joined, and what to try.
func whyNot(err error) string {
	switch {
	case errors.Is(err, natsgo.ErrAuthorization), errors.Is(err, natsgo.ErrAuthExpired):
		return "it does not let us in; --nats-creds-file or --nats-token-file says who we are"
	case errors.Is(err, natsgo.ErrNoServers):
		return "nothing answers there; start it, check the address, or use --cluster, which needs none"
	}
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return strings.TrimPrefix(err.Error(), "nats: ")
}

func (l *Link) embed(ctx context.Context, c Config, node string, log *slog.Logger) error {
	o := embedded.Options{Listen: c.Addr, Peers: c.Peers, Clients: c.Clients, Log: log}
	if c.Relaxed {
		o.Durability = embedded.Relaxed
	}
	if c.SecretFile != "" {
		var err error
		if o.Secret, err = secret(c.SecretFile); err != nil {
			return fmt.Errorf("cannot read the cluster's secret: %w", err)
		}
	}
	storage, err := embedded.StoragePeers(c.Peers)
	if err != nil {
		return said(err)
	}
	keeps := len(storage) == 0 || slices.Contains(storage, c.Addr)
	if keeps {
		if o.Store, err = c.store(); err != nil {
			return err
		}
	}
	if l.server, err = embedded.Start(ctx, o); err != nil {
		if inUse(err) {
			err = errors.New("the port is in use by another program; stop that one, or choose another port with --cluster-addr, and " +
				"among the --peers")
		}
		return fmt.Errorf("cannot start the cluster's server at %s: %w", c.Addr, said(err))
	}
	if l.conn, err = l.server.Connect(); err != nil {
		return said(err)
	}
	broker, err := newBroker(l.conn, l.server.Replicas(), node, log)
	if err != nil {
		return err
	}
	l.Broker = nodeBroker{broker, l.server}
	l.Says = c.describe(o, storage, keeps)
	if c.Clients != "" {
		l.Says += ", NATS clients at " + l.server.ClientAddr()
	}
	l.await(log)
	return nil
}

// inUse reports whether a server did not start because of its port. Of some errors nats-server has only the text.
func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || strings.Contains(err.Error(), "address already in use")
}

// describe says what a node is in its cluster.
func (c *Config) describe(o embedded.Options, storage []string, keeps bool) string {
	if !keeps {
		return fmt.Sprintf("of the cluster, which %s joins without storage, by %s", c.Addr, strings.Join(storage, ", "))
	}
	where := "alone, for others to join, at " + c.Addr
	if len(storage) > 1 {
		where = fmt.Sprintf("%s, one of %d with storage", c.Addr, len(storage))
	}
	return fmt.Sprintf("of the cluster: %s, in %s, durability %v", where, o.Store, o.Durability)
}

// await waits, in the background, until the cluster can be used.
func (l *Link) await(log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.work.Go(func() {
		began := time.Now()
		first, stop := context.WithTimeout(ctx, patience)
		defer stop()
		err := l.server.Ready(first)
		close(l.ready) // before anybody is told: who reads the line may ask at once
		switch {
		case err == nil:
			log.Info("joined the cluster", "node", l.server.Name(), "storage", l.server.Storage(), "took", time.Since(began).Round(time.Millisecond))
		case ctx.Err() == nil:
			log.Warn("the cluster cannot be used yet: rooms with history have to wait for it", "error", err)
		}
	})
}

// secret reads what is in a file, but for the white space around it.
func secret(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return text, nil
}
