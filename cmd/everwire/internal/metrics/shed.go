package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/everwire/everwire/cmd/everwire/internal/shed"
)

var (
	sheddingDesc = prometheus.NewDesc("everwire_shedding",
		"1 while new handshakes are answered with 503, by why: leaving, the server is told to stop; connections, memory or lag are past their limits.",
		[]string{"cause"}, nil)
	shedDesc = prometheus.NewDesc("everwire_shed_handshakes_total",
		"Handshakes that were answered with 503 for that. They are in no endpoint's everwire_handshakes_total.", []string{"cause"}, nil)
)

// gateFigures are those of a Gate.
type gateFigures struct{ figures func() shed.Figures }

// WatchGate shows the figures of a Gate. It must be called before the first scrape, at most once.
func (m *Metrics) WatchGate(figures func() shed.Figures) {
	m.registry.MustRegister(&gateFigures{figures})
}

// Describe implements prometheus.Collector.
func (g *gateFigures) Describe(ch chan<- *prometheus.Desc) {
	ch <- sheddingDesc
	ch <- shedDesc
}

// Collect implements prometheus.Collector.
func (g *gateFigures) Collect(ch chan<- prometheus.Metric) {
	f := g.figures()
	for c := range shed.Causes {
		shut := 0.0
		if f.Shut[c] {
			shut = 1
		}
		ch <- prometheus.MustNewConstMetric(sheddingDesc, prometheus.GaugeValue, shut, c.String())
		ch <- prometheus.MustNewConstMetric(shedDesc, prometheus.CounterValue, float64(f.Shed[c]), c.String())
	}
}
