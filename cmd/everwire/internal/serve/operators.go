package serve

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/metrics"
)

// operators serves what is for those who run the server, metrics and profiles, on addresses of its own: by the address
// that is theirs, clients cannot reach it.
type operators struct{ doors []*door }

// A door is one address and what is behind it.
type door struct {
	ln       net.Listener
	mux      *http.ServeMux
	srv      *http.Server
	paths    []string // for who asks for none of them
	profiles bool
}

// openOperators listens where the Config says; for metrics on the listener that systemd has passed, if it has. It closes
// all of them, that one too, if it fails.
func openOperators(ctx context.Context, cfg Config, passed net.Listener, m *metrics.Metrics, log *slog.Logger) (*operators, error) {
	o := &operators{}
	if passed != nil {
		o.open(passed).handle("/metrics", m.Handler(log))
	} else if cfg.Metrics != "" {
		ln, err := listen(ctx, "--metrics", cfg.Metrics)
		if err != nil {
			return nil, err
		}
		o.open(ln).handle("/metrics", m.Handler(log))
	}
	switch {
	case cfg.Pprof == "":
	case cfg.Pprof == cfg.Metrics && passed == nil:
		o.doors[0].handlePprof()
	default:
		ln, err := listen(ctx, "--pprof", cfg.Pprof)
		if err != nil {
			o.close()
			return nil, err
		}
		o.open(ln).handlePprof()
	}
	return o, nil
}

func (o *operators) open(ln net.Listener) *door {
	d := &door{ln: ln, mux: http.NewServeMux()}
	d.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "everwire serve, for its operators:\n"+strings.Join(d.paths, "\n")+"\n")
	})
	o.doors = append(o.doors, d)
	return d
}

func (d *door) handle(path string, h http.Handler) {
	d.mux.Handle("GET "+path, h)
	d.paths = append(d.paths, path)
}

func (d *door) handlePprof() {
	d.profiles = true
	d.handle("/debug/pprof/", http.HandlerFunc(pprof.Index)) // and each profile by its name
	d.mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	d.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	d.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	d.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	d.mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol) // so asks go tool pprof
}

// serve answers until close. What goes wrong with one of the doors is logged, and the server for clients goes on.
func (o *operators) serve(log *slog.Logger) {
	for _, d := range o.doors {
		// No WriteTimeout: a profile takes as long as it is asked to.
		d.srv = &http.Server{
			Handler:           d.mux,
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		}
		log.Info("listening for operators", "addr", d.ln.Addr().String(), "paths", strings.Join(d.paths, " "))
		if at, ok := d.ln.Addr().(*net.TCPAddr); ok && d.profiles && !at.IP.IsLoopback() {
			log.Warn("whoever reaches this address can take profiles, which slow the server down; --pprof 127.0.0.1:6060 "+
				"is for this machine only", "addr", at.String())
		}
		go func() {
			if err := d.srv.Serve(d.ln); err != http.ErrServerClosed {
				log.Error("cannot go on serving operators", "addr", d.ln.Addr().String(), "error", err)
			}
		}()
	}
}

// close ends all of it at once, profiles that are being taken too.
func (o *operators) close() {
	for _, d := range o.doors {
		if d.srv != nil {
			d.srv.Close()
		}
		d.ln.Close()
	}
}
