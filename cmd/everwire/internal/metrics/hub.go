package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/everwire/everwire/hub"
)

func hubDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("everwire_hub_"+name, help, labels, nil)
}

var (
	roomsDesc       = hubDesc("rooms", "Rooms that somebody on this node is in.")
	membershipsDesc = hubDesc("memberships", "Sockets of this node in rooms: one in three rooms counts three times.")
	tailDesc        = hubDesc("tail_bytes", "Octets of history that this node keeps at hand.")
	publishedDesc   = hubDesc("published_total", "Messages that were published on this node and taken.")
	refusedDesc     = hubDesc("refused_total", "Messages that were published on this node and that the broker did not take.")
	receivedDesc    = hubDesc("received_total", "Messages that came to rooms of this node, its own among them.")
	deliveredDesc   = hubDesc("delivered_total", "Messages to sockets: one for each socket that took one into its queue.")
	recoveriesDesc  = hubDesc("recoveries_total", "Sockets that came back with a position, by what came of it: recovered, they were sent what they missed; too_old, that was kept no more.", "result")
	slowDesc        = hubDesc("slow_total", "What slow members cost, by policy: messages that were dropped (drop_oldest, drop_newest) or replaced (conflate), and sockets that were closed with 1013 (disconnect).", "policy")
	brokerDesc      = hubDesc("broker_up", "1 while the broker can be reached, 0 while it cannot: then rooms with history wait, and others reach this node's members only.")
)

var hubDescs = []*prometheus.Desc{
	roomsDesc, membershipsDesc, tailDesc, publishedDesc, refusedDesc, receivedDesc, deliveredDesc, recoveriesDesc, slowDesc, brokerDesc,
}

// hubFigures are those of a Hub.
type hubFigures struct{ stats func() hub.Stats }

// WatchHub shows the figures of a Hub. It must be called before the first scrape, at most once.
func (m *Metrics) WatchHub(stats func() hub.Stats) { m.registry.MustRegister(&hubFigures{stats}) }

// Describe implements prometheus.Collector.
func (h *hubFigures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range hubDescs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (h *hubFigures) Collect(ch chan<- prometheus.Metric) {
	s := h.stats()
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge(roomsDesc, float64(s.Rooms))
	gauge(membershipsDesc, float64(s.Memberships))
	gauge(tailDesc, float64(s.TailOctets))
	count(publishedDesc, s.Published)
	count(refusedDesc, s.Refused)
	count(receivedDesc, s.Received)
	count(deliveredDesc, s.Delivered)
	count(recoveriesDesc, s.Recovered, "recovered")
	count(recoveriesDesc, s.TooOld, "too_old")
	count(slowDesc, s.DropOldest, "drop_oldest")
	count(slowDesc, s.DropNewest, "drop_newest")
	count(slowDesc, s.Conflated, "conflate")
	count(slowDesc, s.Disconnected, "disconnect")
	up := 1.0
	if s.Err != nil {
		up = 0
	}
	gauge(brokerDesc, up)
}
