package interop

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// A program is a process that speaks the driver protocol of doc.go.
type program struct {
	name string

	writing sync.Mutex // apart from mu: while the program is told, what it tells must be received
	stdin   io.WriteCloser

	mu        sync.Mutex
	scenarios map[int]*peer
	last      int  // the number of the last scenario
	over      bool // the program has ended
}

// A peer is a program's end of a connection, or what it does to get there.
type peer struct {
	*mailbox
	program *program
	id      int
	open    event // the open event, once connect has seen it
}

// args are what a command says besides "id" and "do". Octets are given as []byte.
type args map[string]any

// start starts a program, which ends with the test. What it writes to its standard error is seen.
func start(t *testing.T, name string, command ...string) *program {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{name: name, stdin: stdin, scenarios: map[int]*peer{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.receive(stdout)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-read
		cmd.Wait()
	})
	return p
}

// receive hands out the events until the program ends.
func (p *program) receive(stdout io.Reader) {
	in := json.NewDecoder(bufio.NewReader(stdout))
	for {
		var e event
		if err := in.Decode(&e); err != nil {
			p.end(event{Event: "failed", Error: p.name + " ended: " + err.Error()})
			return
		}
		p.mu.Lock()
		to := p.scenarios[e.ID]
		p.mu.Unlock()
		if to != nil { // else the scenario is over
			e.ID = 0
			to.put(e)
		}
	}
}

// end tells the scenarios that there is no program any more.
func (p *program) end(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for _, to := range p.scenarios {
		to.put(e)
	}
}

// begin begins a scenario, which ends with the test, by a command.
func (p *program) begin(t *testing.T, command string, details args) *peer {
	t.Helper()
	p.mu.Lock()
	p.last++
	to := &peer{mailbox: newMailbox(p.name), program: p, id: p.last}
	p.scenarios[to.id] = to
	p.mu.Unlock()
	to.do(t, command, details)
	t.Cleanup(func() {
		p.mu.Lock()
		delete(p.scenarios, to.id)
		over := p.over
		p.mu.Unlock()
		if !over {
			to.do(t, "end", nil)
		}
	})
	return to
}

// do gives a command.
func (to *peer) do(t *testing.T, command string, details args) {
	t.Helper()
	line := args{"id": to.id, "do": command}
	maps.Copy(line, details)
	p := to.program
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := json.NewEncoder(p.stdin).Encode(line); err != nil {
		t.Fatalf("%s cannot be told to %s: %v", p.name, command, err)
	}
}
