package handshake

import (
	"fmt"
	"strings"
)

// ValidatePattern returns an error that says what is wrong with a pattern for [CheckOrigin], nil if nothing
// is. Call it on every pattern when a server is configured: a malformed one, such as a URL with a path,
// matches no origin.
func ValidatePattern(pattern string) error {
	if pattern == "null" {
		return nil
	}
	if _, problem := parsePattern(pattern); problem != "" {
		return fmt.Errorf("handshake: the origin pattern %q %s", pattern, problem)
	}
	return nil
}

// parsePattern takes a pattern other than "null" apart, or says what is wrong with it. The parts of the
// result may hold '*'; a port of "" stands for the default one.
func parsePattern(pattern string) (p origin, problem string) {
	if pattern == "*" {
		return origin{"*", "*", "*"}, ""
	}
	scheme, authority, hasScheme := strings.Cut(pattern, "://")
	if !hasScheme {
		scheme, authority = "*", pattern
	}
	switch {
	case !validScheme(scheme, "*"):
		return p, "has a malformed scheme"
	case strings.ContainsAny(authority, "/?#"):
		return p, "goes on after the host and port, where an origin ends"
	case strings.Contains(authority, "@"):
		return p, "has user information, which an origin never has"
	}
	host, port, hasPort := cutPort(authority)
	switch {
	case strings.Contains(port, ":"):
		return p, "has more than one colon after the scheme; an IPv6 address must be in brackets"
	case hasPort && !validPortPattern(port):
		return p, "has a malformed port; it must be a number up to 65535, or hold a '*'"
	case host == "" && (!hasScheme || hasPort || defaultPort(scheme) != ""):
		return p, "names no host"
	case !validHostPattern(host):
		return p, "has a malformed host"
	}
	return origin{scheme, host, port}, ""
}

func validPortPattern(s string) bool {
	if strings.Contains(s, "*") {
		return strings.Trim(s, "0123456789*") == ""
	}
	return s != "" && validPort(s)
}

func validHostPattern(s string) bool {
	inner, isBracketed := strings.CutPrefix(s, "[")
	if !isBracketed || !strings.Contains(s, "*") {
		return s == "" || validHost(s)
	}
	inner, isClosed := strings.CutSuffix(inner, "]")
	return isClosed && strings.Trim(inner, "0123456789abcdefABCDEF:.*") == ""
}

func (p origin) matches(o origin) bool {
	return glob(p.scheme, o.scheme) && glob(p.host, o.host) && p.matchesPort(o)
}

func (p origin) matchesPort(o origin) bool {
	if p.port == "" {
		return o.effectivePort() == defaultPort(o.scheme)
	}
	return glob(p.port, o.effectivePort())
}

// glob reports whether s is pattern, each '*' in it standing for any run of characters. A mismatch after a
// '*' goes back to the last '*' only, never to one before it: the work is at most len(pattern) * len(s).
func glob(pattern, s string) bool {
	star, resume := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
