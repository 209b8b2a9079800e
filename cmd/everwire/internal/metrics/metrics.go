package metrics

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one process: of the endpoints it watches, of the Go runtime, and of the process itself.
type Metrics struct {
	registry  *prometheus.Registry
	endpoints endpoints
}

// New returns Metrics that watch no endpoint yet.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		&m.endpoints,
		buildInfo(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler answers a scrape, in the format that the scraper prefers.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: scrapesAtOnce,
	})
}

// scrapesAtOnce bounds what scraping can cost; one more is answered with 503.
const scrapesAtOnce = 4
