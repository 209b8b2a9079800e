//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/bench/internal/child"
	"github.com/everwire/everwire/bench/internal/proc"
	"github.com/everwire/everwire/cmd/everwire/load"
)

// A memory is what is taken at an instant.
type memory struct {
	server, clients int64
	kernel          proc.KernelMemory
}

// attempt does all of it with n connections. It returns how many were open, and why not all.
func attempt(ctx context.Context, n int) (reached int, err error) {
	server, addr, err := child.Program{Args: []string{"-serve", "-driver", *driver}}.Start(ctx)
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	fresh, err := measure(server)
	if err != nil {
		return 0, err
	}
	var most atomic.Int64
	l, err := load.Open(ctx, load.Plan{
		URL: "ws://" + addr + "/", Scenario: load.Idle, Connections: n, Text: true,
		Announcement: announcement, Sources: load.Loopback(n), Timeout: time.Minute,
		Progress: func(p load.Progress) {
			most.Store(max(most.Load(), p.Open))
			fmt.Fprintf(os.Stderr, "\r%d open ", p.Open)
		},
	})
	fmt.Fprint(os.Stderr, "\r")
	if err != nil {
		return int(min(most.Load(), int64(n-1))), err
	}
	defer l.Close()
	r, err := l.Run(ctx, 0, 0, nil, nil) // one message each
	if err != nil {
		return n, err
	}
	if r.Errors > 0 {
		return n - int(r.Errors), r.FirstError
	}
	fmt.Printf("open:             %d connections, in %v\n", n, r.Connecting.Round(time.Millisecond))
	held, err := measure(server)
	if err != nil {
		return n, err
	}
	held.print(fresh, n)
	arrivals, err := l.Broadcast(ctx)
	fmt.Printf("one broadcast:    arrived at %d of %d, at the first after %v, at the last after %v\n",
		arrivals.Arrived, arrivals.Sent, arrivals.First.Round(time.Microsecond), arrivals.Last.Round(time.Microsecond))
	if err == nil && arrivals.Arrived != int64(n) {
		err = fmt.Errorf("the broadcast arrived at %d of %d connections", arrivals.Arrived, n)
	}
	return n, err
}

// measure has the server give back what it does not need, and looks at what is left.
func measure(server *child.Process) (m memory, err error) {
	if _, err := server.Tell("free"); err != nil {
		return m, err
	}
	if m.server, err = proc.Resident(server.ID()); err != nil {
		return m, err
	}
	if m.clients, err = proc.Resident(os.Getpid()); err != nil {
		return m, err
	}
	m.kernel, err = proc.Kernel()
	return m, err
}

// print tells what n connections have added.
func (m memory) print(before memory, n int) {
	line := func(name string, octets int64, note string) {
		fmt.Printf("%-17s %.1f MiB, %d octets a connection%s\n", name+":", float64(octets)/(1<<20), octets/int64(n), note)
	}
	line("server", m.server-before.server, "")
	line("clients", m.clients-before.clients, "")
	line("kernel's slab", m.kernel.Slab-before.kernel.Slab, ", both ends (of the whole machine)")
	line("TCP's buffers", m.kernel.TCPBuffers-before.kernel.TCPBuffers, ", both ends (of the whole machine)")
}
