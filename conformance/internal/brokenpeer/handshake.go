package brokenpeer

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
)

const (
	guid    = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 §1.3
	maxHead = 16 << 10
)

var errHead = errors.New("the head is too long")

// readHead reads a line and fields.
func readHead(in *bufio.Reader, most int) (line string, h http.Header, err error) {
	var head []byte
	for {
		part, err := in.ReadSlice('\n')
		head = append(head, part...)
		switch {
		case len(head) > most:
			return "", nil, errHead
		case err == bufio.ErrBufferFull:
			continue
		case err != nil:
			return "", nil, err
		}
		if n := len(head) - len(part); (string(part) == "\r\n" || string(part) == "\n") && n > 0 && head[n-1] == '\n' {
			break
		}
	}
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(string(head))))
	if line, err = r.ReadLine(); err != nil {
		return "", nil, err
	}
	fields, err := r.ReadMIMEHeader()
	return line, http.Header(fields), err
}

// lists reports whether a field's list has a token.
func lists(h http.Header, name, want string, fault Fault) bool {
	for _, v := range h.Values(name) {
		tokens := strings.Split(v, ",")
		if fault == NoTokenLists {
			tokens = []string{v}
		}
		for _, t := range tokens {
			t = strings.Trim(t, " \t")
			if t == want || sameToken(t, want) && fault != ExactTokens {
				return true
			}
		}
	}
	return false
}

// sameToken compares as HTTP does: the case of ASCII letters does not count. Others that strings.EqualFold
// takes for them, such as the Kelvin sign, have more octets.
func sameToken(t, ascii string) bool { return len(t) == len(ascii) && strings.EqualFold(t, ascii) }

// inOrder reports whether fields are such as HTTP wants them, and there is no body.
func inOrder(h http.Header) bool {
	for name := range h {
		if !token(name) {
			return false
		}
	}
	for _, n := range h.Values("Content-Length") {
		if n != "0" {
			return false
		}
	}
	return len(h.Values("Transfer-Encoding")) == 0
}

var host = regexp.MustCompile(`^[\w.:\[\]-]+$`)

func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + guid))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// A refusal is an answer that is not 101.
type refusal struct {
	status int
	fields string // whole lines
}

func (r *refusal) Error() string { return fmt.Sprintf("refused with %d", r.status) }

// upgrade reads a client's request and returns the answer.
func (c *conn) upgrade() (string, error) {
	most := maxHead
	if c.fault == EndlessHead {
		most = 1 << 30
	}
	line, h, err := readHead(c.in, most)
	switch {
	case err == errHead:
		return "", &refusal{status: 431}
	case err != nil && line == "":
		return "", err
	case err != nil:
		return "", &refusal{status: 400}
	}
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(rest, " ")
	protoOK := len(proto) == 8 && proto[:7] == "HTTP/1." && proto[7] >= '1' && proto[7] <= '9' || proto == "HTTP/1.0" && c.fault == AcceptsHTTP10
	key := h.Get("Sec-Websocket-Key")
	nonce, keyErr := base64.StdEncoding.DecodeString(key)
	keyOK := (len(h.Values("Sec-Websocket-Key")) == 1 || len(h.Values("Sec-Websocket-Key")) == 2 && c.fault == AcceptsTwoKeys) &&
		keyErr == nil && len(nonce) == 16
	version := h.Values("Sec-Websocket-Version")
	switch {
	case !protoOK, !strings.HasPrefix(target, "/") && !strings.Contains(target, "://"), strings.Contains(target, "#"), !inOrder(h):
		return "", &refusal{status: 400}
	case method != "GET" && (method != "POST" || c.fault != AcceptsPOST):
		return "", &refusal{405, "Allow: GET\r\n"}
	case (len(h.Values("Host")) != 1 || !host.MatchString(h.Get("Host"))) && c.fault != ChecksNoHost:
		return "", &refusal{status: 400}
	case !lists(h, "Upgrade", "websocket", c.fault) && c.fault != ChecksNoUpgrade,
		!lists(h, "Connection", "Upgrade", c.fault) && c.fault != ChecksNoConnection:
		return "", &refusal{426, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"}
	case (len(version) != 1 || version[0] != "13") && c.fault != ChecksNoVersion:
		switch c.fault {
		case Answers400:
			return "", &refusal{status: 400}
		case HidesVersion:
			return "", &refusal{426, "Upgrade: websocket\r\n"}
		}
		return "", &refusal{426, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"}
	case !keyOK && c.fault != AcceptsBadKey:
		return "", &refusal{status: 400}
	}
	if offered := h.Values("Sec-Websocket-Protocol"); len(offered) > 0 {
		for _, p := range strings.Split(strings.Join(offered, ","), ",") {
			if !token(strings.Trim(p, " \t")) {
				return "", &refusal{status: 400}
			}
		}
	}
	fields := ""
	if offers := h.Values("Sec-Websocket-Extensions"); len(offers) > 0 {
		text, p, err := answer(offers, c.fault)
		if err != nil {
			return "", &refusal{status: 400}
		}
		c.params = p
		if text != "" {
			fields += "Sec-WebSocket-Extensions: " + text + "\r\n"
		}
	}
	switch c.fault {
	case WrongAccept:
		key = strings.ToLower(key)
	case UnofferedSubprotocol:
		fields += "Sec-WebSocket-Protocol: unheard-of\r\n"
	case UnofferedExtension:
		if c.params == nil {
			fields += "Sec-WebSocket-Extensions: x-unheard-of\r\n"
		}
	}
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		acceptFor(key) + "\r\n" + fields + "\r\n", nil
}

// ask sends a client's request and judges the answer.
func (c *conn) ask(authority, target string) error {
	var nonce [16]byte
	rand.Read(nonce[:])
	key, version := base64.StdEncoding.EncodeToString(nonce[:]), "13"
	switch c.fault {
	case ShortKey:
		key = base64.StdEncoding.EncodeToString(nonce[:15])
	case ConstantKey:
		key = base64.StdEncoding.EncodeToString([]byte("not random, alas"))
	case OldVersion:
		version = "8"
	}
	fmt.Fprintf(c.nc, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"+
		"Sec-WebSocket-Version: %s\r\nSec-WebSocket-Extensions: %s\r\n\r\n", target, authority, key, version, clientOffer)
	line, h, err := readHead(c.in, maxHead)
	if err != nil {
		return err
	}
	proto, rest, _ := strings.Cut(line, " ")
	status, _, _ := strings.Cut(rest, " ")
	accepts := h.Values("Sec-Websocket-Accept")
	switch {
	case proto != "HTTP/1.1" || status != "101" && c.fault != AcceptsStatus:
		return fmt.Errorf("the answer is %q", line)
	case (len(h.Values("Upgrade")) != 1 || !sameToken(h.Get("Upgrade"), "websocket") || !lists(h, "Connection", "Upgrade", None)) && c.fault != AcceptsNoUpgrade:
		return errors.New("the answer does not upgrade")
	case (len(accepts) != 1 || accepts[0] != acceptFor(key)) && c.fault != AcceptsWrongAccept:
		return fmt.Errorf("the answer accepts by %q", accepts)
	case len(h.Values("Sec-Websocket-Protocol")) > 0 && c.fault != AcceptsSubprotocol:
		return errors.New("the answer chooses a subprotocol")
	}
	c.params, err = accept(h.Values("Sec-Websocket-Extensions"), c.fault)
	return err
}
