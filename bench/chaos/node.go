//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A node is a server, which may be running or not.
type node struct {
	number int
	place  *place
	args   []string
	path   string
	log    *os.File

	mu       sync.Mutex
	cmd      *exec.Cmd
	ended    chan struct{}  // closed when the process has
	told     syscall.Signal // to end; 0: it was not
	surprise string         // how it ended by itself, or not in order
}

// newNodes prepares the nodes; none is started.
func newNodes(n *network, dir string, keep int) ([]*node, error) {
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("only the nodes of this run know"), 0o600); err != nil {
		return nil, err
	}
	var peers []string
	for _, p := range n.places {
		peers = append(peers, p.cluster)
	}
	var nodes []*node
	for i, p := range n.places {
		out, err := os.Create(filepath.Join(dir, fmt.Sprintf("node%d.log", i)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, &node{number: i, place: p, path: filepath.Join(dir, serverName), log: out, args: []string{
			"serve", "--addr", p.client, "--log-level", "warn", "--chat-history", fmt.Sprint(keep), "--shutdown-timeout", "5s", "--drain-window", "1s",
			"--cluster", "--cluster-addr", p.cluster, "--peers", strings.Join(peers, ","), "--cluster-secret-file", secret,
			"--cluster-store", filepath.Join(dir, fmt.Sprintf("store%d", i)), "--durability", *durability,
		}})
	}
	return nodes, nil
}

// url is where its chat is.
func (n *node) url() string { return "ws://" + n.place.client + "/chat" }

// start starts the process.
func (n *node) start() error {
	cmd := exec.Command(n.path, n.args...)
	cmd.Stdout, cmd.Stderr = n.log, n.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var err error
	n.place.do(func() { err = cmd.Start() })
	if err != nil {
		return fmt.Errorf("node %d: %w", n.number, err)
	}
	ended := make(chan struct{})
	n.mu.Lock()
	n.cmd, n.ended, n.told = cmd, ended, 0
	n.mu.Unlock()
	go func() {
		err := cmd.Wait()
		n.mu.Lock()
		defer n.mu.Unlock()
		switch {
		case n.told == 0:
			n.surprise = fmt.Sprintf("node %d ended by itself: %v", n.number, err)
		case n.told == syscall.SIGTERM && err != nil:
			n.surprise = fmt.Sprintf("node %d, told to end, did not do so in order: %v", n.number, err)
		}
		close(ended)
	}()
	return nil
}

// end sends a signal that ends the process, and waits until it has. One that takes too long is killed.
func (n *node) end(s syscall.Signal) {
	n.mu.Lock()
	cmd, ended := n.cmd, n.ended
	n.told = s
	n.mu.Unlock()
	if cmd == nil {
		return
	}
	cmd.Process.Signal(s)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		<-ended
	}
}

// signal sends one that does not end the process.
func (n *node) signal(s syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cmd.Process.Signal(s)
}

// ready waits until the node says that it is.
func (n *node) ready(ctx context.Context) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	why := "no answer"
	for {
		resp, err := client.Get("http://" + n.place.client + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			why = resp.Status
		}
		n.mu.Lock()
		surprise := n.surprise
		n.mu.Unlock()
		if surprise != "" {
			return fmt.Errorf("%s; its log ends with: %s", surprise, n.lastLine())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("node %d is not ready (%s); its log ends with: %s", n.number, why, n.lastLine())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (n *node) lastLine() string {
	text, _ := os.ReadFile(n.log.Name())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
