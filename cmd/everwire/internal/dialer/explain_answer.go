package dialer

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/everwire/everwire/websocket"
)

// explainAnswer is for a server that answered the handshake, but not by a connection.
func explainAnswer(e *websocket.HandshakeError) string {
	r := e.Response
	status := statusLine(r.StatusCode)
	switch {
	case r.StatusCode == http.StatusSwitchingProtocols:
		return explainBadUpgrade(e)
	case r.StatusCode == http.StatusUnauthorized:
		return fmt.Sprintf("the server wants to know who you are (%s%s): give --user NAME:PASSWORD or --bearer TOKEN, "+
			"or check the one given", status, scheme(r))
	case r.StatusCode == http.StatusForbidden:
		return "the server refuses this client (" + status + said(r) +
			"): it may want an --origin it knows, a --cookie, or a login"
	case r.StatusCode >= 300 && r.StatusCode < 400 && r.Header.Get("Location") != "":
		return explainRedirect(e)
	case r.StatusCode == http.StatusNotFound, r.StatusCode == http.StatusGone:
		return fmt.Sprintf("there is nothing at %s (%s): check the URL's path", pathOf(r), status)
	case r.StatusCode == http.StatusUpgradeRequired:
		return explainUpgradeRequired(r)
	case r.StatusCode >= 200 && r.StatusCode < 300:
		return fmt.Sprintf("no WebSocket server: it answered %s%s, as to a browser that wants a page; check the URL's path (many have /ws)",
			status, contentType(r))
	case r.StatusCode == http.StatusBadRequest && isTLSPort(r):
		return "the server wants TLS at this port (" + status + said(r) + "): use wss:// instead of ws://"
	case r.StatusCode == http.StatusBadRequest:
		return "the server finds the request faulty (" + status + said(r) +
			"): check the URL's query, the headers and --subprotocol; or it does not speak WebSocket there"
	case r.StatusCode == http.StatusMethodNotAllowed:
		return "no WebSocket server at " + pathOf(r) + ": it does not take GET there (" + status + "); check the URL's path"
	case r.StatusCode == http.StatusRequestTimeout:
		return "the server got the request too late (" + status + "): try again"
	case r.StatusCode == http.StatusTooManyRequests:
		return "the server has had too many requests from here (" + status + retryAfter(r) + "): try again later"
	case r.StatusCode == http.StatusServiceUnavailable:
		return "the server has no room or is down (" + status + retryAfter(r) + said(r) + "): try again later"
	case r.StatusCode == http.StatusBadGateway, r.StatusCode == http.StatusGatewayTimeout:
		return "a gateway answers, but it does not reach the server behind it (" + status + "): is that running?"
	case r.StatusCode >= 500:
		return "the server failed (" + status + said(r) + "): its log may tell why"
	}
	return "the server refused the connection (" + status + said(r) + ")"
}

// explainBadUpgrade is for a 101 that is no answer to what was asked.
func explainBadUpgrade(e *websocket.HandshakeError) string {
	reason := clip(e.Reason, 300)
	if strings.Contains(reason, "none of the subprotocols") {
		return "the server speaks none of the subprotocols offered: check --subprotocol, or leave it out"
	}
	return "the server's answer is no good, though it is " + statusLine(http.StatusSwitchingProtocols) + ": " + reason
}

func explainRedirect(e *websocket.HandshakeError) string {
	r := e.Response
	to := r.Header.Get("Location")
	if u, err := url.Parse(to); err == nil && r.Request != nil && r.Request.URL != nil {
		to = r.Request.URL.ResolveReference(u).String()
	}
	line := fmt.Sprintf("the server says to go to %s (%s)", clip(to, 500), statusLine(r.StatusCode))
	if why, followed := strings.CutPrefix(e.Reason, "the server's redirect is not followed: "); followed {
		return line + ", which is not done: " + why + "; use that URL if it is right, or raise --max-redirects"
	}
	return line + ": use that URL, or follow it with --max-redirects 5"
}

func explainUpgradeRequired(r *http.Response) string {
	status := statusLine(r.StatusCode)
	if v := r.Header.Get("Sec-WebSocket-Version"); v != "" && v != "13" {
		return fmt.Sprintf("the server speaks another version of WebSocket (%s, version %s): this one speaks 13 (RFC 6455)",
			status, clip(v, 60))
	}
	return "the server did not see that WebSocket was asked for (" + status +
		"): a proxy in front of it may drop the fields Upgrade and Connection; or check the URL's path"
}

// explainProxyAnswer is for a proxy that answered CONNECT, but not by connecting.
func explainProxyAnswer(e *websocket.HandshakeError) string {
	r := e.Response
	status := statusLine(r.StatusCode)
	switch r.StatusCode {
	case http.StatusProxyAuthRequired:
		return "the proxy wants to know who you are (" + status +
			"): give --proxy http://NAME:PASSWORD@HOST:PORT, or check the ones given"
	case http.StatusForbidden, http.StatusMethodNotAllowed:
		return "the proxy does not allow connecting to " + r.Request.Host + " (" + status +
			said(r) + "): give another --proxy, or --no-proxy"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "the proxy cannot reach " + r.Request.Host + " (" + status + "): check host and port, or give --no-proxy"
	}
	return "the proxy refused to connect to " + r.Request.Host + " (" + status + said(r) +
		"): it may be no proxy at all; check --proxy, or give --no-proxy"
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// said is the first line of an answer's body, where that is plain text.
func said(r *http.Response) string {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "text/plain" && kind != "" {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<10)) // from memory
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if line = strings.TrimSpace(line); line == "" || line == http.StatusText(r.StatusCode) || strings.HasPrefix(line, "<") {
		return ""
	}
	return ", " + clip(strings.TrimSuffix(line, "."), 150)
}

// isTLSPort reports whether an answer is what the usual servers say to who does not speak TLS with them.
func isTLSPort(r *http.Response) bool {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<10))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	text := strings.ToLower(string(body))
	return strings.Contains(text, "http request to an https server") || // net/http
		strings.Contains(text, "plain http request was sent to https port") || // nginx
		strings.Contains(text, "speaking plain http to an ssl-enabled server") // Apache
}

func contentType(r *http.Response) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "" {
		return ""
	}
	return " with " + clip(kind, 60)
}

func scheme(r *http.Response) string {
	challenge, _, _ := strings.Cut(r.Header.Get("WWW-Authenticate"), ",")
	if challenge == "" {
		return ""
	}
	return ", by " + clip(challenge, 100)
}

func retryAfter(r *http.Response) string {
	after := r.Header.Get("Retry-After")
	if after == "" {
		return ""
	}
	if strings.Trim(after, "0123456789") == "" {
		after += " s"
	}
	return ", retry after " + clip(after, 40)
}

// pathOf is what was asked for, without its query, which may be secret.
func pathOf(r *http.Response) string {
	if r.Request == nil || r.Request.URL == nil {
		return "this URL"
	}
	return cmp.Or(r.Request.URL.EscapedPath(), "/")
}
