package connect

import (
	"crypto/tls"
	"errors"
	"io"
	"regexp"
	"time"

	"github.com/everwire/everwire/websocket"
)

// DefaultCloseTimeout is how long a peer may take to answer a Close frame: what was sent before may still be on its
// way over a slow line.
const DefaultCloseTimeout = 30 * time.Second

// Config is what everwire connect is to do. Either URL and Dial are set, or Listen and Accept.
type Config struct {
	URL       string                 // to connect to
	Dial      *websocket.DialOptions // how
	Reconnect bool                   // connect again when the connection is lost
	Backoff   websocket.Backoff      // how long to wait before that, as dialer.Retry does

	Listen string                   // host:port, or unix:path, to wait for connections at
	Accept *websocket.AcceptOptions // how
	TLS    *tls.Config              // of the server; nil for none
	Keep   bool                     // any number of connections instead of the first

	// What a connection is joined with, standard input and output if nothing is set.
	Exec      string // a command
	TCP       string // host:port of a TCP server
	TCPListen string // host:port to listen on: a connection for each that comes there

	Format   Format
	BinaryAs BinaryAs
	Messages []string // sent instead of the input, if not nil

	CloseAfterInput bool           // close once all of the input was sent
	Wait            Wait           // and these answers have come
	Expect          *regexp.Regexp // end at the first message that matches
	Timeout         time.Duration  // and at the latest after that; 0 for no limit
	CloseTimeout    time.Duration  // how long closing may stand still; 0 for DefaultCloseTimeout

	Verbose int // as for Printer; 0 shows nothing

	In       io.Reader
	Out      io.Writer
	Err      io.Writer // for what is shown, and for the command's own errors
	Terminal bool      // In is a terminal, which has no end

	quickClose time.Duration // for tests; 0 for defaultQuickClose
}

// Check returns an error for what contradicts itself, in the words of the flags.
func (c *Config) Check() error {
	joins := 0
	for _, with := range []string{c.Exec, c.TCP, c.TCPListen} {
		if with != "" {
			joins++
		}
	}
	switch {
	case c.URL == "" && c.Listen == "":
		return errors.New("give a URL to connect to, such as ws://localhost:8080/echo, or --listen to wait for a connection")
	case c.URL != "" && c.Listen != "":
		return errors.New("a URL connects and --listen waits for connections; give one of them")
	case joins > 1:
		return errors.New("--exec, --tcp and --tcp-listen are what a connection is joined with; give one of them")
	case c.TCPListen != "" && c.Listen != "":
		return errors.New("--tcp-listen needs a URL to connect to; the server end of it is --listen with --tcp")
	case c.Keep && c.Listen == "":
		return errors.New("--keep is for --listen; to connect again when a connection is lost, give --reconnect")
	case c.Reconnect && c.Listen != "":
		return errors.New("--reconnect is for connections that are made; give --keep with --listen")
	case c.Reconnect && (c.TCPListen != "" || c.TCP != ""):
		return errors.New("--reconnect cannot go on where a stream of TCP broke off; leave it out")
	case joins > 0 && c.Messages != nil:
		return errors.New("--message is sent instead of standard input, which --exec, --tcp and --tcp-listen replace too")
	case joins > 0 && (c.Wait.given() || c.Expect != nil):
		return errors.New("--wait and --expect are for standard input and output, not for --exec, --tcp and --tcp-listen")
	case (c.TCP != "" || c.TCPListen != "") && c.Format != Lines:
		return errors.New("TCP's octets are carried as they come; leave -0, --binary, --raw and --whole out")
	case c.Exec != "" && (c.Format == Whole || c.Format == WholeBinary):
		return errors.New("--whole is for standard input, not for --exec")
	case c.Messages != nil && c.Format == Raw:
		return errors.New("--message is text; leave --raw out")
	case c.Messages != nil && (c.Format == Whole || c.Format == WholeBinary):
		return errors.New("--message is sent instead of standard input; leave --whole out")
	}
	return nil
}
