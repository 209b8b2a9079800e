package hub

import "strings"

// A pattern is what names of rooms are held against, token by token.
type pattern struct {
	tokens []string
	rest   bool // one or more tokens follow
}

const anyToken, anyRest = "*", ">"

// parsePattern reads a pattern. A token that has more than a "*" or a ">" in it is nothing but itself, as is
// a ">" that is not the last.
func parsePattern(s string) (pattern, error) {
	if err := checkName(s); err != nil {
		return pattern{}, err
	}
	tokens := strings.Split(s, ".")
	last := len(tokens) - 1
	if tokens[last] == anyRest {
		return pattern{tokens[:last], true}, nil
	}
	return pattern{tokens, false}, nil
}

// exact reports whether just the room matches that has the pattern's name.
func (p pattern) exact() bool {
	for _, t := range p.tokens {
		if t == anyToken {
			return false
		}
	}
	return !p.rest
}

func (p pattern) match(name string) bool {
	more := true
	for _, t := range p.tokens {
		if !more {
			return false
		}
		var token string
		token, name, more = strings.Cut(name, ".")
		if t != anyToken && t != token {
			return false
		}
	}
	return more == p.rest
}
