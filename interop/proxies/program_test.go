//go:build unix

package proxies

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// A program is a proxy that runs.
type program struct {
	address string // on which it listens
	log     *output
}

// An output is what a program has said.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed when more is said, or the program has ended
	ended   bool
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	o.stir()
	return len(b), nil
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.stir()
}

// stir wakes who waits. Call it with mu held.
func (o *output) stir() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// now tells how far the program is.
func (o *output) now() (text string, ended bool, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.ended, o.changed
}

// wait waits until the program has said something.
func (o *output) wait(t *testing.T, what string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		text, ended, changed := o.now()
		if strings.Contains(text, what) {
			return
		}
		if ended {
			t.Fatalf("the program has ended and did not say %q, but\n%s", what, text)
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("the program does not say %q, but\n%s", what, text)
		}
	}
}

// start starts a program on a free port, with the arguments that command makes of it. It is ready when it has
// said ready, which may be "", and can be connected to: squid says so a little early. It ends with the test.
func start(t *testing.T, name, ready string, command func(port string) []string) *program {
	t.Helper()
	path := find(t, name)
	for range 5 {
		address := freeAddress(t)
		_, port, _ := net.SplitHostPort(address)
		p := &program{address: address, log: run(t, path, command(port))}
		if p.isReady(t, ready) {
			return p
		}
	}
	t.Fatalf("%s finds every port in use", name)
	return nil
}

// find finds a program, or skips the test.
func find(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if path, err = exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil { // not where every user looks
		return path
	}
	what := name + ` is not installed; "make tools" installs it`
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
	return ""
}

// freeAddress returns one that is free now. Somebody else may take it before a program does, which is seen.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// run runs a program and what it starts itself, all in a process group that is killed in the end.
func run(t *testing.T, path string, args []string) *output {
	t.Helper()
	log := &output{changed: make(chan struct{})}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
		log.end()
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			text, _, _ := log.now()
			t.Logf("%s said\n%s", filepath.Base(path), text)
		}
	})
	return log
}

// isReady waits until the program is ready, or cannot have its port.
func (p *program) isReady(t *testing.T, ready string) bool {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		text, ended, changed := p.log.now()
		// The second is tinyproxy's way to say it.
		for _, inUse := range []string{"already in use", "Could not create listening sockets"} {
			if strings.Contains(text, inUse) {
				return false
			}
		}
		if ended {
			t.Fatalf("the program has ended, and said\n%s", text)
		}
		again := (<-chan time.Time)(nil)
		if strings.Contains(text, ready) {
			if nc, err := net.Dial("tcp", p.address); err == nil {
				nc.Close()
				return true
			}
			again = time.After(5 * time.Millisecond)
		}
		select {
		case <-changed:
		case <-again:
		case <-late:
			t.Fatalf("the program is not ready, and said\n%s", text)
		}
	}
}

// configuration writes a file that a program may read also if it runs as another user.
func configuration(t *testing.T, name, format string, args ...any) (path string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	path = filepath.Join(dir, name)
	must(t, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o644))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// portOf is the port of an address.
func portOf(t *testing.T, address string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	return n
}
