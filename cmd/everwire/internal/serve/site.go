package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api"
	"github.com/everwire/everwire/cmd/everwire/internal/demo"
	"github.com/everwire/everwire/cmd/everwire/internal/drain"
	"github.com/everwire/everwire/cmd/everwire/internal/metrics"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// site is everything that is served.
type site struct {
	mux     *http.ServeMux
	demos   []*websocket.Server
	rooms   *rooms
	gate    *shed.Gate
	journal *journal
	status  *status.Board // nil: it is not shown
	leaving atomic.Bool   // nobody is to be sent here any more
}

// newSite mounts each demo at its name: the path is the page and, for a request that asks for it, the WebSocket.
func newSite(cfg Config, rooms *rooms, log *slog.Logger) *site {
	s := &site{mux: http.NewServeMux(), rooms: rooms, gate: shed.NewGate(cfg.Shed, log)}
	s.mux.Handle("/{$}", pages.Handler("index"))
	s.mux.Handle("/static/", pages.Static())
	s.mux.HandleFunc("GET /livez", live)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /healthz", s.ready)

	s.journal = &journal{log: log}
	for _, d := range demo.All {
		srv, page, origins := rooms.chat, rooms.page, slices.Concat(cfg.Origins, pageOrigins(cfg.ChatNodes))
		if d.Name != "chat" {
			srv, page, origins = d.New(), pages.Handler(d.Name), cfg.Origins
		}
		srv.Options.Origins = origins
		srv.Handler = page
		s.gate.Watch(srv)
		s.mux.Handle("/"+d.Name, s.gate.Guard(s.journal.keep(d.Name, srv)))
		s.demos = append(s.demos, srv)
	}
	if cfg.APIKeysFile != "" {
		s.mux.Handle(api.Path, rooms.api)
	}
	return s
}

// pageOrigins are the origins of the pages of nodes, by the URLs of their WebSockets.
func pageOrigins(nodes []string) []string {
	var list []string
	for _, node := range nodes {
		if u, err := url.Parse(node); err == nil {
			list = append(list, "http"+strings.TrimPrefix(u.Scheme, "ws")+"://"+u.Host)
		}
	}
	return list
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// measure has metrics of all that happens from now on.
func (s *site) measure(m *metrics.Metrics) {
	for i, srv := range s.demos {
		m.Watch(demo.All[i].Name, srv)
	}
	m.WatchGate(s.gate.Figures)
	m.WatchHub(s.rooms.hub.Stats)
	if s.rooms.tells != nil {
		m.WatchWebhook(s.rooms.tells.Figures)
	}
}

// show mounts the status page, which shows all that happens from now on, and returns what ends that.
func (s *site) show(token string, log *slog.Logger) (stop func()) {
	known := status.NewCollector()
	known.Beside = s.beside
	for _, srv := range s.demos {
		known.Watch(srv)
	}
	s.journal.connected = known.Connected
	s.gate.Refused = known.Refused
	s.status = status.NewBoard(known, status.Config{Token: token, Log: log})
	srv := s.status.Server()
	srv.Handler = pages.Handler("status")
	s.mux.Handle(status.Path, s.journal.refusals("status", srv))
	return s.status.Start()
}

// beside adds to the numbers of the connections those of rooms, and what is shed.
func (s *site) beside(n *status.Numbers) {
	h := s.rooms.hub.Stats()
	n.Rooms = &status.Rooms{
		Rooms: h.Rooms, Memberships: h.Memberships, Published: h.Published, Refused: h.Refused, Received: h.Received, Delivered: h.Delivered,
	}
	if h.Err != nil {
		n.Rooms.Broker = h.Err.Error()
	}
	if cause, shut := s.gate.Shut(); shut {
		n.Shedding = shed.Reason(cause)
	}
}

// watch has the gate watch memory and lag, and returns what ends that.
func (s *site) watch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.gate.Run(ctx, s.demos[0]) })
	return func() {
		cancel()
		watching.Wait()
	}
}

// ready answers who asks whether to send clients here: a load balancer.
func (s *site) ready(w http.ResponseWriter, _ *http.Request) {
	cause, shut := s.gate.Shut()
	switch {
	case s.leaving.Load():
		answerProbe(w, http.StatusServiceUnavailable, shed.Reason(shed.Leaving)+"\n")
	case !s.rooms.joined():
		answerProbe(w, http.StatusServiceUnavailable, "joining the cluster\n")
	case shut:
		answerProbe(w, http.StatusServiceUnavailable, shed.Reason(cause)+"\n")
	default:
		answerProbe(w, http.StatusOK, "ok\n")
	}
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

// drain lets nobody in any more, and closes every WebSocket with code 1001, one after the other, over a time at most.
func (s *site) drain(ctx context.Context, most time.Duration) {
	s.leaving.Store(true)
	s.gate.Leave()
	var open []*websocket.Socket
	for _, srv := range s.demos {
		open = append(open, srv.Clients().Members()...)
	}
	drain.Spread(ctx, len(open), drain.Window(len(open), most), func(i int) {
		open[i].Close(websocket.CloseGoingAway, "server is shutting down")
	})
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
