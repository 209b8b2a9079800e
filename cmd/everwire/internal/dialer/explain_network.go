package dialer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"
)

func isLookup(err error) bool {
	var lookup *net.DNSError
	return errors.As(err, &lookup)
}

func explainLookup(err error, address string) string {
	var lookup *net.DNSError
	if !errors.As(err, &lookup) {
		return ""
	}
	if lookup.IsNotFound {
		return fmt.Sprintf("there is no host %s: check the spelling", lookup.Name)
	}
	return fmt.Sprintf("the name %s could not be looked up: is this machine online, and its name server up?", lookup.Name)
}

func explainNetwork(err error, address string) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refused the connection: nothing listens there; is the server running, and on this port?", address)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return fmt.Sprintf("%s broke the connection off (connection reset): it may want TLS (wss://), or crashed", address)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Sprintf("there is no way to %s (%s): is this machine in the right network?", address, inner(err))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no Unix domain socket %s: is the server running?", address)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("connecting to %s is not allowed to this user (permission denied)", address)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%s ended the connection without an answer: it may want TLS (wss://), or does not speak HTTP", address)
	}
	return ""
}

// unixSocket is the path of the Unix domain socket that could not be connected to, "" if it was none.
func unixSocket(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil && op.Addr.Network() == "unix" {
		return op.Addr.String()
	}
	return ""
}

// notHTTP is how net/http says that an answer is not one, with the line that it is about in quotes.
var notHTTP = regexp.MustCompile(`^(?:net/http: )?malformed (?:HTTP (?:response|version|status code)|MIME header[^:]*)(?:: )?[ ]?(".*)?`)

func explainGarbage(err error, address string) string {
	text := err.Error()
	m := notHTTP.FindStringSubmatch(text)
	switch {
	case strings.Contains(text, "larger than HeaderBytes"):
		return address + " answered with a header that has no end: it is no WebSocket server"
	case strings.Contains(text, "too many interim answers"):
		return address + " answered, but never came to the point: it sent too many 1xx answers"
	case m == nil:
		return ""
	case strings.HasPrefix(m[1], `"\x15\x03`): // an alert (RFC 8446 §5.1)
		return address + " answered in TLS: use wss:// instead of ws://"
	}
	answer := ""
	if m[1] != "" {
		answer = " but " + clip(m[1], 80)
	}
	return fmt.Sprintf("%s does not answer in HTTP%s: it is no WebSocket server; is this the right port?", address, answer)
}
