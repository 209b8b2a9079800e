//go:build linux

// Chaos is the fault run: three nodes of `everwire serve`, processes on this machine, members who are spread
// over them, publishers on each; and while these talk, nodes are killed, stopped, told to end, cut off from
// the others, and once all killed together.
//
//	go run ./bench/chaos                         # 3,000 members in 50 rooms, for two minutes
//	go run ./bench/chaos -for 1m -members 300    # the short form
//
// Each publisher has one message under way at a time, and publishes it again with its id until it is
// acknowledged. Members and publishers come back when their connection ends, to another node as well, from
// the position of what they had last. Each writes down what came over its socket; afterwards a program of its
// own, bench/chaos/check, judges that.
//
// The nodes have networks of their own, one for clients and one for each other, so that one can be cut off
// from the others and go on with its clients. Where the system allows no such networks (user namespaces, and
// the program ip of iproute2), nobody is cut off, and the report says so.
//
// What is done when, and to whom, comes from -seed. It exits with status 1 if the checker finds anything,
// a node ends by itself, or one that is told to end does not do so in order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

var (
	seed       = flag.Uint64("seed", 0, "from which faults and members take their decisions; 0 takes one by the clock")
	length     = flag.Duration("for", 2*time.Minute, "how long to publish")
	members    = flag.Int("members", 3000, "how many, publishers among them")
	roomCount  = flag.Int("rooms", 50, "how many")
	rate       = flag.Float64("rate", 100, "messages a second, by all publishers together")
	settle     = flag.Duration("settle", 90*time.Second, "how long it may take afterwards until everybody has everything")
	durability = flag.String("durability", "always", "that of the nodes")
	calm       = flag.Bool("calm", false, "do nothing to the nodes: for figures of how long messages take")
	recordDir  = flag.String("record", "", "keep what was written down, and the nodes' logs, in this new directory")
	binary     = flag.String("everwire", "", "the program to run (default: it is built)")
)

// nodeCount is how many nodes there are: each room has a publisher at each.
const nodeCount = 3

// insideVar is set for the process that is in a network of its own.
const insideVar = "EVERWIRE_CHAOS_INSIDE"

func main() {
	log.SetFlags(0)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if os.Getenv(insideVar) == "" {
		err = outside(ctx)
	} else {
		err = inside(ctx)
	}
	var status exitStatus
	switch {
	case errors.As(err, &status):
		stop()
		os.Exit(int(status))
	case err != nil:
		log.Fatal(err)
	}
}

// outside builds what is needed, and runs this program again where it can make networks.
func outside(ctx context.Context) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("there are no arguments, but %q was given", flag.Arg(0))
	case *roomCount < 1 || *members < nodeCount**roomCount:
		return fmt.Errorf("-members must be at least %d for each of the -rooms: there is a publisher at each node", nodeCount)
	case *length < 10*time.Second || *rate <= 0:
		return errors.New("-for must be at least 10s, and -rate above 0")
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	dir := *recordDir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "everwire-chaos-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	} else if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("-record: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := buildAll(ctx, dir); err != nil {
		return err
	}
	return again(ctx, dir)
}

// inside does the run, and has the checker judge it.
func inside(ctx context.Context) error {
	dir := os.Getenv(insideVar)
	r, err := newRun(dir)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.do(ctx); err != nil {
		return err
	}
	if len(r.acks) == 0 {
		return errors.New("nothing was acknowledged")
	}
	r.report()
	surprise := r.surprises()
	if surprise != nil {
		fmt.Printf("not as planned:       %v\n", surprise)
	}
	if err := r.check(ctx); err != nil {
		return err
	}
	return surprise
}
