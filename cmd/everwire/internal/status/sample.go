package status

import (
	"math"
	"runtime/metrics"
	"slices"
	"time"
)

// kept for so long, a sample a second.
const historyLength = 300

// history is what the samples of the last five minutes were, the oldest first. There is always one.
type history struct{ samples []Numbers }

func (h *history) add(n Numbers) {
	if len(h.samples) == historyLength {
		h.samples = slices.Delete(h.samples, 0, 1)
	}
	h.samples = append(h.samples, n)
}

func (h *history) newest() Numbers { return h.samples[len(h.samples)-1] }

// step takes a sample and remembers it.
func (c *Collector) step() Numbers {
	c.mu.RLock()
	before := c.history.newest()
	c.mu.RUnlock()
	n := c.sample(&before)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history.add(n)
	return n
}

// lastMinutes are the samples there are.
func (c *Collector) lastMinutes() []Numbers {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.history.samples)
}

// sample reads all counters; rates are since the sample before, if there is one.
func (c *Collector) sample(before *Numbers) Numbers {
	c.mu.RLock()
	connections, servers := len(c.byID), c.servers
	c.mu.RUnlock()
	n := Numbers{
		Time:        time.Now().UnixMilli(),
		Connections: connections,
		Handshakes:  Handshakes{Accepted: c.accepted.Load(), Refused: c.refused.Load()},
		Received:    c.received.total(),
		Sent:        c.sent.total(),
		RoundTrip:   c.roundTrip(),
	}
	if len(servers) > 0 { // the loops are everyone's
		for _, loop := range servers[0].Stats().Loops {
			n.Lag = max(n.Lag, milliseconds(loop.Lag))
		}
	}
	c.runtime.read(&n)
	if c.Beside != nil {
		c.Beside(&n)
	}
	if before == nil {
		return n
	}
	seconds := float64(n.Time-before.Time) / 1000
	if seconds <= 0 { // the clock was set back
		seconds = 1
	}
	rate := func(now, then uint64) float64 { return math.Round(float64(now-then)/seconds*10) / 10 }
	n.Handshakes.AcceptedRate = rate(n.Handshakes.Accepted, before.Handshakes.Accepted)
	n.Handshakes.RefusedRate = rate(n.Handshakes.Refused, before.Handshakes.Refused)
	for _, way := range []struct{ now, then *Traffic }{{&n.Received, &before.Received}, {&n.Sent, &before.Sent}} {
		way.now.MessagesRate = rate(way.now.Messages, way.then.Messages)
		way.now.OctetsRate = rate(way.now.Octets, way.then.Octets)
		way.now.WireRate = rate(way.now.Wire, way.then.Wire)
	}
	return n
}

// runtimeMeter reads what Go's runtime knows of itself.
type runtimeMeter struct {
	samples []metrics.Sample
	waits   []uint64 // how often a goroutine had waited for so long to run, when it was last read
}

func (m *runtimeMeter) read(n *Numbers) {
	if m.samples == nil {
		for _, name := range []string{
			"/memory/classes/total:bytes", "/memory/classes/heap/released:bytes", "/memory/classes/heap/objects:bytes",
			"/sched/goroutines:goroutines", "/sched/latencies:seconds",
		} {
			m.samples = append(m.samples, metrics.Sample{Name: name})
		}
	}
	metrics.Read(m.samples)
	n.Memory = m.samples[0].Value.Uint64() - m.samples[1].Value.Uint64()
	n.Heap = m.samples[2].Value.Uint64()
	n.Goroutines = int(m.samples[3].Value.Uint64())
	n.Wait = m.wait(m.samples[4].Value.Float64Histogram())
}

// wait returns, in milliseconds, how long 99 of 100 goroutines waited at most since the last time.
func (m *runtimeMeter) wait(h *metrics.Float64Histogram) float64 {
	if m.waits == nil {
		m.waits = make([]uint64, len(h.Counts))
	}
	var all uint64
	for i, count := range h.Counts {
		all += count - m.waits[i]
	}
	rest := all / 100 // that may have waited longer
	longest := 0.0
	for i := len(h.Counts) - 1; i >= 0; i-- {
		since := h.Counts[i] - m.waits[i]
		if since > rest {
			longest = h.Buckets[i+1]
			if math.IsInf(longest, 1) {
				longest = h.Buckets[i]
			}
			break
		}
		rest -= since
	}
	copy(m.waits, h.Counts)
	return math.Round(longest*1e6) / 1000
}
