package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Grant is what somebody may do, and until when. A nil *Grant is of a server that asked for no
// authentication, and may everything; the zero Grant may nothing. A Grant is not changed after it was made,
// so it is safe for concurrent use.
//
// Join and Publish are patterns of rooms' names. Names have tokens between dots; a pattern's token matches
// itself, "*" is any one token, and ">" at the end is one or more. "orders.*" matches orders.eu but not
// orders or orders.eu.paris; "orders.>" matches both of the latter; ">" matches every room. Letters' case
// counts.
type Grant struct {
	User string // whom limits count for, and presence names
	Name string // how others see the user, if the token says; may be empty

	Join    []string
	Publish []string

	Expires time.Time // zero: never
}

// MayJoin reports whether a room may be joined, which is also to read what it keeps and who is there.
func (g *Grant) MayJoin(room string) bool { return g == nil || matchesAny(g.Join, room) }

// MayPublish reports whether a room may be published to, joined or not.
func (g *Grant) MayPublish(room string) bool { return g == nil || matchesAny(g.Publish, room) }

// Expired reports whether the grant has ended at a time. That of a nil Grant, and of one without Expires,
// never does.
func (g *Grant) Expired(at time.Time) bool {
	return g != nil && !g.Expires.IsZero() && !at.Before(g.Expires)
}

func matchesAny(patterns []string, room string) bool {
	for _, p := range patterns {
		if matches(p, room) {
			return true
		}
	}
	return false
}

// matches holds a room's name against a pattern, token by token. A ">" that is not at the end matches nothing.
func matches(pattern, room string) bool {
	for {
		if pattern == ">" {
			return true
		}
		want, patternRest, patternMore := strings.Cut(pattern, ".")
		have, roomRest, roomMore := strings.Cut(room, ".")
		if want == ">" || want != "*" && want != have || patternMore != roomMore {
			return false
		}
		if !patternMore {
			return true
		}
		pattern, room = patternRest, roomRest
	}
}

const (
	maxPattern  = 200 // octets, as package hub allows of a room's name
	maxPatterns = 1000
	maxName     = 200
)

// check reports what makes a grant useless or harmful, in words for who writes tokens.
func (g *Grant) check() error {
	switch {
	case g.User == "":
		return errors.New("no user is named")
	case len(g.User) > maxName:
		return fmt.Errorf("the user's id is longer than %d octets", maxName)
	case len(g.Name) > maxName:
		return fmt.Errorf("the name is longer than %d octets", maxName)
	case !utf8.ValidString(g.User) || !utf8.ValidString(g.Name):
		return errors.New("the user's id or name is not UTF-8")
	case len(g.Join) > maxPatterns || len(g.Publish) > maxPatterns:
		return fmt.Errorf("there are more than %d patterns of rooms", maxPatterns)
	}
	for _, patterns := range [][]string{g.Join, g.Publish} {
		for _, p := range patterns {
			if err := checkPattern(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkPattern(p string) error {
	switch {
	case p == "" || len(p) > maxPattern || !utf8.ValidString(p):
		return fmt.Errorf("a room pattern is 1 to %d octets of UTF-8", maxPattern)
	case strings.HasPrefix(p, ">.") || strings.Contains(p, ".>."):
		return fmt.Errorf("the room pattern %s has > before its end", quoted(p))
	}
	return nil
}
