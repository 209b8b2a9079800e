package websocket

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/everwire/everwire/websocket/handshake"
)

// A target is what a client's URL says: where to connect, and what to ask for there.
type target struct {
	url        string // as Socket.URL tells it: with scheme ws or wss, without user and password
	network    string // "tcp" or "unix"
	address    string // host:port, or the path of a Unix domain socket
	tls        bool
	serverName string
	host       string // the Host header
	requestURI string
	auth       string // the Authorization header, "" if none
}

func parseTarget(raw string) (*target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, malformedURL(err, raw)
	}
	if strings.Contains(raw, "#") {
		return nil, errors.New("websocket: a WebSocket URL has no fragment (RFC 6455 §3)")
	}
	u.RawQuery = escapeQuery(u.RawQuery)
	t := &target{network: "tcp"}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = "ws"
		err = t.tcp(u, "80")
	case "wss", "https":
		u.Scheme, t.tls = "wss", true
		err = t.tcp(u, "443")
	case "ws+unix":
		err = t.unix(u)
	default:
		err = fmt.Errorf("websocket: URL scheme %q is not ws, wss, http, https or ws+unix", u.Scheme)
	}
	if err != nil {
		return nil, err
	}
	if u.User != nil {
		password, _ := u.User.Password()
		t.auth = basicAuth(u.User.Username(), password)
		u.User = nil
	}
	t.url = u.String()
	return t, nil
}

// malformedURL says why a URL could not be parsed, without repeating what may be secret in it.
func malformedURL(err error, raw string) error {
	var e *url.Error
	if !errors.As(err, &e) || strings.Contains(raw, "@") {
		return errors.New("websocket: malformed URL")
	}
	return fmt.Errorf("websocket: malformed URL: %w", e.Err)
}

// tcp takes apart a URL with a host, and makes it the one to show.
func (t *target) tcp(u *url.URL, standardPort string) error {
	host, port := u.Hostname(), u.Port()
	if host == "" {
		return errors.New("websocket: the URL has no host")
	}
	host, err := asciiHost(host)
	if err != nil {
		return fmt.Errorf("websocket: the URL: %w", err)
	}
	if port == "" {
		port = standardPort
	}
	if _, err = strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("websocket: the URL's port %s is larger than 65535", port)
	}
	t.address = net.JoinHostPort(host, port)
	bare, zone, _ := strings.Cut(host, "%") // a zone means nothing to the other end (RFC 6874)
	t.serverName = bare
	t.host = strings.ToLower(bare)
	if strings.Contains(t.host, ":") {
		t.host = "[" + t.host + "]"
	}
	if port != standardPort {
		t.host += ":" + port
	}
	t.requestURI = u.RequestURI()
	if zone == "" {
		u.Host = t.host
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return nil
}

// asciiHost returns a host in the form that DNS, TLS and HTTP know, where it has letters of other alphabets
// (UTS #46, as for a look-up; RFC 5891).
func asciiHost(host string) (string, error) {
	if !strings.ContainsFunc(host, func(r rune) bool { return r > '~' }) {
		return host, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || ascii == "" {
		return "", fmt.Errorf("the host %q is no internationalized domain name", host)
	}
	return ascii, nil
}

// page is the URL as http and https know it, as cookie jars and proxies are asked for it; nil for a Unix domain
// socket.
func (t *target) page() *url.URL {
	if t.network == "unix" {
		return nil
	}
	u, err := url.Parse("http" + strings.TrimPrefix(t.url, "ws"))
	if err != nil {
		return nil
	}
	return u
}

// authority is the host and port that a proxy is to connect to.
func (t *target) authority() string {
	_, port, _ := net.SplitHostPort(t.address)
	return net.JoinHostPort(t.serverName, port)
}

// basicAuth is the value of an Authorization or Proxy-Authorization header (RFC 7617).
func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// unix takes apart ws+unix:///path/to/socket:/path?query. A colon in the socket's path is written %3A.
func (t *target) unix(u *url.URL) error {
	socket, path, _ := strings.Cut(u.EscapedPath(), ":")
	address, err := url.PathUnescape(socket)
	if err != nil || address == "" || u.Host != "" {
		return errors.New("websocket: a ws+unix URL is ws+unix:///path/to/socket:/path?query")
	}
	t.network, t.address, t.host = "unix", address, "localhost"
	t.requestURI = "/" + strings.TrimPrefix(path, "/")
	if u.RawQuery != "" {
		t.requestURI += "?" + u.RawQuery
	}
	return nil
}

// escapeQuery percent-encodes what url.Parse lets through and a request-target may not have
// (WHATWG URL, query percent-encode set).
func escapeQuery(q string) string {
	escaped := func(c byte) bool { return c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>' }
	var b strings.Builder
	for i := range len(q) {
		if c := q[i]; escaped(c) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ownFields returns a copy of the fields that the program wants in its request, by their canonical names,
// without the handshake's own.
func ownFields(fields http.Header) (http.Header, error) {
	own := http.Header{}
	for name, values := range fields {
		if err := checkField(name, values); err != nil {
			return nil, err
		}
		if name = http.CanonicalHeaderKey(name); !reserved(name) {
			own[name] = append(own[name], values...)
		}
	}
	return own, nil
}

// request returns the octets of the opening handshake, with fields that ownFields returned. It fails for a
// host that no request can have.
func (t *target) request(offer *handshake.Offer, fields http.Header) ([]byte, error) {
	host := cmp.Or(fields.Get("Host"), t.host)
	header := maps.Clone(fields)
	delete(header, "Host")
	if t.auth != "" && header["Authorization"] == nil {
		header.Set("Authorization", t.auth)
	}
	offer.SetHeader(header)
	request := &handshake.Request{
		Method: http.MethodGet, Target: t.requestURI, Major: 1, Minor: 1, Host: host, Header: header,
	}
	if err := request.Check(); err != nil { // what a server would refuse is not worth connecting for
		return nil, errors.New("websocket: " + err.Reason)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", t.requestURI, host)
	header.Write(&b) // to memory
	b.WriteString("\r\n")
	return b.Bytes(), nil
}

// checkField refuses what would end a field's line early, and what net/http would silently leave out.
// Values are not repeated: they may be secret.
func checkField(name string, values []string) error {
	if !handshake.ValidToken(name) {
		return fmt.Errorf("websocket: %q is not the name of a header field", name)
	}
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("websocket: the value of header field %s has a control character", name)
		}
	}
	return nil
}

// reserved reports whether a field, by its canonical name, belongs to the handshake itself.
func reserved(name string) bool {
	switch name {
	case "Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Trailer":
		return true
	}
	return strings.HasPrefix(name, "Sec-Websocket-")
}
