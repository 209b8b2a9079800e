package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/everwire/everwire/websocket"
)

// A Config says what [Run] talks to, and how it looks. Open, In and Out must be set; each other field's zero
// value is useful.
type Config struct {
	// Name is what the user knows the peer by: the URL. It is shown, without its password; control characters
	// in it are made visible.
	Name string

	// Open starts one connection, as [websocket.New] does, and is called again to reconnect. It must call
	// setup, once, with the Socket before that delivers anything, and return an error only if no Socket was
	// made. It runs on a goroutine of its own, one call at a time; when ctx ends it must return. Ctx outlives
	// the context of Run, which gives the closing handshake its time: nothing else of the Socket may end with
	// either.
	Open func(ctx context.Context, setup func(*websocket.Socket)) error

	// In and Out are the terminal. Run puts it into raw mode, and back when it returns.
	In, Out *os.File

	// Color says that colours are used. Default: none, and nothing else of SGR either.
	Color bool

	// Timestamps says that each line begins with the time, in milliseconds.
	Timestamps bool

	// JSON says that received texts that are JSON objects or arrays are indented. The user turns it on and
	// off with /json. Messages of more than 1 MiB are not.
	JSON bool

	// Shown is how many octets of a message are shown at most; a dump of a binary one has an eighth of that.
	// Default 4096; negative: all, however much it is. More than 200 lines are shown only then.
	Shown int

	// History is the file that keeps what is entered, as [HistoryFile] names one, with mode 0600. At most
	// 1000 lines are kept, and none that begins with a space. Default: they are forgotten when Run returns.
	History string

	// Headers returns what /headers shows: the opening handshake, line by line. Default: what the Socket
	// knows of it.
	Headers func() string

	// Notes are lines to show while the user types, since nothing else must write to the terminal meanwhile:
	// what -v tells of frames, for one. Whoever sends must give up when Run has returned. Default: none.
	Notes <-chan string

	// Explain puts an error into words. Default: its Error method.
	Explain func(error) string

	// PingInterval is how often a Ping is sent to know the round-trip time. Default 5 s; negative: never.
	PingInterval time.Duration

	// Reconnect says that a lost connection is made again, whatever the server's close code was, and that an
	// attempt which failed is repeated if [websocket.Retryable] says that this can be of use.
	Reconnect bool

	// Backoff is how long to wait between attempts, as dialer.Retry does it. A connection that lasted ten
	// seconds begins with First again.
	Backoff websocket.Backoff
}

// Statuses of an [ExitError].
const (
	StatusRefused  = 3 // no connection was made: a refused handshake, a network or TLS error, options that cannot work
	StatusAbnormal = 4 // it ended without the closing handshake, or with a code other than 1000, 1001 and none
)

// An ExitError says why a session ended that neither the user nor the server ended in order.
type ExitError struct {
	Status int // StatusRefused or StatusAbnormal

	// Err is the reason: a [*websocket.HandshakeError]; a [*websocket.CloseError] if the server sent a Close
	// frame; what [websocket.Socket.OnError] told; io.ErrUnexpectedEOF if the stream just ended; or what
	// Config.Open returned.
	Err error
}

// Error gives the reason; control characters that a server may have put into it are visible.
func (e *ExitError) Error() string { return visible(e.Err.Error()) }

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

// ErrNoTerminal is what Run and Usable return, wrapped, where there is no terminal that can be used.
var ErrNoTerminal = errors.New("no terminal to type at")

// Usable returns nil if Run can use the two files, and else an error that is ErrNoTerminal and says why: one
// is no terminal, or TERM says that it is a dumb one.
func Usable(in, out *os.File) error {
	switch {
	case in == nil || !term.IsTerminal(int(in.Fd())):
		return fmt.Errorf("%w: standard input is none", ErrNoTerminal)
	case out == nil || !term.IsTerminal(int(out.Fd())):
		return fmt.Errorf("%w: standard output is none", ErrNoTerminal)
	case os.Getenv("TERM") == "dumb":
		return fmt.Errorf("%w: TERM is dumb", ErrNoTerminal)
	}
	return nil
}

// Run connects, and shows what is sent and received until the session ends. It returns nil when the user has
// left, or the server has closed with 1000, 1001 or no code; an [*ExitError] when no connection could be
// made, or it ended otherwise; an error that is [ErrNoTerminal], before it has done anything, where there is
// no terminal; or another error of the terminal. The end of ctx is as if the user left, and the server has 3
// s to answer then.
//
// When Run returns the terminal is as it was, and the connection is gone. One Run at a time can use a
// terminal.
func Run(ctx context.Context, c Config) (err error) {
	if err := Usable(c.In, c.Out); err != nil {
		return err
	}
	t, err := openTTY(c.In, c.Out)
	if err != nil {
		return err
	}
	defer func() { // after a panic, too
		err = errors.Join(err, t.close())
	}()
	return newSession(c.withDefaults(), t).run(ctx)
}

func (c Config) withDefaults() Config {
	if c.Shown == 0 {
		c.Shown = defaultShown
	}
	if c.Explain == nil {
		c.Explain = error.Error
	}
	if c.PingInterval == 0 {
		c.PingInterval = 5 * time.Second
	}
	return c
}
