//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// aloneVar is set for a process that could not be given a network of its own.
const aloneVar = "EVERWIRE_CHAOS_ALONE"

// A network is where the nodes are. Each has two links: one on which its clients reach it, and one to a
// bridge that joins the nodes.
//
//	this process ── client0 ──▶ node 0 ── cluster0 ─┐
//	             ── client1 ──▶ node 1 ── cluster1 ─┼ bridge
//	             ── client2 ──▶ node 2 ── cluster2 ─┘
//
// Without namespaces they are all on the loopback interface, and no link can be cut.
type network struct {
	places []*place
	whyNot string // there are no namespaces; empty: there are
}

// A place is where a node runs: a thread that has been moved to a network namespace, from which processes are
// started that inherit it. It stays as long as this process does, since a process that is started dies with
// the thread.
type place struct {
	client, cluster string // addresses
	work            chan func()
}

func newNetwork() (*network, error) {
	n := &network{}
	switch {
	case os.Getenv(aloneVar) != "":
		n.whyNot = "the system allows no network namespaces"
	default:
		if _, err := exec.LookPath("ip"); err != nil {
			n.whyNot = "the program ip (of iproute2) is missing"
		}
	}
	if n.whyNot == "" {
		if err := n.link(); err != nil {
			n.whyNot = err.Error()
		}
	}
	if n.whyNot != "" {
		return n, n.loopback()
	}
	return n, nil
}

// link makes the namespaces and their links.
func (n *network) link() error {
	if err := ip("link set lo up", "link add bridge type bridge", "link set bridge up"); err != nil {
		return err
	}
	for i := range nodeCount {
		p := &place{client: fmt.Sprintf("10.213.%d.2:8080", i), cluster: fmt.Sprintf("10.214.0.%d:7900", i+1), work: make(chan func())}
		n.places = append(n.places, p)
		moved := make(chan error)
		go p.run(moved)
		if err := <-moved; err != nil {
			return fmt.Errorf("no network namespace: %w", err)
		}
		var err error
		p.do(func() {
			err = ip("link set lo up",
				fmt.Sprintf("link add client type veth peer name client%d netns %d", i, os.Getpid()),
				fmt.Sprintf("link add cluster type veth peer name cluster%d netns %d", i, os.Getpid()),
				fmt.Sprintf("addr add 10.213.%d.2/24 dev client", i),
				fmt.Sprintf("addr add 10.214.0.%d/24 dev cluster", i+1),
				"link set client up", "link set cluster up")
		})
		if err != nil {
			return err
		}
		err = ip(fmt.Sprintf("addr add 10.213.%d.1/24 dev client%d", i, i), fmt.Sprintf("link set client%d up", i),
			fmt.Sprintf("link set cluster%d master bridge", i), fmt.Sprintf("link set cluster%d up", i))
		if err != nil {
			return err
		}
	}
	return nil
}

// cut takes the link between a node and the others away, or gives it back. What is sent on it meanwhile is
// gone without a word.
func (n *network) cut(node int, cut bool) error {
	state := "up"
	if cut {
		state = "down"
	}
	return ip(fmt.Sprintf("link set cluster%d %s", node, state))
}

// ip runs the program of that name.
func ip(commands ...string) error {
	for _, c := range commands {
		out, err := exec.Command("ip", strings.Fields(c)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// loopback has the nodes be where this process is. Ports are asked for below those that the system gives to
// connections.
func (n *network) loopback() error {
	n.places = nil
	var taken []net.Listener
	defer func() {
		for _, l := range taken {
			l.Close()
		}
	}()
	free := func() (string, error) {
		for port := 21_000 + len(taken); port < 30_000; port++ {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				taken = append(taken, l)
				return l.Addr().String(), nil
			}
		}
		return "", errors.New("no port is free")
	}
	for range nodeCount {
		p := &place{work: make(chan func())}
		var err error
		if p.client, err = free(); err == nil {
			p.cluster, err = free()
		}
		if err != nil {
			return err
		}
		n.places = append(n.places, p)
		go p.serve()
	}
	return nil
}

// run moves a thread to a namespace of its own.
func (p *place) run(moved chan<- error) {
	runtime.LockOSThread() // for ever: it must not run others
	err := unix.Unshare(unix.CLONE_NEWNET)
	moved <- err
	if err == nil {
		p.serve()
	}
}

func (p *place) serve() {
	runtime.LockOSThread()
	for f := range p.work {
		f()
	}
}

// do calls a function in the place.
func (p *place) do(f func()) {
	done := make(chan struct{})
	p.work <- func() {
		defer close(done)
		f()
	}
	<-done
}
