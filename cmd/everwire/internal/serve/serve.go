package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/cmd/everwire/internal/metrics"
	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/websocket"
)

// Config says how to serve.
type Config struct {
	// Addr is where to listen, host:port. An empty host, 0.0.0.0 and [::] mean every address of the machine; port
	// 0 takes any free one.
	Addr string

	// TLSCert and TLSKey are PEM files, both or none. They are read again when they change.
	TLSCert, TLSKey string

	// TLSSelfSigned serves over TLS with a certificate that is made at the start and kept in memory only.
	TLSSelfSigned bool

	// Origins are patterns of the origins whose pages may connect, besides the server's own.
	Origins []string

	// ShutdownDelay is how long the server goes on as before once it is told to stop, but for /readyz and /healthz,
	// which answer 503 from then on: so long a load balancer may take to notice.
	ShutdownDelay time.Duration

	// ShutdownTimeout is how long connections may take to close then. 0 cuts them.
	ShutdownTimeout time.Duration

	// DrainWindow is over how long, at most, they are told to, one after the other, so that their clients do not come
	// back all at once: a millisecond for each, but no more than this, nor than half of ShutdownTimeout, of which it is
	// a part. 0 tells all at once.
	DrainWindow time.Duration

	// Rooms are those of the chat.
	Rooms Rooms

	// ChatNodes are the ws and wss URLs of the chats of the nodes with which they are shared, as clients reach them; this one's may be among
	// them. The chat's page goes on with another one when its own is gone, and pages of all of them may connect to this one's chat.
	ChatNodes []string

	// Cluster says with whom they are shared.
	Cluster cluster.Config

	// Auth says who may come to the chat.
	Auth Auth

	// APIKeysFile has the keys of the backends that may use /api/. Default: there is no /api/, and the node does
	// only what those of other nodes are asked for.
	APIKeysFile string

	// Webhook is the URL of a backend that is told what happens in the chat, and WebhookSecretFile has what it is signed with: both or none.
	Webhook, WebhookSecretFile string

	// EventsSubject is what the subjects of NATS begin with on which a backend is told so instead, and asked who may connect. Cluster must have a NATS.
	EventsSubject string

	// Shed says from when on nobody is let in.
	Shed shed.Limits

	// Metrics and Pprof are where to serve, over plain HTTP, /metrics and /debug/pprof/ to the server's operators,
	// host:port; they may be the same. Empty: nowhere.
	Metrics, Pprof string

	// AdminToken makes who has it the operator on the page /status and of everwire admin. Default: nobody is.
	AdminToken string
}

// Bounds of an HTTP request. None of them holds for a WebSocket once it is open.
const (
	headerTimeout = 10 * time.Second
	headerBytes   = 64 << 10         // the cookies that other programs left on localhost come along
	requestTime   = 30 * time.Second // header, body and response together: the pages are small
	idleTimeout   = 2 * time.Minute

	// At the end only requests for pages can be left, or connections that a browser opened for later and never
	// used, which net/http would give five seconds.
	lastRequests = time.Second
)

// Run serves until ctx ends, then closes every WebSocket with code 1001 and returns nil. Once it listens it writes
// its addresses to out. It returns an error if it cannot listen, or cannot go on.
//
// While connections close, further requests are still answered, handshakes, /readyz and /healthz with status 503. What
// has not closed after ShutdownTimeout is cut, which is logged but no error. Metrics are served to the end.
//
// A socket that systemd passes is listened on instead of Addr, one named "metrics" instead of Metrics, and systemd is
// told when the server is ready and when it stops (sd_listen_fds(3), sd_notify(3)).
func Run(ctx context.Context, cfg Config, out io.Writer, log *slog.Logger) error {
	certificate, err := cfg.certificate()
	if err != nil {
		return err
	}
	passed, err := passedListeners()
	if err != nil {
		return err
	}
	var m *metrics.Metrics // what nobody can read is not counted
	if cfg.Metrics != "" || passed.metrics != nil {
		m = metrics.New()
	}
	ops, err := openOperators(ctx, cfg, passed.metrics, m, log)
	if err != nil {
		passed.close()
		return err
	}
	defer ops.close()
	ln := passed.clients
	if ln != nil {
		cfg.Addr = ln.Addr().String()
	} else if ln, err = listen(ctx, "--addr", cfg.Addr); err != nil {
		return err
	}
	rooms, err := openRooms(ctx, cfg, log)
	if err != nil {
		ln.Close()
		return err
	}
	defer rooms.close()
	site := newSite(cfg, rooms, log)
	if m != nil {
		site.measure(m)
	}
	ops.serve(log) // now that a scrape finds all there is
	return runOn(ctx, ln, certificate, site, cfg, out, log)
}

// runOn is Run with a listener, which it closes, and a site.
func runOn(ctx context.Context, ln net.Listener, certificate *certificate, site *site, cfg Config, out io.Writer,
	log *slog.Logger) error {
	defer site.show(cfg.AdminToken, log)()
	defer site.watch()()
	srv := &http.Server{
		Handler:           site,
		TLSConfig:         certificate.config(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() {
		if certificate == nil {
			failed <- srv.Serve(ln)
		} else {
			failed <- srv.ServeTLS(websocket.NewListener(ln), "", "")
		}
	}()
	announceOn(out, cfg.Addr, ln.Addr(), certificate, site.rooms.says())
	log.Info("listening", "addr", ln.Addr().String(), "tls", certificate != nil)
	tell(log, "READY=1\nSTATUS=serving "+ln.Addr().String())

	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("cannot go on serving: %w", err)
	case <-ctx.Done():
	}
	tell(log, stopping(cfg.ShutdownDelay+cfg.ShutdownTimeout))
	if err == nil {
		site.leave(cfg.ShutdownDelay, log)
	}
	log.Info("shutting down", "connections", site.connections(), "timeout", cfg.ShutdownTimeout)
	stop(site, srv, cfg, log)
	return err
}

// drainWindow leaves half of the time to those who are told last.
func (cfg *Config) drainWindow() time.Duration { return min(cfg.DrainWindow, cfg.ShutdownTimeout/2) }

// stop closes the WebSockets first, while the server still answers, and then the server.
func stop(site *site, srv *http.Server, cfg Config, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	site.drain(ctx, cfg.drainWindow())
	if err := site.shutdown(ctx); err != nil {
		log.Warn("connections that did not close in time were cut")
	}
	ctx, cancel = context.WithTimeout(context.Background(), lastRequests)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		srv.Close()
	}
	log.Info("stopped")
}
