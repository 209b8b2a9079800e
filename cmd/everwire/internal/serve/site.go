package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/demo"
	"github.com/everwire/everwire/cmd/everwire/internal/metrics"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// site is everything that is served.
type site struct {
	mux     *http.ServeMux
	demos   []*websocket.Server
	journal *journal
	status  *status.Board // nil: it is not shown
	leaving atomic.Bool   // nobody is to be sent here any more
}

// newSite mounts each demo at its name: the path is the page and, for a request that asks for it, the WebSocket.
func newSite(origins []string, log *slog.Logger) *site {
	s := &site{mux: http.NewServeMux()}
	s.mux.Handle("/{$}", pages.Handler("index"))
	s.mux.Handle("/static/", pages.Static())
	s.mux.HandleFunc("GET /livez", live)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /healthz", s.ready)

	s.journal = &journal{log: log}
	for _, d := range demo.All {
		srv := d.New()
		srv.Options.Origins = origins
		srv.Handler = pages.Handler(d.Name)
		s.mux.Handle("/"+d.Name, s.journal.keep(d.Name, srv))
		s.demos = append(s.demos, srv)
	}
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// measure has metrics of all that happens from now on.
func (s *site) measure(m *metrics.Metrics) {
	for i, srv := range s.demos {
		m.Watch(demo.All[i].Name, srv)
	}
}

// show mounts the status page, which shows all that happens from now on, and returns what ends that.
func (s *site) show(token string, log *slog.Logger) (stop func()) {
	known := status.NewCollector()
	for _, srv := range s.demos {
		known.Watch(srv)
	}
	s.journal.connected = known.Connected
	s.status = status.NewBoard(known, status.Config{Token: token, Log: log})
	srv := s.status.Server()
	srv.Handler = pages.Handler("status")
	s.mux.Handle(status.Path, s.journal.refusals("status", srv))
	return s.status.Start()
}

// ready answers who asks whether to send clients here: a load balancer.
func (s *site) ready(w http.ResponseWriter, _ *http.Request) {
	if s.leaving.Load() {
		answerProbe(w, http.StatusServiceUnavailable, "shutting down\n")
		return
	}
	answerProbe(w, http.StatusOK, "ok\n")
}

// live answers who asks whether to start the server anew: a supervisor. One that shuts down is not to be disturbed.
func live(w http.ResponseWriter, _ *http.Request) { answerProbe(w, http.StatusOK, "ok\n") }

func answerProbe(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// leave has load balancers told that clients are to be sent elsewhere, and leaves them a while to notice, in which all
// goes on as before.
func (s *site) leave(delay time.Duration, log *slog.Logger) {
	s.leaving.Store(true)
	if delay > 0 {
		log.Info("not ready any more", "connections", s.connections(), "delay", delay)
		time.Sleep(delay)
	}
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
	s.leaving.Store(true)
	servers := slices.Clone(s.demos)
	if s.status != nil {
		servers = append(servers, s.status.Server())
	}
	errs := make([]error, len(servers))
	var closing sync.WaitGroup
	for i, srv := range servers {
		closing.Go(func() { errs[i] = srv.Shutdown(ctx) })
	}
	closing.Wait()
	return errors.Join(errs...)
}
