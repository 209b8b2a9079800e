package nats

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// Connect connects to NATS the way a [Broker] likes it: a connection that breaks is made again for ever,
// after waits that grow by chance so that nodes do not all come at once; nothing is held back to be sent
// later meanwhile, so that who publishes is told at once and nothing old arrives out of the blue; and a
// server that is silent for some ten seconds is given up.
//
// Url is one or more of nats://host:port, with commas between. Other options come after these, and so go
// before them: credentials, TLS. Errors that come with nobody to tell are logged; log may be nil for
// slog.Default(). If no server answers, Connect returns an error; give natsgo.RetryOnFailedConnect(true) to
// begin without.
func Connect(url string, log *slog.Logger, options ...natsgo.Option) (*natsgo.Conn, error) {
	if log == nil {
		log = slog.Default()
	}
	own := []natsgo.Option{
		natsgo.Name("everwire"),
		natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(250 * time.Millisecond),
		natsgo.ReconnectJitter(500*time.Millisecond, time.Second),
		natsgo.ReconnectBufSize(-1),
		natsgo.PingInterval(4 * time.Second),
		natsgo.MaxPingsOutstanding(2),
		natsgo.IgnoreAuthErrorAbort(),
		natsgo.ErrorHandler(func(_ *natsgo.Conn, sub *natsgo.Subscription, err error) {
			attrs := []any{"error", err}
			if sub != nil {
				attrs = append(attrs, "subject", sub.Subject)
			}
			log.Warn("NATS reports an error", attrs...)
		}),
		natsgo.DisconnectErrHandler(func(_ *natsgo.Conn, err error) {
			if err != nil {
				log.Warn("the connection to NATS broke", "error", err)
			}
		}),
		natsgo.ReconnectHandler(func(nc *natsgo.Conn) {
			log.LogAttrs(context.Background(), slog.LevelInfo, "connected to NATS again", slog.String("server", nc.ConnectedServerName()))
		}),
	}
	nc, err := natsgo.Connect(url, append(own, options...)...)
	if err != nil {
		return nil, fmt.Errorf("hub/nats: no connection to NATS: %w", err)
	}
	return nc, nil
}
