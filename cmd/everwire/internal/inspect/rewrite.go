package inspect

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
)

// Ways of Rewriting.Origin besides an origin of its own.
const (
	OriginAuto   = "auto"   // the target's, if it was the proxy's own; else as it came
	OriginKeep   = "keep"   // as it came
	OriginTarget = "target" // the target's, if there was one
)

// Rewriting says what becomes of a request. What is not named here goes on as it came, in its order and spelling.
type Rewriting struct {
	KeepHost  bool   // do not put the target's host into Host
	Origin    string // OriginAuto (also ""), OriginKeep, OriginTarget, or an origin to send
	Forwarded bool   // add X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto
}

// rewrite returns the request to send for one that came from an address, over TLS or not.
func (r Rewriting) rewrite(h *wire.Head, t *target, peer net.Addr, secure bool) *wire.Head {
	out := &wire.Head{Fields: slices.Clone(h.Fields)}
	method, asked, version := h.Request()
	path := asked
	if u, err := url.Parse(asked); err == nil && u.IsAbs() { // the absolute-form (RFC 9112 §3.2.2)
		path = u.RequestURI()
	}
	out.Line = method + " " + t.join(path) + " " + version

	host := h.Get("Host")
	if !r.KeepHost {
		out.Set("Host", t.url.Host)
	}
	if origin := h.Get("Origin"); origin != "" {
		out.Set("Origin", r.origin(origin, host, t))
	} else if r.Origin != "" && r.Origin != OriginAuto && r.Origin != OriginKeep && r.Origin != OriginTarget {
		out.Set("Origin", r.Origin)
	}
	if r.Forwarded {
		forwarded(out, peer, host, secure)
	}
	if u := t.url.User; u != nil && h.Get("Authorization") == "" {
		password, _ := u.Password()
		out.Set("Authorization", basic(u.Username(), password))
	}
	for _, name := range slices.Sorted(maps.Keys(t.opts.Header)) {
		values := t.opts.Header[name]
		if len(values) == 1 {
			out.Set(name, values[0])
			continue
		}
		out.Set(name, "")
		for _, v := range values {
			out.Fields = append(out.Fields, wire.Field{Name: name, Value: v})
		}
	}
	if !upgrades(h) {
		out.Set("Connection", "close") // its next request would go by unread
	}
	return out
}

func (r Rewriting) origin(origin, host string, t *target) string {
	own := "http://" + t.url.Host
	if t.secure {
		own = "https://" + t.url.Host
	}
	switch r.Origin {
	case "", OriginAuto:
		if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Host, host) {
			return own
		}
		return origin
	case OriginKeep:
		return origin
	case OriginTarget:
		return own
	}
	return r.Origin
}

func forwarded(h *wire.Head, peer net.Addr, host string, secure bool) {
	client, _, err := net.SplitHostPort(peer.String())
	if err != nil {
		client = "unknown"
	}
	if before := h.Get("X-Forwarded-For"); before != "" {
		client = before + ", " + client
	}
	h.Set("X-Forwarded-For", client)
	h.Set("X-Forwarded-Host", host)
	h.Set("X-Forwarded-Proto", map[bool]string{false: "http", true: "https"}[secure])
}

// upgrades reports whether a request asks for WebSocket, or anything else by Upgrade.
func upgrades(h *wire.Head) bool {
	return h.Get("Upgrade") != "" && strings.Contains(strings.ToLower(h.Header().Get("Connection")), "upgrade")
}

// refusal is an answer of the proxy's own.
func refusal(status int, reason string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		status, http.StatusText(status), len(reason)+1, reason)
}
