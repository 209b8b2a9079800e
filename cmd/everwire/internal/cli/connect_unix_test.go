//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// program is "everwire connect" as a program of its own, not started yet.
func program(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"connect"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = t.Output()
	return cmd
}

// greeting returns the URL of a server that says hello, and what tells how each of its connections ended. With
// deaf it tells nil as soon as something comes, and does nothing about it until the test's end.
func greeting(t *testing.T, deaf bool) (string, <-chan error) {
	ends, over := make(chan error, 1), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Terminate()
		c.Write(context.Background(), websocket.Text, []byte("hello"))
		if deaf {
			_, err := c.Stream().Read(make([]byte, 1))
			ends <- err
			<-over
			return
		}
		for err == nil {
			if _, _, err = c.Read(context.Background()); err == nil {
				err = c.Write(context.Background(), websocket.Text, []byte("hello again"))
			}
		}
		ends <- err
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(over) })
	return "ws" + strings.TrimPrefix(srv.URL, "http"), ends
}

// begun starts a program and waits for the server's hello.
func begun(t *testing.T, cmd *exec.Cmd) (in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
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
	out = bufio.NewReader(stdout)
	if line, err := out.ReadString('\n'); line != "hello\n" {
		t.Fatalf("output %q, %v", line, err)
	}
	return in, out
}

func exitStatus(t *testing.T, cmd *exec.Cmd) syscall.WaitStatus {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus)
}

func TestSignalEndsConnectInOrder(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			url, ends := greeting(t, false)
			cmd := program(t, url)
			begun(t, cmd)
			cmd.Process.Signal(signal)
			if err := <-ends; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
				t.Errorf("the server was told %v, want 1001", err)
			}
			if got := exitStatus(t, cmd); got.ExitStatus() != 130 {
				t.Errorf("it ended with %v, want status 130", got)
			}
		})
	}
}

// The first signal waits for a server that does not answer; the second does not.
func TestSecondSignalEndsConnectAtOnce(t *testing.T) {
	url, ends := greeting(t, true)
	cmd := program(t, url)
	begun(t, cmd)
	cmd.Process.Signal(os.Interrupt)
	if err := <-ends; err != nil { // from here on it is closing
		t.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	if got := exitStatus(t, cmd); !got.Signaled() || got.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %#x, want the signal itself", got)
	}
}

// What head does: the connection is closed in order all the same.
func TestConnectWhoseOutputHasGone(t *testing.T) {
	url, ends := greeting(t, false)
	cmd := program(t, url)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if line, err := bufio.NewReader(r).ReadString('\n'); line != "hello\n" {
		t.Fatalf("output %q, %v", line, err)
	}
	r.Close()
	io.WriteString(in, "again\n")
	if err := <-ends; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the server was told %v, want 1001", err)
	}
	if got := exitStatus(t, cmd); got.ExitStatus() != 141 {
		t.Errorf("it ended with %v, want status 141", got)
	}
}
