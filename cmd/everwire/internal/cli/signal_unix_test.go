//go:build unix

package cli

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// start runs "everwire serve" as a program of its own.
func start(t *testing.T) (program *exec.Cmd, endpoint string) {
	t.Helper()
	program = exec.CommandContext(t.Context(), os.Args[0], "serve", "--addr", "127.0.0.1:0", "--shutdown-timeout", "1h")
	program.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	program.Stderr = t.Output()
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	return program, findEndpoint(t, stdout)
}

func TestSignalEndsServeInOrder(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			program, endpoint := start(t)
			c, err := websocket.Dial(t.Context(), endpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Terminate()
			if err := program.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
				t.Errorf("the connection ended with %v, want code 1001", err)
			}
			if err := program.Wait(); err != nil {
				t.Errorf("exit status 0 expected: %v", err)
			}
		})
	}
}

// The first signal waits for a client that does not answer; the second does not.
func TestSecondSignalEndsServeAtOnce(t *testing.T) {
	program, endpoint := start(t)
	client := unanswering(t, endpoint)
	if err := program.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if opcode, err := client.ReadByte(); err != nil || opcode != 0x88 { // from here on it is shutting down
		t.Fatalf("read %#x, %v, want a Close frame", opcode, err)
	}
	if err := program.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := program.Wait(); !errors.As(err, &exit) {
		t.Fatalf("it ended with %v, want a signal", err)
	}
	if status := exit.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v, want the signal itself", exit)
	}
}

// unanswering connects a client that sends nothing after its opening handshake.
func unanswering(t *testing.T, endpoint string) *bufio.Reader {
	t.Helper()
	request, err := http.NewRequest("GET", "http"+endpoint[len("ws"):], nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"MDEyMzQ1Njc4OWFiY2RlZg=="},
	}
	nc, err := net.Dial("tcp", request.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := request.Write(nc); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(nc)
	response, err := http.ReadResponse(in, request)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("response %v, error %v", response, err)
	}
	return in
}
