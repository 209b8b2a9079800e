package status

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

// shortestToken is what a token must have at least, in characters: it is all that keeps strangers out.
const shortestToken = 16

// TokenVariable is the environment variable that holds the token where no file is named. There is no flag for the
// token itself, because everybody on a machine can read the arguments of its programs.
const TokenVariable = "EVERWIRE_ADMIN_TOKEN"

// ReadToken returns the token in a file, or if none is named that in TokenVariable, or "" if there is neither. White space
// around it does not count. A token that is too short, or that no header field can hold, is an error.
func ReadToken(file string) (string, error) {
	from, text := "the variable "+TokenVariable, os.Getenv(TokenVariable)
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("cannot read the operator's token: %w", err)
		}
		from, text = file, string(content)
	}
	token := strings.TrimSpace(text)
	odd := func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == 0x7F }
	switch {
	case token == "" && file == "":
		return "", nil
	case len(token) < shortestToken:
		return "", fmt.Errorf("the operator's token in %s has %d characters and needs %d; make one with: openssl rand -hex 16",
			from, len(token), shortestToken)
	case len(token) > 1024 || strings.ContainsFunc(token, odd):
		return "", fmt.Errorf("the operator's token in %s must be one word of ASCII; make one with: openssl rand -hex 16", from)
	}
	return token, nil
}

// secret is the operator's token, as its hash, so that comparing takes the same time for tokens of every length.
// nil: there is none, and nothing is it.
type secret struct{ hash [sha256.Size]byte }

func newSecret(token string) *secret {
	if token == "" {
		return nil
	}
	return &secret{sha256.Sum256([]byte(token))}
}

func (s *secret) is(token string) bool {
	if s == nil {
		return false
	}
	hash := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(hash[:], s.hash[:]) == 1
}

// bearer returns the token of an Authorization field, and whether there is such a field at all. One that is not a
// bearer's has no token (RFC 6750 §2.1).
func bearer(h http.Header) (token string, ok bool) {
	value := h.Get("Authorization")
	if value == "" {
		return "", false
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

// attempts holds back who tries one token after the other. Each network may be wrong burst times at once, and once
// again each time that pause has passed. While it may not, no token of its is looked at, not even the right one.
type attempts struct {
	mu    sync.Mutex
	wrong map[netip.Prefix]*bucket
}

// bucket is what a network has used up of its attempts.
type bucket struct {
	used float64 // at the time of last
	last time.Time
}

const (
	wrongBurst   = 5
	wrongPause   = 10 * time.Second
	mostNetworks = 4096 // remembered at a time; all others share one bucket
)

func (b *bucket) at(now time.Time) float64 {
	return max(0, b.used-float64(now.Sub(b.last))/float64(wrongPause))
}

// try says what comes of a token from an address, which is right or not: nil, errWrong, or errTooMany for one that is not
// looked at.
func (a *attempts) try(from netip.Addr, right bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.forget(now)
	place := a.place(from)
	b := a.wrong[place]
	switch {
	case b != nil && b.at(now) > wrongBurst-1:
		return errTooMany
	case right:
		return nil
	case b == nil:
		if a.wrong == nil {
			a.wrong = make(map[netip.Prefix]*bucket)
		}
		b = &bucket{}
		a.wrong[place] = b
	}
	b.used, b.last = b.at(now)+1, now
	return errWrong
}

// forget makes room, if there is none for a network of its own: buckets that are empty again say nothing.
func (a *attempts) forget(now time.Time) {
	if len(a.wrong) < mostNetworks {
		return
	}
	for network, b := range a.wrong {
		if b.at(now) == 0 {
			delete(a.wrong, network)
		}
	}
}

// place is where an address is counted: an address of IPv4, a /64 of IPv6, which is the least that a subscriber has.
func (a *attempts) place(from netip.Addr) netip.Prefix {
	from = from.Unmap().WithZone("")
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	if _, ok := a.wrong[network]; !ok && len(a.wrong) >= mostNetworks {
		return netip.Prefix{}
	}
	return network
}

// isLocal reports whether a request comes from this machine and means this machine. What a proxy on this machine
// passes on does not, and neither does what a page sends whose site's name was made to lead here (DNS rebinding): both name
// another host.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	to, err := netip.ParseAddr(host)
	return err == nil && to.Unmap().IsLoopback()
}
