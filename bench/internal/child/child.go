// Package child starts the running program once more, as a process of its own in another role.
package child

import (
	"bufio"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
)

// A Process is the program in its other role, as the process that started it sees it.
type Process struct {
	cmd *exec.Cmd
	in  io.Closer
}

// Start starts the program with arguments, which must say that it is to write a line to its standard output
// once it is ready, and to end when its standard input does. It returns that line, without its end. If it
// cannot, it ends this process.
func Start(args ...string) (p *Process, line string) {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		log.Fatalf("%v did not start", args)
	}
	return &Process{cmd, in}, strings.TrimSuffix(line, "\n")
}

// ID is the process's number.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Stop closes the process's standard input and waits until it has ended.
func (p *Process) Stop() {
	p.in.Close()
	p.cmd.Wait()
}
