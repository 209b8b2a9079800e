package servers

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strconv"
)

// Ready is what a server program says once it listens: one line of JSON on its standard output.
type Ready struct {
	Addr    string // host and port
	Version string // of the library; empty for Everwire's
}

// The words that a server program obeys, each a line on its standard input. It answers each with a line.
const (
	Free    = "free"    // give memory that is not needed back to the system; the answer is the same word
	Members = "members" // tell how many are connected to /broadcast
)

// Run is the server program with its arguments: -library NAME -listen ADDR [-cert FILE -key FILE] [-deflate]
// [-takeover] [-stream]. It serves until in ends.
func Run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	name := flags.String("library", "", "whose server this is")
	addr := flags.String("listen", "127.0.0.1:0", "where to listen")
	cert := flags.String("cert", "", "serve wss with this certificate (PEM)")
	key := flags.String("key", "", "and its key (PEM)")
	var s Settings
	flags.BoolVar(&s.Deflate, "deflate", false, "agree to permessage-deflate")
	flags.BoolVar(&s.Takeover, "takeover", false, "with context takeover")
	flags.BoolVar(&s.Stream, "stream", false, "pass messages on as they arrive")
	if err := flags.Parse(args); err != nil {
		return err
	}
	library, ok := Find(*name)
	if !ok || library.serve == nil {
		return fmt.Errorf("there is no server of %q in this program", *name)
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	ready := Ready{Addr: ln.Addr().String(), Version: library.version()}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return err
		}
		ln = &secureListener{ln, pair}
	}
	failed := make(chan error, 1)
	go func() { failed <- library.serve(ln, s) }()
	if err := json.NewEncoder(out).Encode(ready); err != nil {
		return err
	}
	obeyed := make(chan error, 1)
	go func() { obeyed <- obey(in, out) }()
	select {
	case err := <-failed:
		return fmt.Errorf("%s serves no more: %w", library.Title, err)
	case err := <-obeyed:
		return err
	}
}

// obey does what in says, until it ends.
func obey(in io.Reader, out io.Writer) error {
	words := bufio.NewScanner(in)
	for words.Scan() {
		answer := words.Text()
		switch answer {
		case Free:
			for range 3 { // pools let go of what they hold at the second collection
				debug.FreeOSMemory()
			}
		case Members:
			answer = strconv.FormatInt(members.Load(), 10)
		default:
			return fmt.Errorf("a server program is not told to %q", answer)
		}
		if _, err := fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}
	return words.Err()
}
