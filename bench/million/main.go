//go:build linux

// Million opens very many connections to one server process, and then broadcasts one message to all of them.
//
//	go run ./bench/million                       # 1,000,000, or as many as this machine holds
//	go run ./bench/million -connections 50000
//
// The server is a process of its own: a websocket.Server with its heartbeat on and every client tracked. The clients are in
// this process, and connect from many loopback addresses (127.1.0.1 and on), since one has some 28,000 ports. Each connection
// echoes one message; then all are idle; then the server sends one message to all, and every arrival is counted.
//
// It tells how long connecting and the broadcast took, and what memory the server, the clients and the kernel took.
// If the machine cannot hold so many, it tells what stopped it, and goes down in steps to the largest number that it holds.
//
// Raise for a million, as root: sysctl fs.nr_open=1100000 fs.file-max=4000000 net.core.somaxconn=4096, ulimit -Hn 1100000.
// Both ends together take about 10 KiB of kernel memory for a connection, so 10 GiB.
//
// It exits with status 1 if the broadcast did not arrive everywhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/everwire/everwire/bench/internal/proc"
)

var (
	connections = flag.Int("connections", 1_000_000, "how many")
	smaller     = flag.Float64("smaller", 0.9, "how much of what was reached to try next, where not all can be opened")
	driver      = flag.String("driver", "loops", "what serves the sockets: loops or goroutines")
	serve       = flag.Bool("serve", false, "be the server (used by the program itself)")
)

// spare descriptors are those of a process that are not connections.
const spare = 100

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *serve {
		runServer()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

// run tries the number asked for, and then smaller ones.
func run(ctx context.Context) error {
	if *connections < 1 || *smaller <= 0 || *smaller >= 1 {
		return errors.New("-connections must be at least 1, and -smaller between 0 and 1")
	}
	n := *connections
	allowed, err := proc.Descriptors(uint64(n + spare))
	if err != nil {
		fmt.Printf("stopped by:       %v\n", err)
		if n = min(n, int(allowed)-spare); n < 1 {
			return err
		}
	}
	for {
		reached, err := attempt(ctx, n)
		if err == nil || ctx.Err() != nil || reached == n {
			return err
		}
		next := int(*smaller * float64(min(reached, n)))
		if next < 1 {
			return err
		}
		fmt.Printf("stopped by:       %v\n", err)
		fmt.Printf("reached:          %d connections; trying %d\n", reached, next)
		n = next
	}
}
