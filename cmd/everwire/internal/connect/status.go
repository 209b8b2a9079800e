package connect

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/websocket"
)

// Exit statuses of everwire connect. Everything that ended as it should is 0; 2 is for a command line that makes no
// sense, which does not come as far as here.
const (
	// Failed is for what has nothing to do with the connection: standard input cannot be read or makes no
	// sense, standard output cannot be written, the command of --exec fails, an address cannot be listened on.
	Failed = 1

	// Refused is for a connection that could not be made.
	Refused = 3

	// Abnormal is for a connection that was made and then broke off, or ended by a code other than 1000, 1001 and
	// none (1005), or before all of the input was sent.
	Abnormal = 4

	// TimedOut is for --timeout, unless --expect was given.
	TimedOut = 5

	// Unmet is for a message that --expect waited for and that did not come, by the end of the connection or by
	// --timeout; and for a connection that ended in order, but before as many messages as --wait says.
	Unmet = 6

	// Interrupted is for SIGINT and SIGTERM, as a shell has it; but what is to run until then ends with 0.
	Interrupted = 130

	// OutputGone is for a reader of standard output that has gone, as head does; as a shell has it.
	OutputGone = 141
)

// An ExitError is an end other than 0. If Err is nil there is nothing to say about it.
type ExitError struct {
	Status int
	Err    error
}

// Error tells what happened, and what to try.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

func exit(status int, text string) error { return &ExitError{status, errors.New(text)} }

// errTimeout is the cause of a context that --timeout ended.
var errTimeout = errors.New("timed out")

// stopped is the error of what ctx ended.
func (s *session) stopped(ctx context.Context) error {
	if context.Cause(ctx) != errTimeout {
		return &ExitError{Status: Interrupted}
	}
	if s.goal.expect != nil {
		return exit(Unmet, s.goal.missing()+" by --timeout")
	}
	text := "--timeout passed"
	if missing := s.goal.missing(); missing != "" {
		text += ": " + missing
	}
	return exit(TimedOut, text)
}

// conclude makes the end of a connection that of the command. Cause is nil where all was as it should be, or an
// ExitError, or what ended the connection.
func (s *session) conclude(cause error) error {
	var done *ExitError
	var handshake *websocket.HandshakeError
	var closed *websocket.CloseError
	switch {
	case cause == nil, errors.As(cause, &done):
		return cause
	case errors.As(cause, &handshake):
		return exit(Refused, dialer.Explain(cause))
	case errors.As(cause, &closed) && inOrder(closed.Code):
		if missing := s.goal.missing(); missing != "" {
			return exit(Unmet, missing+" before the connection was closed: "+closed.Code.String())
		}
		if s.unsent() {
			return exit(Abnormal, "the peer closed the connection before all of the input was sent: "+closed.Code.String())
		}
		return nil
	}
	return exit(Abnormal, dialer.Explain(cause))
}

// inOrder reports whether a peer's code says that nothing is wrong.
func inOrder(code websocket.CloseCode) bool {
	switch code {
	case websocket.CloseNormal, websocket.CloseGoingAway, websocket.CloseNoStatus:
		return true
	}
	return false
}

// outputFailed is the end by a standard output, or the like, that cannot be written.
func outputFailed(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return &ExitError{Status: OutputGone}
	}
	return exit(Failed, "cannot write the output: "+err.Error())
}

// withTimeout is ctx until --timeout.
func withTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, errTimeout)
}
