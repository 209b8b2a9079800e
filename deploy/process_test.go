package deploy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for one event. To reach it is a failure, so it may be long.
const patience = 30 * time.Second

// A process is a program that runs, with all its children.
type process struct {
	cmd    *exec.Cmd
	said   *transcript
	exited chan struct{}
}

var (
	errInUse  = errors.New("a port is in use")
	errExited = errors.New("the program ended")
)

// run starts a program and waits until it says that it serves. It ends with the test.
func run(t *testing.T, env []string, serves string, command ...string) (*process, error) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	p := &process{cmd: cmd, said: newTranscript(), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.said, p.said
	cmd.WaitDelay = patience
	cmd.SysProcAttr = dieWithTest()
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the program is told to end when the thread does that started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", command[0], p.said)
		}
	})
	return p, p.wait(serves)
}

// stop tells the program to end, and waits until it has, with its children.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.exited
	}
}

// wait waits until the program says something.
func (p *process) wait(what string) error { return p.waitAgain(what, 1) }

// waitAgain waits until the program has said something so many times.
func (p *process) waitAgain(what string, times int) error {
	late := time.After(patience)
	for {
		said, more := p.said.has(what, times)
		if said {
			return nil
		}
		select {
		case <-more:
		case <-p.exited:
			for _, said := range []string{"in use", "uses this port"} { // the second is everwire's way to say it
				if inUse, _ := p.said.has(said, 1); inUse {
					return errInUse
				}
			}
			return fmt.Errorf("%w:\n%s", errExited, p.said)
		case <-late:
			return fmt.Errorf("the program does not say %q:\n%s", what, p.said)
		}
	}
}

// A transcript is what a program said.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed when there is more
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (s *transcript) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
	return s.text.Write(b)
}

// has reports whether the program has said something so many times, and returns a channel that is closed when it
// says more.
func (s *transcript) has(what string, times int) (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), what) >= times, s.more
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// freePorts returns addresses that nobody listens on at the moment. Somebody may before the program does: it
// says so then, and is started again with others.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var addresses []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close() // only now, so that none comes twice
		addresses = append(addresses, ln.Addr().String())
	}
	return addresses
}
