package dialer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"unicode"

	"github.com/everwire/everwire/websocket"
)

// Explain says in one line, for people, why a connection could not be made, or how it ended, and what to try. Err
// is what websocket.Dial returned, or what a Socket's error event or reading a Conn had. Other errors are
// told as they are. What a peer has written is in the line only with its control characters replaced, and cut;
// nothing of what the user keeps secret is in it.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	var e *websocket.HandshakeError
	if !errors.As(err, &e) {
		return oneLine(explainEnd(err))
	}
	switch {
	case e.Response != nil && asked(e.Response) == http.MethodConnect:
		return oneLine(explainProxyAnswer(e))
	case e.Response != nil:
		return oneLine(explainAnswer(e))
	}
	return oneLine(explainNoAnswer(e))
}

func asked(r *http.Response) string {
	if r.Request == nil {
		return http.MethodGet
	}
	return r.Request.Method
}

// What a HandshakeError's Reason begins with tells how far the connection came, and with whom.
var (
	atProxy  = regexp.MustCompile(`^cannot connect to the proxy (\S+)`)
	byProxy  = regexp.MustCompile(`^the proxy (\S+) did not connect to ([^\s:]\S*?)(?: \(.*?\))?: `)
	noProxy  = regexp.MustCompile(`^no proxy can be chosen for \S+: (.*)`)
	atServer = regexp.MustCompile(`^(?:cannot connect to|the handshake with) (\S+?)(?: through the proxy \S+?)?(?: broke off)?(?: \(.*?\))?: `)
)

// explainNoAnswer is for a handshake to which nobody answered anything that can be read.
func explainNoAnswer(e *websocket.HandshakeError) string {
	if m := noProxy.FindStringSubmatch(e.Reason); m != nil {
		return "the environment's proxy cannot be used (" + m[1] + "): set it right, or give --proxy URL or --no-proxy"
	}
	if m := atProxy.FindStringSubmatch(e.Reason); m != nil {
		return "the proxy cannot be reached: " + explainWay(e, strings.TrimSuffix(strings.TrimPrefix(m[1], "http://"), ":")) + "; or go without, with --no-proxy"
	}
	if m := byProxy.FindStringSubmatch(e.Reason); m != nil {
		return fmt.Sprintf("the proxy %s did not connect to %s (%s): check that the proxy allows it, or give --no-proxy",
			m[1], strings.TrimSuffix(m[2], ":"), inner(e.Err))
	}
	if m := atServer.FindStringSubmatch(e.Reason); m != nil {
		return explainWay(e, m[1])
	}
	return e.Reason
}

// explainWay says what went wrong on the way to, or with, who is at an address.
func explainWay(e *websocket.HandshakeError, address string) string {
	var timeout net.Error
	err := e.Err
	if path := unixSocket(err); path != "" {
		address = path
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "connecting to " + address + " was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout() && !isLookup(err):
		return address + " did not answer in time: check host and port, or a firewall drops it; --connect-timeout says how long to wait"
	}
	for _, explain := range []func(err error, address string) string{explainLookup, explainTLS, explainNetwork, explainGarbage} {
		if line := explain(err, address); line != "" {
			if strings.Contains(e.Reason, "asked for a client certificate and was shown one") {
				line += " (it was shown the certificate of --cert)"
			}
			return line
		}
	}
	return "cannot connect to " + address + ": " + inner(err)
}

// explainEnd is for what ends a connection that was open, and for URLs and options that cannot work.
func explainEnd(err error) string {
	var closed *websocket.CloseError
	var protocol *websocket.ProtocolError
	switch {
	case errors.As(err, &closed):
		return explainClose(closed.Code, closed.Reason)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return "the peer sent a message larger than is accepted: raise --max-message-size"
	case errors.As(err, &protocol):
		return fmt.Sprintf("the peer broke the protocol: %s (%s); this end closed with %d", protocol.Detail, protocol.Section, protocol.Code)
	case errors.Is(err, websocket.ErrHeartbeat):
		return "the connection is lost: nothing came after a Ping, not even the Pong; --ping-timeout says how long to wait"
	case errors.Is(err, websocket.ErrCloseTimeout):
		return "the peer did not answer the Close frame in time, and the connection was cut"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke off: the peer ended it without a Close frame (1006)"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the connection broke off: " + inner(err) + " (1006)"
	case errors.Is(err, websocket.ErrQueueFull):
		return "the peer takes messages more slowly than they are sent, and too many wait"
	case errors.Is(err, websocket.ErrInvalidUTF8):
		return "the text is not UTF-8: send it as binary"
	}
	return strings.TrimPrefix(err.Error(), "websocket: ")
}

func explainClose(code websocket.CloseCode, reason string) string {
	line := "the peer closed the connection: " + code.String()
	if reason != "" {
		line += fmt.Sprintf(" %q", clip(reason, 123))
	}
	switch code {
	case websocket.CloseMessageTooBig:
		line += "; it accepts smaller messages only"
	case websocket.CloseTryAgainLater, websocket.CloseServiceRestart:
		line += "; try again in a while"
	}
	return line
}

// inner is the innermost error's text: what lies around it is said in our words.
func inner(err error) string {
	for {
		var op *net.OpError
		var sys *os.SyscallError
		switch {
		case errors.As(err, &op) && op.Err != nil:
			err = op.Err
		case errors.As(err, &sys) && sys.Err != nil:
			err = sys.Err
		case err == nil:
			return "no reason given"
		default:
			return err.Error()
		}
	}
}

// oneLine makes a line of a text in which a peer's words may stand.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '�'
		}
		return r
	}, text))
}

// clip cuts a text of a peer's to so many octets.
func clip(text string, octets int) string {
	if len(text) <= octets {
		return text
	}
	return strings.ToValidUTF8(text[:octets], "") + "…"
}
