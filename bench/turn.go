//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/everwire/everwire/bench/internal/proc"
	"github.com/everwire/everwire/bench/internal/servers"
	"github.com/everwire/everwire/cmd/everwire/load"
)

// A sample is what was measured in one turn. Times are in microseconds.
type sample struct {
	CPU       float64 `json:",omitempty"` // the server's, per message
	LoadCPU   float64 `json:",omitempty"` // the load generator's
	PerSecond float64 `json:",omitempty"`
	P50, P99  float64 `json:",omitempty"`
	Busy      float64 `json:",omitempty"` // which part of the time the server was
	Bytes     float64 `json:",omitempty"` // per idle connection
	Switches  float64 `json:",omitempty"` // per message
}

// A turn is one contestant in one scenario, once.
type turn struct {
	*lab
	scenario
	contestant
	server *servers.Server
}

// patience is how long a turn may take, besides what is measured: most of it is connecting.
const (
	patience     = 30 * time.Second
	idlePatience = 5 * time.Minute
)

// take starts the server, measures, and stops it.
func (t *turn) take(ctx context.Context) (s sample, err error) {
	limit := t.warmup + t.duration + patience
	if t.figure == bytesPerConnection {
		limit = idlePatience
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took more than %v", limit))
	defer cancel()
	o := servers.Options{Settings: t.scenario.server, Cores: t.serverCores, Processors: 1}
	o.Stream = t.stream
	if t.secure {
		o.Certificate, o.Key = t.cert, t.key
	}
	if t.figure == switchesPerMessage {
		o.Cores, o.Processors = t.bothCores, 2
	}
	if t.server, err = t.Start(ctx, o); err != nil {
		return s, err
	}
	defer t.server.Stop()
	if t.figure == bytesPerConnection {
		s, err = t.memory(ctx)
	} else {
		s, err = t.traffic(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return s, err
}

// loadPlan is the scenario's, with this server's address.
func (t *turn) loadPlan() load.Plan {
	p := t.plan
	scheme := "ws"
	if t.secure {
		scheme, p.TLS = "wss", t.trust
	}
	p.URL = scheme + "://" + t.server.Addr + t.path()
	if p.Connections == idleConnections {
		p.Connections = t.idle
	}
	if sources := load.Loopback(p.Connections); len(sources) > 1 { // else the usual one does
		p.Sources = sources
	}
	if t.figure == switchesPerMessage {
		p.Rate = t.rate
	}
	return p
}

// traffic measures while messages go to and fro.
func (t *turn) traffic(ctx context.Context) (s sample, err error) {
	plan := t.loadPlan()
	l, err := load.Open(ctx, plan)
	if err != nil {
		return s, err
	}
	defer l.Close()
	if plan.Scenario == load.Broadcast {
		if err := t.gather(ctx, plan.Connections); err != nil {
			return s, err
		}
	}
	begin, end := t.reading(), t.reading()
	r, err := l.Run(ctx, t.warmup, t.duration, begin.take, end.take)
	switch {
	case err != nil:
		return s, err
	case r.Errors > 0:
		return s, fmt.Errorf("%d errors, the first: %w", r.Errors, r.FirstError)
	case r.Messages == 0:
		return s, errSilent
	case begin.err != nil:
		return s, begin.err
	case end.err != nil:
		return s, end.err
	}
	per := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) / float64(r.Messages) }
	s.CPU, s.LoadCPU = per(end.cpu-begin.cpu), per(r.CPU)
	s.PerSecond = float64(r.Messages) / r.Elapsed.Seconds()
	s.Busy = float64(end.cpu-begin.cpu) / float64(r.Elapsed)
	s.P50 = float64(r.Latency.ValueAtQuantile(50)) / 1e3
	s.P99 = float64(r.Latency.ValueAtQuantile(99)) / 1e3
	s.Switches = float64(end.switches-begin.switches) / float64(r.Messages)
	return s, nil
}

// errSilent says that nothing was measured.
var errSilent = errors.New("no message arrived while it was measured")

// gather waits until the server counts so many connections in. It does so after it has answered the handshake, so that it
// is later than the client knows.
func (t *turn) gather(ctx context.Context, connections int) error {
	for {
		answer, err := t.server.Tell(servers.Members)
		if err != nil {
			return err
		}
		if answer == strconv.Itoa(connections) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A reading is what a server has taken until an instant.
type reading struct {
	pid         int
	allSwitches bool
	cpu         time.Duration
	switches    int64
	err         error
}

func (t *turn) reading() *reading {
	return &reading{pid: t.server.ID(), allSwitches: t.figure == switchesPerMessage}
}

// take reads; the processor time last when an interval begins and when it ends, since it changes most.
func (r *reading) take() {
	if r.allSwitches {
		if r.switches, r.err = proc.Switches(r.pid); r.err != nil {
			return
		}
	}
	r.cpu, r.err = proc.CPU(r.pid)
}

// memory measures what connections cost that have exchanged one message and are idle.
func (t *turn) memory(ctx context.Context) (s sample, err error) {
	before, err := t.resident()
	if err != nil {
		return s, err
	}
	plan := t.loadPlan()
	l, err := load.Open(ctx, plan)
	if err != nil {
		return s, err
	}
	defer l.Close()
	r, err := l.Run(ctx, 0, time.Millisecond, nil, nil)
	if err != nil {
		return s, err
	}
	if r.Errors > 0 {
		return s, fmt.Errorf("%d errors, the first: %w", r.Errors, r.FirstError)
	}
	after, err := t.resident()
	if err != nil {
		return s, err
	}
	s.Bytes = float64(after-before) / float64(plan.Connections)
	return s, nil
}

// resident returns the server's resident memory after it has given back what it does not need.
func (t *turn) resident() (int64, error) {
	if _, err := t.server.Tell(servers.Free); err != nil {
		return 0, err
	}
	return proc.Resident(t.server.ID())
}
