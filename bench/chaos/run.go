//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
	"github.com/everwire/everwire/bench/internal/proc"
	"github.com/everwire/everwire/websocket"
)

// A run is all of it.
type run struct {
	dir        string // of what is built, kept and logged
	records    string // of what members and publishers write down
	net        *network
	nodes      []*node
	faults     []*fault
	members    []*member
	publishers []*publisher
	began      time.Time

	refused    atomic.Int64 // connections
	unanswered atomic.Int64 // attempts to publish
	failed     atomic.Int64 // the same, with an error for an answer

	mu     sync.Mutex
	acks   []ack
	latest map[string]uint64 // the highest offset that was acknowledged, by room
	notes  map[string]int    // errors that publishers were told
}

// An ack is when a message was first sent, and acknowledged.
type ack struct{ sent, acked time.Time }

// spare descriptors are those that are no member's.
const spare = 300

func newRun(dir string) (*run, error) {
	r := &run{dir: dir, records: filepath.Join(dir, "record"), latest: make(map[string]uint64), notes: make(map[string]int)}
	// Two for each member: a socket and a file.
	if _, err := proc.Descriptors(uint64(2**members + spare)); err != nil {
		return nil, err
	}
	if err := os.Mkdir(r.records, 0o755); err != nil {
		return nil, err
	}
	var err error
	if r.net, err = newNetwork(); err != nil {
		return nil, err
	}
	kinds := []kind{kill, stop, term, all}
	if r.net.whyNot == "" {
		kinds = append(kinds, cut)
	}
	if !*calm {
		r.faults = plan(*seed, *length, kinds)
	}
	// A member must find what was published while it was away, however long.
	keep := 1000 + int(2**rate*length.Seconds()/float64(*roomCount))
	if r.nodes, err = newNodes(r.net, dir, keep); err != nil {
		return nil, err
	}
	return r, r.people()
}

// people makes the members, of which the first of each room are publishers, one at each node.
func (r *run) people() error {
	publishers := nodeCount * *roomCount
	for i := range *members {
		room := fmt.Sprintf("chaos.%02d", i%*roomCount)
		m := &member{
			run: r, name: fmt.Sprintf("m%04d", i), room: room, home: i / *roomCount % nodeCount, random: rand.New(rand.NewPCG(*seed, uint64(i)+100)),
			first: make(chan struct{}), changed: make(chan struct{}),
		}
		// Half of the members notice a node that says nothing, the others wait for it.
		m.opts = &websocket.DialOptions{Subprotocols: []string{subprotocol}, Compression: websocket.Compression{Disabled: true}}
		if i%2 == 0 {
			m.opts.Heartbeat = websocket.Heartbeat{Interval: 5 * time.Second, Timeout: 4 * time.Second}
		}
		var err error
		if m.log, err = record.NewMember(r.records, m.name, room); err != nil {
			return err
		}
		r.members = append(r.members, m)
		if i >= publishers {
			continue
		}
		m.answers = make(chan reply, 16)
		p := &publisher{member: m, every: time.Duration(float64(publishers) / *rate * float64(time.Second))}
		if p.log, err = record.NewPublisher(r.records, m.name, room); err != nil {
			return err
		}
		r.publishers = append(r.publishers, p)
	}
	return nil
}

// do starts the nodes, has everybody join, publishes while faults are done, and waits until everybody has
// everything.
func (r *run) do(ctx context.Context) error {
	fmt.Printf("seed:                 %d\n", *seed)
	if r.net.whyNot != "" {
		fmt.Printf("nobody is cut off:    %s\n", r.net.whyNot)
	}
	began := time.Now()
	for _, n := range r.nodes {
		if err := n.start(); err != nil {
			return err
		}
	}
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, n := range r.nodes {
		if err := n.ready(starting); err != nil {
			return err
		}
	}
	fmt.Printf("nodes:                %d, ready after %v\n", nodeCount, time.Since(began).Round(10*time.Millisecond))

	living, die := context.WithCancel(ctx)
	var alive sync.WaitGroup
	defer alive.Wait()
	defer die()
	if err := r.gather(living, &alive); err != nil {
		return err
	}

	r.began = time.Now()
	publishing, giveUp := context.WithTimeout(living, *length+*settle)
	defer giveUp()
	timeUp := make(chan struct{})
	time.AfterFunc(*length, func() { close(timeUp) })
	var talking sync.WaitGroup
	for _, p := range r.publishers {
		talking.Go(func() { p.talk(publishing, timeUp) })
	}
	if err := r.disturb(living); err != nil {
		return err
	}
	select {
	case <-timeUp:
	case <-ctx.Done():
		return errors.New("interrupted")
	}
	talking.Wait()
	r.catchUp(publishing)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return nil
}

// gather has everybody join.
func (r *run) gather(ctx context.Context, alive *sync.WaitGroup) error {
	began := time.Now()
	joining, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	slots := make(chan struct{}, 50)
	for _, m := range r.members {
		select {
		case slots <- struct{}{}:
		case <-joining.Done():
		}
		alive.Go(func() { m.live(ctx) })
		go func() {
			select {
			case <-m.first:
			case <-joining.Done():
			}
			<-slots
		}()
	}
	for i, m := range r.members {
		select {
		case <-m.first:
		case <-joining.Done():
			return fmt.Errorf("%d of %d members had joined after %v", i, len(r.members), time.Since(began).Round(time.Second))
		}
	}
	fmt.Printf("members:              %d in %d rooms, after %v\n", len(r.members), *roomCount, time.Since(began).Round(10*time.Millisecond))
	return nil
}

// disturb does the faults, each when its time has come.
func (r *run) disturb(ctx context.Context) error {
	for _, f := range r.faults {
		select {
		case <-time.After(time.Until(r.began.Add(f.at))):
		case <-ctx.Done():
			return errors.New("interrupted")
		}
		if err := f.do(ctx, r.net, r.nodes); err != nil {
			return err
		}
	}
	return nil
}

// acked notes an acknowledgement.
func (r *run) acked(room string, sent, acked time.Time, offset uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acks = append(r.acks, ack{sent, acked})
	r.latest[room] = max(r.latest[room], offset)
}

// note counts an error that a publisher was told.
func (r *run) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes[text]++
}

// catchUp waits until all members are where the last acknowledged message of their room is.
func (r *run) catchUp(ctx context.Context) {
	began := time.Now()
	for ctx.Err() == nil {
		behind := 0
		for _, m := range r.members {
			if m.last.Load() < r.latest[m.room] {
				behind++
			}
		}
		if behind == 0 {
			fmt.Printf("caught up:            all members, %v after the last acknowledgement\n", time.Since(began).Round(10*time.Millisecond))
			return
		}
		select {
		case <-ctx.Done():
			fmt.Printf("caught up:            all members but %d, in %v\n", behind, *settle)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// surprises returns an error if a node ended that was not told to, or not in order.
func (r *run) surprises() error {
	for _, n := range r.nodes {
		n.mu.Lock()
		surprise := n.surprise
		n.mu.Unlock()
		if surprise != "" {
			return fmt.Errorf("%s; its log ends with: %s", surprise, n.lastLine())
		}
	}
	return nil
}

// close ends the nodes.
func (r *run) close() {
	for _, n := range r.nodes {
		n.end(syscall.SIGKILL)
	}
}

// check has the checker judge what was written down.
func (r *run) check(ctx context.Context) error {
	var faults []record.Fault
	for _, f := range r.faults {
		faults = append(faults, record.Fault{Kind: f.String(), From: f.from.UnixNano(), To: f.to.UnixNano()})
	}
	errs := []error{record.WriteFaults(r.records, faults)}
	for _, m := range r.members {
		errs = append(errs, m.log.Close())
	}
	for _, p := range r.publishers {
		errs = append(errs, p.log.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(r.dir, checkerName), r.records)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitStatus(exit.ExitCode())
	}
	return err
}
