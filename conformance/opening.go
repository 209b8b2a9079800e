package conformance

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

// maxHead is how long a request's or an answer's header may be.
const maxHead = 64 << 10

// newKey makes a Sec-WebSocket-Key.
func newKey() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// acceptFor returns the Sec-WebSocket-Accept that fits a key (RFC 6455 §4.2.2, item 5.4).
func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + handshake.GUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// A head is a request or an answer as it will be on the wire: a line, and fields in order, as they are
// written.
type head struct {
	line   string
	fields []field
}

type field struct{ name, value string }

// with returns a copy in which a field has a value; a name with several fields has one afterwards.
func (h head) with(name, value string) head {
	out := h.without(name)
	out.fields = append(out.fields, field{name, value})
	return out
}

// and returns a copy with one more field, whatever there is of that name.
func (h head) and(name, value string) head {
	return head{h.line, append(append([]field(nil), h.fields...), field{name, value})}
}

// without returns a copy that lacks a field.
func (h head) without(name string) head {
	out := head{line: h.line}
	for _, f := range h.fields {
		if !sameToken(f.name, name) {
			out.fields = append(out.fields, f)
		}
	}
	return out
}

func (h head) String() string {
	var b strings.Builder
	b.WriteString(h.line + "\r\n")
	for _, f := range h.fields {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// goodRequest is a handshake that a server must accept.
func (s *session) goodRequest(key string) head {
	h := head{line: "GET " + s.url.RequestURI() + " HTTP/1.1", fields: []field{
		{"Host", s.url.Host},
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", key},
		{"Sec-WebSocket-Version", "13"},
	}}
	for name, values := range s.opts.Header {
		for _, v := range values {
			h = h.and(name, v)
		}
	}
	return h
}

// ask sends a server a request of whatever kind, and reads the answer's head. The answer is nil if the server
// ended the stream instead, or sent what is no HTTP.
func (s *session) ask(request string) *http.Response {
	s.result.Request = cutHead(request)
	if !s.raw([]byte(request), 0) {
		return nil
	}
	return s.hearAnswer()
}

// hearAnswer reads an answer's head.
func (s *session) hearAnswer() *http.Response {
	raw, err := s.readHead()
	s.result.Response = cutHead(raw)
	if err != nil {
		if raw != "" {
			s.note(false, fmt.Sprintf("the answer ended early: %v", err))
		}
		return nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), &http.Request{Method: http.MethodGet})
	if err != nil {
		s.note(false, fmt.Sprintf("the answer is no HTTP: %v", err))
		return nil
	}
	return resp
}

// readHead reads an answer's head, or what there is of it.
func (s *session) readHead() (string, error) {
	s.nc.SetReadDeadline(deadline(s.ctx, s.patience))
	defer s.nc.SetReadDeadline(deadline(s.ctx, 0))
	return readHead(s.in)
}

// readHead reads up to an empty line.
func readHead(in *bufio.Reader) (string, error) {
	var b bytes.Buffer
	for b.Len() < maxHead {
		line, err := in.ReadSlice('\n')
		b.Write(line)
		switch {
		case err == bufio.ErrBufferFull:
		case err != nil:
			return b.String(), err
		case string(line) == "\r\n" || string(line) == "\n":
			return b.String(), nil
		}
	}
	return b.String(), fmt.Errorf("more than %d octets", maxHead)
}

// open makes the connection by a handshake in order, on which the case does not depend: it ends the case if
// that fails. A server is offered the extensions given, if any; to a client's offer the answer is that of
// accept.
func (s *session) open(extensions string) { s.openWith(extensions, nil) }

// openWith is open that sends frames by the same write as the handshake.
func (s *session) openWith(extensions string, ahead []frame) {
	if s.peer == Client {
		s.admit(extensions, ahead)
		return
	}
	s.connect()
	key := newKey()
	h := s.goodRequest(key)
	if extensions != "" {
		h = h.with("Sec-WebSocket-Extensions", extensions)
	}
	wire := []byte(h.String())
	s.result.Request = cutHead(string(wire))
	for i := range ahead {
		wire = ahead[i].append(wire, true)
	}
	var resp *http.Response
	if s.raw(wire, 0) {
		resp = s.hearAnswer()
	}
	if why := judgeAnswer(resp, key); why != "" {
		s.fail("the opening handshake failed: %s", why)
		panic(giveUp)
	}
	s.answer = resp
	s.agree(extensions, resp.Header.Values("Sec-WebSocket-Extensions"))
	s.begin()
}

// judgeAnswer returns why an answer is none to a handshake, or "".
func judgeAnswer(resp *http.Response, key string) string {
	switch {
	case resp == nil:
		return "the server did not answer"
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return "the server answered " + resp.Status
	case !hasToken(resp.Header.Values("Upgrade"), "websocket"):
		return fmt.Sprintf("the answer's Upgrade is %q", resp.Header.Get("Upgrade"))
	case !hasToken(resp.Header.Values("Connection"), "upgrade"):
		return fmt.Sprintf("the answer's Connection is %q", resp.Header.Get("Connection"))
	case resp.Header.Get("Sec-WebSocket-Accept") != acceptFor(key):
		return fmt.Sprintf("the answer's Sec-WebSocket-Accept is %q, not %q", resp.Header.Get("Sec-WebSocket-Accept"), acceptFor(key))
	}
	return ""
}

// hasToken reports whether a list of tokens has one, whatever its case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for _, t := range strings.Split(v, ",") {
			if sameToken(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// sameToken compares as HTTP does: the case of ASCII letters does not count. strings.EqualFold takes the
// Kelvin sign for a k besides, and the long s for an s; but these have more octets.
func sameToken(t, ascii string) bool { return len(t) == len(ascii) && strings.EqualFold(t, ascii) }

// A request is a client's, as it was read.
type request struct {
	raw    string
	parsed *http.Request
	in     *bufio.Reader // what follows it
}

// goodAnswer is an answer that a client must take. Of the subprotocols that it offers the first is chosen:
// browsers refuse an answer without one.
func (s *session) goodAnswer() head {
	h := head{line: "HTTP/1.1 101 Switching Protocols", fields: []field{
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Accept", acceptFor(s.request.parsed.Header.Get("Sec-WebSocket-Key"))},
	}}
	offered, _, _ := strings.Cut(s.request.parsed.Header.Get("Sec-WebSocket-Protocol"), ",")
	if offered = strings.TrimSpace(offered); isToken(offered) {
		h = h.and("Sec-WebSocket-Protocol", offered)
	}
	return h
}

// admit accepts a client. With an answer for extensions, that is sent if the client's offer allows it;
// otherwise the case ends as UNIMPLEMENTED.
func (s *session) admit(extensions string, ahead []frame) {
	h := s.goodAnswer()
	if extensions != "" {
		answer := s.accept(extensions)
		h = h.with("Sec-WebSocket-Extensions", answer)
	}
	s.respond(h.String(), ahead...)
	s.begin()
}

// respond sends a client an answer of whatever kind, and frames by the same write.
func (s *session) respond(answer string, ahead ...frame) {
	s.result.Response = cutHead(answer)
	wire := []byte(answer)
	for i := range ahead {
		wire = ahead[i].append(wire, false)
	}
	s.raw(wire, 0)
}

// cutHead keeps very long heads out of the reports.
func cutHead(s string) string {
	const most = 4096
	if len(s) > most {
		return s[:most] + fmt.Sprintf("… (%d octets)", len(s))
	}
	return s
}
