//go:build unix

package cli

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// activate starts "everwire serve" as systemd does by socket activation: with the sockets as descriptors 3 and up, and
// variables that name the process they are for.
func activate(t *testing.T, names string, sockets []net.Listener, args ...string) (program *exec.Cmd, stdout io.Reader) {
	t.Helper()
	program = activated(t, names, sockets, args...)
	program.Stderr = t.Output()
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	return program, out
}

func activated(t *testing.T, names string, sockets []net.Listener, args ...string) *exec.Cmd {
	t.Helper()
	program := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "serve"}, args...)...)
	program.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0",
		"LISTEN_FDS="+strconv.Itoa(len(sockets)), "LISTEN_FDNAMES="+names)
	for _, ln := range sockets {
		file, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		program.ExtraFiles = append(program.ExtraFiles, file)
	}
	return program
}

// listenOn returns a socket that the test opens and a program takes over.
func listenOn(t *testing.T, network, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// end has a program stop in order.
func end(t *testing.T, program *exec.Cmd) {
	t.Helper()
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Errorf("exit status 0 expected: %v", err)
	}
}

func TestServeOnSocketsOfSystemd(t *testing.T) {
	clients, metrics := listenOn(t, "tcp", "127.0.0.1:0"), listenOn(t, "tcp", "127.0.0.1:0")
	// Its own addresses are not listened on: no machine has them.
	program, stdout := activate(t, "metrics:everwire.socket", []net.Listener{metrics, clients},
		"--addr", "192.0.2.1:1", "--metrics", "192.0.2.1:2")
	endpoint := findEndpoint(t, stdout)
	if want := "ws://" + clients.Addr().String() + "/chat"; endpoint != want {
		t.Errorf("it serves %s, want %s", endpoint, want)
	}
	c, err := websocket.Dial(t.Context(), endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	c.CloseRead(t.Context()) // answers the Close frame at the end
	answer, err := http.Get("http://" + metrics.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); !strings.Contains(string(text), `everwire_connections{endpoint="chat"} 1`) {
		t.Errorf("%s:\n%.500s", answer.Status, text)
	}
	end(t, program)
}

func TestServeOnAUnixSocketOfSystemd(t *testing.T) {
	dir, err := os.MkdirTemp("", "everwire") // a socket's name is short, and t.TempDir's may be long
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "s")
	program, stdout := activate(t, "", []net.Listener{listenOn(t, "unix", at)})
	line := make([]byte, 200)
	n, err := stdout.Read(line)
	if want := "Everwire serves on the Unix socket " + at + "\n"; !strings.HasPrefix(string(line[:n]), want) {
		t.Errorf("it says %q, %v, want %q", line[:n], err, want)
	}
	c, err := websocket.Dial(t.Context(), "ws+unix://"+at+":/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	if err := c.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(t.Context()); string(text) != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
	c.CloseRead(t.Context()) // answers the Close frame at the end
	end(t, program)
}

func TestServeOnMoreSocketsThanItHasUseFor(t *testing.T) {
	sockets := []net.Listener{listenOn(t, "tcp", "127.0.0.1:0"), listenOn(t, "tcp", "127.0.0.1:0")}
	program := activated(t, "a:b", sockets)
	said, err := program.CombinedOutput()
	want := "everwire: systemd passes two sockets for the same use; everwire serve takes one for clients, and one for " +
		"metrics whose unit has FileDescriptorName=metrics\n"
	if program.ProcessState.ExitCode() != exitFailed || string(said) != want {
		t.Errorf("%v; it says %q, want %q", err, said, want)
	}
}
