package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
)

var (
	eventsWaitingDesc = prometheus.NewDesc("everwire_webhook_waiting", "Events that wait for the backend to take them.", nil, nil)
	eventsDesc        = prometheus.NewDesc("everwire_webhook_events_total",
		"Events for the backend, by what became of them: delivered; given_up, it did not take them however often it was asked; left_out, because too many waited.",
		[]string{"result"}, nil)
	eventsRetriedDesc = prometheus.NewDesc("everwire_webhook_retries_total", "Attempts to tell the backend of an event after the first.", nil, nil)
	eventsRefusedDesc = prometheus.NewDesc("everwire_webhook_refused_total",
		"Connections that were refused: by the backend; or unasked, because it did not answer.", []string{"by"}, nil)
)

// eventFigures are those of what tells a backend, by a webhook or over NATS.
type eventFigures struct{ figures func() events.Figures }

// WatchWebhook shows what becomes of events for a backend. It must be called before the first scrape, at most once.
func (m *Metrics) WatchWebhook(figures func() events.Figures) {
	m.registry.MustRegister(&eventFigures{figures})
}

// Describe implements prometheus.Collector.
func (e *eventFigures) Describe(ch chan<- *prometheus.Desc) {
	ch <- eventsWaitingDesc
	ch <- eventsDesc
	ch <- eventsRetriedDesc
	ch <- eventsRefusedDesc
}

// Collect implements prometheus.Collector.
func (e *eventFigures) Collect(ch chan<- prometheus.Metric) {
	f := e.figures()
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	ch <- prometheus.MustNewConstMetric(eventsWaitingDesc, prometheus.GaugeValue, float64(f.Waiting))
	count(eventsDesc, f.Delivered, "delivered")
	count(eventsDesc, f.GivenUp, "given_up")
	count(eventsDesc, f.LeftOut, "left_out")
	count(eventsRetriedDesc, f.Retried)
	count(eventsRefusedDesc, f.Refused, "backend")
	count(eventsRefusedDesc, f.Unasked, "unasked")
}
