//go:build unix

package cli

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A sitter is somebody at a terminal that has the program.
type sitter struct {
	cmd      *exec.Cmd
	terminal *os.File
	shown    chan string
	rest     string
}

// sit starts the program at a terminal of its own.
func sit(t *testing.T, args ...string) *sitter {
	t.Helper()
	s := &sitter{cmd: program(t, args...), shown: make(chan string, 1000)}
	s.cmd.Stderr = nil // the terminal
	s.cmd.Env = append(s.cmd.Env, "TERM=xterm", "NO_COLOR=1", "XDG_STATE_HOME="+t.TempDir())
	var err error
	if s.terminal, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 40, Cols: 200}); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(s.shown)
		for {
			b := make([]byte, 4096)
			n, err := s.terminal.Read(b)
			if n > 0 {
				s.shown <- string(b[:n])
			}
			if err != nil { // EIO, once the program has gone
				return
			}
		}
	}()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		for range s.shown {
		}
		<-read
		s.terminal.Close()
	})
	return s
}

// see waits until the terminal was written what a pattern says, and goes on behind it.
func (s *sitter) see(t *testing.T, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	patience := time.After(time.Minute)
	for {
		if at := re.FindStringIndex(s.rest); at != nil {
			s.rest = s.rest[at[1]:]
			return
		}
		select {
		case more, ok := <-s.shown:
			if !ok {
				t.Fatalf("the terminal does not show %s; the rest is %q", pattern, s.rest)
			}
			s.rest += more
		case <-patience:
			t.Fatalf("the terminal has not shown %s for a minute; the rest is %q", pattern, s.rest)
		}
	}
}

func (s *sitter) enter(line string) { io.WriteString(s.terminal, line+"\r") }

func TestConnectAtATerminal(t *testing.T) {
	s := sit(t, echo(t), "-vv", "--no-json", "-H", "Cookie: secret")
	s.see(t, `> GET / HTTP/1\.1`)
	s.see(t, `> Cookie: …`)
	s.see(t, `< HTTP/1\.1 101 Switching Protocols`)
	s.see(t, `connected to ws`) // a line that is typed before stays
	s.enter("hello")
	s.see(t, `→ text 5 fin mask=[0-9a-f]{8} "hello"`)
	s.see(t, `< hello`)
	s.enter("/headers")
	s.see(t, `GET / HTTP/1\.1`)
	s.see(t, `101 Switching Protocols`)
	s.enter("/close 1000 bye")
	s.see(t, `1000`)
	if got := exitStatus(t, s.cmd); got.ExitStatus() != 0 {
		t.Errorf("it ended with status %d", got.ExitStatus())
	}
}

func TestConnectAtATerminalIsRefused(t *testing.T) {
	s := sit(t, "ws://127.0.0.1:1")
	s.see(t, `127\.0\.0\.1:1 refused the connection: nothing listens there; is the server running, and on this port\?`)
	if got := exitStatus(t, s.cmd); got.ExitStatus() != 3 {
		t.Errorf("it ended with status %d, want 3", got.ExitStatus())
	}
}

// A flag for scripts makes it a filter, also at a terminal.
func TestConnectAtATerminalWithAFlagForScripts(t *testing.T) {
	for name, args := range map[string][]string{
		"a message":          {"-m", "hello", "-n"},
		"waiting for answer": {"-m", "hello", "--wait", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sit(t, append(args, echo(t))...)
			var all strings.Builder
			for text := range s.shown {
				all.WriteString(text)
			}
			if all.String() != "hello\r\n" {
				t.Errorf("the terminal was written %q", all.String())
			}
			if got := exitStatus(t, s.cmd); got.ExitStatus() != 0 {
				t.Errorf("it ended with status %d", got.ExitStatus())
			}
		})
	}
}
