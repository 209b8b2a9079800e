package dialer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// URL makes a URL that can be dialed of what people write: http and https mean ws and wss, a URL without a scheme
// is ws, and one that begins with a port is on localhost. It returns an error for what is no WebSocket URL, which
// says what one looks like and repeats no password.
//
//	example.com/chat       ws://example.com/chat
//	:8080/echo             ws://localhost:8080/echo
//	https://example.com    wss://example.com
func URL(given string) (string, error) {
	text := given
	switch {
	case text == "":
		return "", errors.New("the URL is empty; it looks like ws://localhost:8080/echo")
	case strings.HasPrefix(text, ":"):
		text = "ws://localhost" + text
	case strings.HasPrefix(text, "//"):
		text = "ws:" + text
	case !schemed.MatchString(text):
		text = "ws://" + text
	}
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme = strings.ToLower(scheme); scheme {
	case "http":
		scheme = "ws"
	case "https":
		scheme = "wss"
	case "ws", "wss", "ws+unix":
	default:
		return "", fmt.Errorf("a URL of scheme %q is no WebSocket's; it begins with ws:// or wss://", scheme)
	}
	text = scheme + ":" + rest
	if strings.Contains(text, "#") {
		return "", errors.New("the URL has a # in it, which a WebSocket's has not (RFC 6455 §3); write %23 if it is meant")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", malformed(err, text)
	case scheme == "ws+unix" && (u.Host != "" || u.Path == ""):
		return "", errors.New("the URL of a Unix domain socket is written ws+unix:///path/to/socket:/path?query")
	case scheme != "ws+unix" && u.Hostname() == "":
		return "", errors.New("the URL has no host; it looks like ws://localhost:8080/echo")
	}
	return text, nil
}

// schemed is how a URL with a scheme begins (RFC 3986 §3.1). Without the slashes it would be host:port.
var schemed = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*://|(?i:ws\+unix):)`)

// malformed says why a URL could not be parsed.
func malformed(err error, text string) error {
	var e *url.Error
	if !errors.As(err, &e) || strings.Contains(text, "@") {
		return errors.New("the URL is malformed; it looks like ws://localhost:8080/echo")
	}
	return fmt.Errorf("the URL is malformed: %w; it looks like ws://localhost:8080/echo", e.Err)
}
