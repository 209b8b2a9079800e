package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/cmd/everwire/internal/demo"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/websocket"
)

// site is everything that is served.
type site struct {
	mux     *http.ServeMux
	demos   []*websocket.Server
	closing atomic.Bool
}

// newSite mounts each demo at its name: the path is the page and, for a request that asks for it, the WebSocket.
func newSite(origins []string, log *slog.Logger) *site {
	s := &site{mux: http.NewServeMux()}
	s.mux.Handle("/{$}", pages.Handler("index"))
	s.mux.Handle("/static/", pages.Static())
	s.mux.HandleFunc("GET /healthz", s.health)

	journal := &journal{log: log}
	for _, d := range demo.All {
		srv := d.New()
		srv.Options.Origins = origins
		srv.Handler = pages.Handler(d.Name)
		s.mux.Handle("/"+d.Name, journal.keep(d.Name, srv))
		s.demos = append(s.demos, srv)
	}
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// health answers who asks whether to send clients here: a load balancer, a supervisor.
func (s *site) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if s.closing.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "shutting down\n")
		return
	}
	io.WriteString(w, "ok\n")
}

// connections returns how many WebSockets are open.
func (s *site) connections() int {
	n := 0
	for _, srv := range s.demos {
		n += srv.Clients().Len()
	}
	return n
}

// shutdown closes every WebSocket with code 1001 and waits until all are gone. Those that are left when ctx ends
// it cuts, and returns ctx's error.
func (s *site) shutdown(ctx context.Context) error {
	s.closing.Store(true)
	errs := make([]error, len(s.demos))
	var closing sync.WaitGroup
	for i, srv := range s.demos {
		closing.Go(func() { errs[i] = srv.Shutdown(ctx) })
	}
	closing.Wait()
	return errors.Join(errs...)
}
