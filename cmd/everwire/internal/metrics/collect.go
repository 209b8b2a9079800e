package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The bounds of the histograms. A round trip is bounded by the heartbeat's timeout, a handler by nothing.
var (
	handlerBounds = []time.Duration{
		10 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond,
		time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
		500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second,
	}
	roundTripBounds = []time.Duration{
		500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
		25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
		500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 20 * time.Second,
	}
	handshakeBounds = []time.Duration{
		100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second,
		10 * time.Second,
	}
)

// desc describes a metric of each endpoint.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("everwire_"+name, help, append([]string{"endpoint"}, labels...), nil)
}

var (
	connectionsDesc   = desc("connections", "WebSockets there are, from the handshake to the end of the close event.")
	handshakesDesc    = desc("handshakes_total", "Opening handshakes, by how they went and the status that was answered.", "result", "status")
	handshakeTimeDesc = desc("handshake_seconds", "From the request to the answer, of opening handshakes that were accepted.")
	messagesDesc      = desc("messages_total", "Messages received whole, and messages sent whose last octet the system has taken.", "direction", "type")
	octetsDesc        = desc("message_bytes_total", "Octets of those messages, as the program sees them: not compressed, without frames.", "direction", "type")
	wireDesc          = desc("wire_bytes_total", "Octets of those messages as they travel: compressed where that was agreed on, with the headers of their frames.", "direction", "type")
	controlDesc       = desc("control_frames_total", "Ping, Pong and Close frames.", "direction", "type")
	closesDesc        = desc("closes_total", "Connections that ended, by the code of the close event, and whether the closing handshake was complete. 3xxx and 4xxx are codes of libraries and applications.", "code", "clean")
	failuresDesc      = desc("failures_total", "Connections that ended in an error, by why.", "cause")
	droppedDesc       = desc("dropped_messages_total", "Messages that were given up because a queue was full, or replaced by newer ones with their key.", "reason")
	queuedDesc        = desc("queued_bytes", "Octets of messages that wait to be sent.")
	partialDesc       = desc("partial_bytes", "Octets of messages that have arrived in part.")
	budgetDesc        = desc("budget_bytes", "What queued and partial messages may come to together; past it the largest holders are closed. 0: no limit.")
	roundTripDesc     = desc("round_trip_seconds", "From a Ping to its Pong.")
	handlerDesc       = desc("handler_seconds", "How long the listeners took for a message.")
	throttledDesc     = desc("throttled_total", "How often a peer went over its rate and was not read from for a while.")
	throttledTimeDesc = desc("throttled_seconds_total", "How long peers were not read from because of that, altogether.")

	loopConnectionsDesc = prometheus.NewDesc("everwire_loop_connections", "Connections on each event loop.", []string{"loop"}, nil)
	loopLagDesc         = prometheus.NewDesc("everwire_loop_lag_seconds",
		"How long what arrives may have to wait for its event loop: the longest time from look to look of about the last ten seconds.",
		[]string{"loop"}, nil)
	stealsDesc = prometheus.NewDesc("everwire_loop_steals_total",
		"How often a listener has blocked an event loop so long that the loop went on without it.", nil, nil)
)

var descs = []*prometheus.Desc{
	connectionsDesc, handshakesDesc, handshakeTimeDesc, messagesDesc, octetsDesc, wireDesc, controlDesc, closesDesc, failuresDesc,
	droppedDesc, queuedDesc, partialDesc, budgetDesc, roundTripDesc, handlerDesc, throttledDesc, throttledTimeDesc,
	loopConnectionsDesc, loopLagDesc, stealsDesc,
}

var (
	directionNames = [directions]string{"received", "sent"}
	typeNames      = [messageTypes]string{"text", "binary"}
	controlNames   = [controlTypes]string{"ping", "pong", "close"}
	cleanNames     = [2]string{"false", "true"}
)

// endpoints are the Servers that are watched.
type endpoints struct{ list []*endpoint }

// Describe implements prometheus.Collector.
func (e *endpoints) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (e *endpoints) Collect(ch chan<- prometheus.Metric) {
	for _, ep := range e.list {
		s := scrape{ch, ep.name}
		s.rare(ep)
		s.frequent(ep)
		s.held(ep)
	}
	if len(e.list) > 0 {
		loops(ch, e.list[0])
	}
}

// A scrape writes the metrics of one endpoint.
type scrape struct {
	ch       chan<- prometheus.Metric
	endpoint string
}

func (s scrape) put(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(d, kind, value, append([]string{s.endpoint}, labels...)...)
}

func (s scrape) counter(d *prometheus.Desc, value float64, labels ...string) {
	s.put(d, prometheus.CounterValue, value, labels...)
}

// rare writes what happens once for each connection, or less. Of many combinations of labels those that have not come up are
// left out.
func (s scrape) rare(ep *endpoint) {
	for result := range ep.handshakes {
		for i := range ep.handshakes[result] {
			n := ep.handshakes[result][i].Load()
			if n > 0 || outcome(result) == accepted && statusLabel(i) == "101" {
				s.counter(handshakesDesc, float64(n), outcomeNames[result], statusLabel(i))
			}
		}
	}
	for code := range ep.closes {
		for clean := range ep.closes[code] {
			if n := ep.closes[code][clean].Load(); n > 0 {
				s.counter(closesDesc, float64(n), codeLabel(code), cleanNames[clean])
			}
		}
	}
	for cause := range ep.failures {
		s.counter(failuresDesc, float64(ep.failures[cause].Load()), causeNames[cause])
	}
	s.counter(droppedDesc, float64(ep.drops.full.Load()), "full")
	s.counter(droppedDesc, float64(ep.drops.replaced.Load()), "replaced")
	s.counter(throttledDesc, float64(ep.throttled.times.Load()))
	s.counter(throttledTimeDesc, time.Duration(ep.throttled.waits.Load()).Seconds())

	var took distribution
	took.add(&ep.handshakeTime)
	s.ch <- took.metric(handshakeTimeDesc, handshakeBounds, ep.name)
}

// frequent writes what the stripes come to.
func (s scrape) frequent(ep *endpoint) {
	var messages, octets, wire [directions][messageTypes]uint64
	var control [directions][controlTypes]uint64
	var handled, roundTrip distribution
	for i := range ep.stripes {
		from := &ep.stripes[i]
		for d := range directions {
			for t := range messageTypes {
				messages[d][t] += from.messages[d][t].Load()
				octets[d][t] += from.octets[d][t].Load()
				wire[d][t] += from.wire[d][t].Load()
			}
			for t := range controlTypes {
				control[d][t] += from.control[d][t].Load()
			}
		}
		handled.add(&from.handled)
		roundTrip.add(&from.roundTrip)
	}
	for d, direction := range directionNames {
		for t, name := range typeNames {
			s.counter(messagesDesc, float64(messages[d][t]), direction, name)
			s.counter(octetsDesc, float64(octets[d][t]), direction, name)
			s.counter(wireDesc, float64(wire[d][t]), direction, name)
		}
		for t, name := range controlNames {
			s.counter(controlDesc, float64(control[d][t]), direction, name)
		}
	}
	s.ch <- handled.metric(handlerDesc, handlerBounds, ep.name)
	s.ch <- roundTrip.metric(roundTripDesc, roundTripBounds, ep.name)
}

// held writes what there is at the moment.
func (s scrape) held(ep *endpoint) {
	stats := ep.srv.Stats()
	s.put(connectionsDesc, prometheus.GaugeValue, float64(stats.Connections))
	s.put(queuedDesc, prometheus.GaugeValue, float64(stats.Queued))
	s.put(partialDesc, prometheus.GaugeValue, float64(stats.Partial))
	s.put(budgetDesc, prometheus.GaugeValue, float64(stats.Budget))
}

// loops writes what any Server knows of the event loops, which serve all of them.
func loops(ch chan<- prometheus.Metric, ep *endpoint) {
	stats := ep.srv.Stats()
	for i, loop := range stats.Loops {
		number := strconv.Itoa(i)
		ch <- prometheus.MustNewConstMetric(loopConnectionsDesc, prometheus.GaugeValue, float64(loop.Connections), number)
		ch <- prometheus.MustNewConstMetric(loopLagDesc, prometheus.GaugeValue, loop.Lag.Seconds(), number)
	}
	ch <- prometheus.MustNewConstMetric(stealsDesc, prometheus.CounterValue, float64(stats.Steals))
}
