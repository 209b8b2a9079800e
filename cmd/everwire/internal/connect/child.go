package connect

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/everwire/everwire/websocket"
)

// How long a command may take to end after its input has, and then after SIGTERM.
const (
	childEnds       = 5 * time.Second
	childTerminates = 2 * time.Second
)

// startChild starts the command of --exec. Its environment tells it about the connection.
func (c *Config) startChild(conn *websocket.Conn) (*local, error) {
	cmd := shell(c.Exec)
	cmd.Env = append(os.Environ(), "EVERWIRE_URL="+conn.URL(), "EVERWIRE_SUBPROTOCOL="+conn.Subprotocol())
	if remote := conn.RemoteAddr(); remote != nil {
		cmd.Env = append(cmd.Env, "EVERWIRE_REMOTE_ADDR="+remote.String())
	}
	cmd.Stderr = c.Err
	cmd.WaitDelay = childTerminates // for what else has the standard error open
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the command of --exec: %w", err)
	}
	return &local{
		source: newSource(stdout, c.Format), out: lenient{newSink(stdin, c.Format, c.BinaryAs)}, closeAfterInput: true,
		end: func(bool) error {
			stdin.Close()
			stdout.Close() // nobody takes what it may still say
			return endChild(cmd)
		},
	}, nil
}

func shell(command string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		return exec.Command("cmd", "/C", command)
	}
	return exec.Command("/bin/sh", "-c", command)
}

// lenient is the sink of a command, which need not read what it is told.
type lenient struct{ sink }

func (s lenient) put(m websocket.Message) error {
	err := s.sink.put(m)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// endChild waits for the command, and ends it if it does not end by itself.
func endChild(cmd *exec.Cmd) error {
	terminate := time.AfterFunc(childEnds, func() { cmd.Process.Signal(syscall.SIGTERM) })
	kill := time.AfterFunc(childEnds+childTerminates, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	terminate.Stop()
	kill.Stop()
	var status *exec.ExitError
	if errors.As(err, &status) {
		ws, ok := status.Sys().(syscall.WaitStatus)
		if ok && ws.Signaled() && ws.Signal() == syscall.SIGPIPE || status.ExitCode() == OutputGone {
			return nil // the connection ended while it was speaking; the second is how the shell says that
		}
		return fmt.Errorf("the command of --exec ended with %s", status)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
