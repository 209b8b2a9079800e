package conformance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Family 15, the client's request: each case judges one thing in it, and goes on with an answer that is in
// order.

func init() {
	var group []rejoinder
	add := func(what, expects, section string, tags []Tag, judge func(s *session, fields head)) {
		group = append(group, rejoinder{what: what, does: "Looks at " + what + ", and answers in order.", expects: expects, section: section,
			tags: tags, run: func(s *session) {
				judge(s, s.request.fields())
				s.respond(s.goodAnswer().String())
				s.works()
			}})
	}
	add("the request line", "The method is GET, and the version is HTTP/1.1. The target is a path, or an absolute http URI, and has no fragment.",
		"RFC 6455 §4.1 items 2, 3", []Tag{Method}, judgeRequestLine)
	add("the request's Host", "It is there once, and names the host, with the port if that is not the default one.",
		"RFC 6455 §4.1 item 4", []Tag{Host}, judgeHost)
	add("the request's Upgrade", "It has websocket.", "RFC 6455 §4.1 item 5", []Tag{UpgradeHeader}, func(s *session, h head) {
		if got := h.values("Upgrade"); !hasToken(got, "websocket") {
			s.fail("Upgrade is %q", got)
		}
	})
	add("the request's Connection", "It has Upgrade.", "RFC 6455 §4.1 item 6", []Tag{UpgradeHeader}, func(s *session, h head) {
		if got := h.values("Connection"); !hasToken(got, "upgrade") {
			s.fail("Connection is %q", got)
		}
	})
	add("the request's key", "It is there once, and is 16 octets in base64.", "RFC 6455 §4.1 item 7", []Tag{Key}, func(s *session, h head) {
		got := h.values("Sec-WebSocket-Key")
		if len(got) != 1 {
			s.fail("there are %d fields Sec-WebSocket-Key", len(got))
			return
		}
		if nonce, err := base64.StdEncoding.DecodeString(got[0]); err != nil || len(nonce) != 16 {
			s.fail("the key %q is not 16 octets in base64", got[0])
		}
	})
	add("whether the request's key is a new one", "No other handshake had the same key, and no standard has it as an example.",
		"RFC 6455 §4.1 item 7", []Tag{Key}, func(s *session, h head) {
			// That it differs from the keys before is judged in each case of the family.
			known := []string{"dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC==", "AQIDBAUGBwgJCgsMDQ4PEA==",
				"x3JJHMbDL1EzLkh9GBhXDw==", "AAAAAAAAAAAAAAAAAAAAAA=="}
			if key := h.values("Sec-WebSocket-Key"); len(key) > 0 && slices.Contains(known, key[0]) {
				s.fail("the key %q is not random", key[0])
			}
		})
	add("the request's version", "Sec-WebSocket-Version is there once, and is 13.", "RFC 6455 §4.1 item 9", []Tag{Version}, func(s *session, h head) {
		if got := h.values("Sec-WebSocket-Version"); len(got) != 1 || got[0] != "13" {
			s.fail("Sec-WebSocket-Version is %q", got)
		}
	})
	add("whether the request has fields twice", "No field is there twice that may be there once only.", "RFC 9110 §5.3", []Tag{Host, Key, Version},
		func(s *session, h head) {
			for _, name := range []string{"Host", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Content-Length",
				"User-Agent", "Authorization", "Referer"} {
				if n := len(h.values(name)); n > 1 {
					s.fail("there are %d fields %s", n, name)
				}
			}
			if n := len(h.values("Cookie")); n > 1 {
				s.fail("there are %d fields Cookie (RFC 6265 §5.4)", n)
			}
		})
	add("the request's extensions", "The offer, if there is one, is well-formed, and what it says of permessage-deflate is valid.",
		"RFC 7692 §7.1", []Tag{Extensions}, judgeExtensions)
	add("the request's subprotocols", "The offer, if there is one, has tokens, each of them once.", "RFC 6455 §4.1 item 10", []Tag{Subprotocol},
		judgeSubprotocols)
	add("the request's Origin", "If it is there it is null, or a scheme, a host and perhaps a port.", "RFC 6455 §4.1 item 8", []Tag{Handshake},
		judgeOrigin)
	add("whether the request has a body", "It has neither Content-Length, but for 0, nor Transfer-Encoding. Nothing is sent before the answer.",
		"RFC 6455 §4.1", []Tag{Handshake, Method}, judgeNoBody)
	add("the request's syntax", "Lines end by CRLF. Names are tokens, with a colon right behind. Values have no control characters.",
		"RFC 6455 §4.1 item 1", []Tag{Handshake}, judgeSyntax)
	rejoinders(1, "RFC 6455 §4.1", []Tag{Handshake}, group)
}

// fields returns the request as it was written; white space around values is taken off.
func (r *request) fields() head {
	lines := strings.Split(strings.TrimRight(r.raw, "\r\n"), "\n")
	h := head{line: strings.TrimSuffix(lines[0], "\r")}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(strings.TrimSuffix(l, "\r"), ":")
		h.fields = append(h.fields, field{name, strings.Trim(value, " \t")})
	}
	return h
}

func judgeRequestLine(s *session, h head) {
	words := strings.Split(h.line, " ")
	if len(words) != 3 {
		s.fail("the request line %q does not have three words", h.line)
		return
	}
	if words[0] != "GET" {
		s.fail("the method is %q", words[0])
	}
	if words[2] != "HTTP/1.1" {
		s.fail("the version is %q", words[2])
	}
	u, err := url.Parse(words[1])
	switch {
	case err != nil:
		s.fail("the target %q is no URI", words[1])
	case strings.Contains(words[1], "#"):
		s.fail("the target %q has a fragment (RFC 6455 §3)", words[1])
	case strings.HasPrefix(words[1], "/"):
	case u.Scheme != "http" && u.Scheme != "https":
		s.fail("the target %q is neither a path nor an http or https URI", words[1])
	}
}

func judgeHost(s *session, h head) {
	got := h.values("Host")
	if len(got) != 1 {
		s.fail("there are %d fields Host (RFC 9112 §3.2)", len(got))
		return
	}
	u, err := url.Parse("//" + got[0])
	if err != nil || u.Host != got[0] || u.Hostname() == "" {
		s.fail("Host is %q, not a host with perhaps a port", got[0])
		return
	}
	_, port, err := net.SplitHostPort(s.nc.LocalAddr().String())
	if err != nil || port == "80" || port == "443" || u.Port() == port {
		return
	}
	if u.Port() == "" {
		s.fail("Host, %q, lacks the port %s", got[0], port)
		return
	}
	s.tell("Host is %q, and the suite's port is %s", got[0], port) // something between may have changed the port
}

func judgeExtensions(s *session, h head) {
	values := h.values("Sec-WebSocket-Extensions")
	if values == nil {
		return
	}
	offers, err := parseExtensions(values)
	switch {
	case err != nil:
		s.fail("the offer %q is malformed: %v (RFC 6455 §9.1)", values, err)
	case len(offers) == 0:
		s.fail("the offer is empty (RFC 6455 §9.1)")
	}
	for _, o := range offers {
		if o.name == permessageDeflate {
			for _, why := range judgeOffer(&o) {
				s.fail("the offer %q: %s", values, why)
			}
		}
	}
}

func judgeSubprotocols(s *session, h head) {
	values := h.values("Sec-WebSocket-Protocol")
	if values == nil {
		return
	}
	list := elements(values)
	if len(list) == 0 {
		s.fail("Sec-WebSocket-Protocol is there and has no subprotocol")
	}
	for i, name := range list {
		switch {
		case !isToken(name):
			s.fail("the subprotocol %q is no token", name)
		case slices.Contains(list[:i], name):
			s.fail("the subprotocol %q is there twice", name)
		}
	}
}

func judgeOrigin(s *session, h head) {
	for _, origin := range h.values("Origin") {
		u, err := url.Parse(origin)
		if origin != "null" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			s.fail("Origin is %q, not null or a scheme, a host and a port (RFC 6454 §6.2)", origin)
		}
	}
}

func judgeNoBody(s *session, h head) {
	if got := h.values("Content-Length"); len(got) > 0 && got[0] != "0" {
		s.fail("Content-Length is %q", got)
	}
	if got := h.values("Transfer-Encoding"); len(got) > 0 {
		s.fail("Transfer-Encoding is %q", got)
	}
	// Only time can show that nothing is sent before there is an answer.
	s.nc.SetReadDeadline(deadline(s.ctx, 50*time.Millisecond))
	defer s.nc.SetReadDeadline(deadline(s.ctx, 0))
	if came, err := s.in.Peek(1); len(came) > 0 {
		s.fail("the client sent more before there was an answer")
		s.stand()
	} else if !errors.Is(err, os.ErrDeadlineExceeded) {
		s.fail("the client ended the stream before there was an answer")
		s.stand()
	}
}

func judgeSyntax(s *session, _ head) {
	lines := strings.SplitAfter(strings.TrimSuffix(s.request.raw, "\n"), "\n")
	for i, l := range lines[:len(lines)-1] {
		if !strings.HasSuffix(l, "\r\n") {
			s.fail("the line %q does not end by CRLF", l)
		}
		l = strings.TrimRight(l, "\r\n")
		name, value, colon := strings.Cut(l, ":")
		if i > 0 && (!colon || !isToken(name)) {
			s.fail("the line %q has no token with a colon right behind", l)
		}
		if i := strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
			s.fail("%s has a control character", name)
		}
		if i := strings.IndexFunc(value, func(r rune) bool { return r > 0x7e }); i >= 0 {
			s.lax("%s has octets that are not ASCII (RFC 9110 §5.5)", fmt.Sprintf("%.40q", name))
		}
	}
}
