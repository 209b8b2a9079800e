//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A kind is what is done to nodes.
type kind string

const (
	kill kind = "kill"     // SIGKILL, and started again a while later
	stop kind = "stop"     // SIGSTOP, and SIGCONT a while later
	cut  kind = "cut off"  // nothing passes between it and the other nodes for a while
	term kind = "end"      // SIGTERM, and started again as soon as it has ended
	all  kind = "kill all" // all three, at once
)

// lengths are how long each takes in a run of two minutes. In a shorter one it is shorter.
var lengths = map[kind]time.Duration{
	kill: 4 * time.Second, stop: 20 * time.Second, cut: 15 * time.Second, term: 3 * time.Second, all: 3 * time.Second,
}

// A fault is something that is done to a node, or to all.
type fault struct {
	kind   kind
	node   int
	at     time.Duration // from the beginning
	length time.Duration

	from, to time.Time // when it was done
}

func (f *fault) String() string {
	if f.kind == all {
		return string(all)
	}
	return fmt.Sprintf("%s %d", f.kind, f.node)
}

// plan returns what is done in a run: each kind once in every two minutes, in an order by chance, to nodes by
// turns, with equal pauses before, between and after.
func plan(seed uint64, length time.Duration, kinds []kind) []*fault {
	random := rand.New(rand.NewPCG(seed, 1))
	const round = 2 * time.Minute
	rounds := max(1, int((length+round/2)/round))
	scale := min(1, float64(length)/float64(round))
	var faults []*fault
	var busy time.Duration
	for range rounds {
		order := slices.Clone(kinds)
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, k := range order {
			f := &fault{kind: k, length: time.Duration(scale * float64(lengths[k]))}
			busy += f.length
			faults = append(faults, f)
		}
	}
	turn := random.IntN(nodeCount)
	at, pause := time.Duration(0), (length-busy)/time.Duration(len(faults)+1)
	for _, f := range faults {
		at += pause
		f.at = at
		at += f.length
		if f.kind != all {
			f.node = turn % nodeCount
			turn++
		}
	}
	slices.SortFunc(faults, func(a, b *fault) int { return cmp.Compare(a.at, b.at) })
	return faults
}

// do does it, and undoes it after its length, or when ctx ends.
func (f *fault) do(ctx context.Context, net *network, nodes []*node) error {
	f.from = time.Now()
	defer func() { f.to = time.Now() }()
	n := nodes[f.node]
	wait := func() {
		select {
		case <-ctx.Done():
		case <-time.After(f.length):
		}
	}
	switch f.kind {
	case kill:
		n.end(syscall.SIGKILL)
		wait()
		return n.start()
	case term:
		n.end(syscall.SIGTERM)
		return n.start()
	case stop:
		if err := n.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		wait()
		return n.signal(syscall.SIGCONT)
	case cut:
		if err := net.cut(f.node, true); err != nil {
			return err
		}
		wait()
		return net.cut(f.node, false)
	default:
		var wg sync.WaitGroup
		for _, n := range nodes {
			wg.Go(func() { n.end(syscall.SIGKILL) })
		}
		wg.Wait()
		wait()
		var errs []error
		for _, n := range nodes {
			errs = append(errs, n.start())
		}
		return errors.Join(errs...)
	}
}
