// Package child starts processes that take part in a measurement: most often the running program once more, in
// another role.
//
// Such a process writes a line to its standard output once it is ready, and ends when its standard input does.
package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a process may take to end after its standard input has.
const patience = 5 * time.Second

// A Program is what is to be started.
type Program struct {
	Path  string // empty: the program that is running
	Args  []string
	Env   []string // besides this process's
	Cores []int    // where it may run; empty: wherever this process may
}

// A Process is a program that was started, as the process that started it sees it.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts the program that is running with arguments, and returns the line that it writes, without its end. If
// it cannot, it ends this process.
func Start(args ...string) (p *Process, line string) {
	p, line, err := Program{Args: args}.Start(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	return p, line
}

// Start starts the program, and returns the line that it writes, without its end. The process is killed when ctx ends.
func (p Program) Start(ctx context.Context) (*Process, string, error) {
	if p.Path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, "", err
		}
		p.Path = self
	}
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = patience
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := startOn(p.Cores, cmd); err != nil {
		return nil, "", err
	}
	process := &Process{cmd, in, bufio.NewReader(out)}
	line, err := process.line()
	if err != nil {
		process.Stop()
		return nil, "", fmt.Errorf("%s did not start: %w", strings.Join(cmd.Args, " "), err)
	}
	return process, line, nil
}

// ID is the process's number.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Tell writes a line to the process's standard input, and returns the line that it answers.
func (p *Process) Tell(line string) (string, error) {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return "", err
	}
	return p.line()
}

func (p *Process) line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimSuffix(line, "\n"), err
}

// Stop closes the process's standard input and waits until it has ended. One that takes too long is killed.
func (p *Process) Stop() {
	p.in.Close()
	kill := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	p.cmd.Wait()
}
