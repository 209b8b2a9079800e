package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// Stats writes what all connections come to; with watch again each second, until ctx ends.
func (c *Client) Stats(ctx context.Context, out io.Writer, asJSON, watch bool) error {
	if !c.hello.Numbers {
		return c.noOperator()
	}
	write := writeStats
	if asJSON {
		write = func(out io.Writer, _ *status.Hello, n *status.Numbers) error { return json.NewEncoder(out).Encode(n) }
	} else if watch {
		write = writeStatsLine
		fmt.Fprintf(out, "%8s  %11s %12s  %11s %12s  %9s %9s  %10s\n", "conns", "in msgs/s", "in", "out msgs/s", "out", "rtt p50", "lag", "memory")
	}
	for {
		n, err := c.numbers(ctx)
		if err != nil {
			return err
		}
		if err := write(out, c.hello, n); err != nil || !watch {
			return err
		}
	}
}

// numbers waits for the next: the newest of the history that comes first, and then one each second.
func (c *Client) numbers(ctx context.Context) (*status.Numbers, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	for {
		e, err := c.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case e.Numbers != nil:
			return e.Numbers, nil
		case len(e.History) > 0:
			return &e.History[len(e.History)-1], nil
		}
	}
}

func writeStats(out io.Writer, h *status.Hello, n *status.Numbers) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	row("up", "%s", time.UnixMilli(n.Time).Sub(time.UnixMilli(h.Started)).Round(time.Second))
	row("connections", "%d", n.Connections)
	row("handshakes", "%d accepted (%.1f/s), %d refused (%.1f/s)", n.Handshakes.Accepted, n.Handshakes.AcceptedRate,
		n.Handshakes.Refused, n.Handshakes.RefusedRate)
	for _, way := range []struct {
		name string
		status.Traffic
	}{{"received", n.Received}, {"sent", n.Sent}} {
		row(way.name, "%d messages (%.1f/s), %s (%s/s)", way.Messages, way.MessagesRate, octets(float64(way.Octets)), octets(way.OctetsRate))
	}
	row("bandwidth", "%s/s in, %s/s out", octets(n.Received.WireRate), octets(n.Sent.WireRate))
	if n.RoundTrip != nil {
		row("round trip", "%.1f ms median, %.1f ms p99", n.RoundTrip.Median, n.RoundTrip.P99)
	} else {
		row("round trip", "no Ping was answered yet")
	}
	row("loop lag", "%.2f ms", n.Lag)
	row("wait", "%.2f ms p99 for a processor", n.Wait)
	row("memory", "%s, %s of it values", octets(float64(n.Memory)), octets(float64(n.Heap)))
	row("goroutines", "%d", n.Goroutines)
	if r := n.Rooms; r != nil {
		row("rooms", "%d with %d members here; %d messages published here, %d refused, %d received, %d delivered", r.Rooms, r.Memberships,
			r.Published, r.Refused, r.Received, r.Delivered)
		if r.Broker != "" {
			row("broker", "out of reach: %s", visible(r.Broker))
		}
	}
	if n.Shedding != "" {
		row("shedding", "new handshakes get 503: %s", visible(n.Shedding))
	}
	return w.Flush()
}

func writeStatsLine(out io.Writer, _ *status.Hello, n *status.Numbers) error {
	rtt := "-"
	if n.RoundTrip != nil {
		rtt = fmt.Sprintf("%.1f ms", n.RoundTrip.Median)
	}
	_, err := fmt.Fprintf(out, "%8d  %11.1f %12s  %11.1f %12s  %9s %9s  %10s\n", n.Connections,
		n.Received.MessagesRate, octets(n.Received.OctetsRate)+"/s", n.Sent.MessagesRate, octets(n.Sent.OctetsRate)+"/s",
		rtt, fmt.Sprintf("%.1f ms", n.Lag), octets(float64(n.Memory)))
	return err
}

// octets are written with the largest unit of which there is at least one.
func octets(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for n >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	if i == 0 || n >= 10 {
		return fmt.Sprintf("%.0f %s", n, units[i])
	}
	return fmt.Sprintf("%.1f %s", n, units[i])
}
