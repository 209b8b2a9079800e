package load

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

// maxAnswer is how long the answer to an opening handshake may be.
const maxAnswer = 16 << 10

// An upgrade is an opening handshake's request, and what its answer must prove (RFC 6455 §4.1).
type upgrade struct {
	request []byte
	accept  []byte
	offered []string // subprotocols
}

// newUpgrades makes requests with different keys. Connections take them in turn: making one costs more than
// sending it.
func newUpgrades(t target, p Plan) []upgrade {
	all := make([]upgrade, min(256, p.slots()))
	host, fields := fields(t, p)
	for i := range all {
		var nonce [16]byte
		_, _ = rand.Read(nonce[:]) // never fails
		key := base64.StdEncoding.EncodeToString(nonce[:])
		sum := sha1.Sum([]byte(key + handshake.GUID))
		var b bytes.Buffer
		fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", t.resource, host)
		fmt.Fprintf(&b, "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", key)
		switch {
		case p.Takeover:
			b.WriteString("Sec-WebSocket-Extensions: permessage-deflate\r\n")
		case p.Deflate:
			b.WriteString("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n")
		}
		b.WriteString(fields)
		b.WriteString("\r\n")
		all[i] = upgrade{b.Bytes(), []byte(base64.StdEncoding.EncodeToString(sum[:])), p.Subprotocols}
	}
	return all
}

// fields are those of a request that are the same for all, with the Host field's value apart.
func fields(t target, p Plan) (host, rest string) {
	host = t.host
	var b strings.Builder
	field := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	if p.Origin != "" {
		field("Origin", p.Origin)
	}
	if len(p.Subprotocols) > 0 {
		field("Sec-WebSocket-Protocol", strings.Join(p.Subprotocols, ", "))
	}
	authorization := t.authorization
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		for _, value := range p.Header[name] {
			switch http.CanonicalHeaderKey(name) {
			case "Host":
				host = value
				continue
			case "Authorization":
				authorization = ""
			}
			field(name, value)
		}
	}
	if authorization != "" {
		field("Authorization", authorization)
	}
	return host, b.String()
}

// An agreement is what an answer says.
type agreement struct {
	length   int // octets of the answer; 0: it is not whole
	takeover bool
}

// judge looks at an answer, or at the beginning of one. An error is a HandshakeError.
func (u *upgrade) judge(in []byte, deflate bool) (agreement, error) {
	a, err := u.read(in, deflate)
	if err != nil {
		err = ioError(err, HandshakeError)
	}
	return a, err
}

func (u *upgrade) read(in []byte, deflate bool) (agreement, error) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(in) >= maxAnswer {
			return agreement{}, fmt.Errorf("the answer to the handshake does not end within %d octets", maxAnswer)
		}
		return agreement{}, nil
	}
	line, fields, _ := bytes.Cut(in[:end], []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 101")) {
		return agreement{}, because(HandshakeError, status(line), "the server answered %q, expected HTTP/1.1 101", clipped(line))
	}
	var upgraded, connected, accepted, deflated bool
	a := agreement{length: end + 4, takeover: true}
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(field, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Upgrade")):
			upgraded = bytes.EqualFold(value, []byte("websocket"))
		case bytes.EqualFold(name, []byte("Connection")):
			for token := range bytes.SplitSeq(value, []byte(",")) {
				connected = connected || bytes.EqualFold(bytes.TrimSpace(token), []byte("Upgrade"))
			}
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Accept")):
			if accepted = bytes.Equal(value, u.accept); !accepted {
				return agreement{}, fmt.Errorf("got Sec-WebSocket-Accept %q, expected %q", clipped(value), u.accept)
			}
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Protocol")):
			if !slices.Contains(u.offered, string(value)) {
				return agreement{}, fmt.Errorf("the server chose the subprotocol %q, which was not offered", clipped(value))
			}
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Extensions")):
			if !deflate || deflated || !bytes.HasPrefix(value, []byte("permessage-deflate")) {
				return agreement{}, fmt.Errorf("the server agreed to %q, which was not offered", clipped(value))
			}
			deflated = true
			a.takeover = !bytes.Contains(value, []byte("server_no_context_takeover"))
		}
	}
	switch {
	case !upgraded || !connected:
		return agreement{}, errors.New("the answer lacks Upgrade: websocket or Connection: Upgrade")
	case !accepted:
		return agreement{}, errors.New("the answer lacks Sec-WebSocket-Accept")
	case deflate && !deflated:
		return agreement{}, errors.New("the server did not agree to permessage-deflate")
	}
	return a, nil
}

// status is an answer's, 0 if it is not one of HTTP.
func status(line []byte) int {
	version, rest, _ := bytes.Cut(line, []byte(" "))
	if !bytes.HasPrefix(version, []byte("HTTP/")) || len(rest) < 3 {
		return 0
	}
	n, err := strconv.Atoi(string(rest[:3]))
	if err != nil || n < 100 {
		return 0
	}
	return n
}

func clipped(b []byte) []byte { return b[:min(len(b), 100)] }
