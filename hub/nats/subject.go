package nats

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
)

const maxName = 200 // see hub.ErrRoomName

// NATS allows almost any octet in a token of a subject, but not spaces, dots, and "*" and ">" alone. A room's
// name is split at its dots; in each token letters, digits, "-" and "_" stand for themselves, and every other
// octet is "=" and two hexadecimal digits. A token with nothing in it, which NATS does not have, is "="
// alone.

const hexDigits = "0123456789ABCDEF"

// isPlain reports whether an octet stands for itself in a token.
func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// appendToken appends one token, encoded.
func appendToken(to []byte, token string) []byte {
	if token == "" {
		return append(to, '=')
	}
	for i := 0; i < len(token); i++ {
		if c := token[i]; isPlain(c) {
			to = append(to, c)
		} else {
			to = append(to, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return to
}

// encodeRoom returns the tokens of a subject that stand for a room's name.
func encodeRoom(name string) string { return encodeTokens(name, false) }

// encodePattern returns those that stand for a pattern: "*" and a last ">" mean to NATS what they mean to a
// Hub.
func encodePattern(pattern string) string { return encodeTokens(pattern, true) }

func encodeTokens(name string, wild bool) string {
	to := make([]byte, 0, len(name)+16)
	for more := true; more; {
		var token string
		token, name, more = strings.Cut(name, ".")
		switch {
		case wild && token == "*", wild && token == ">" && !more:
			to = append(to, token...)
		default:
			to = appendToken(to, token)
		}
		if more {
			to = append(to, '.')
		}
	}
	return string(to)
}

// decodeRoom is encodeRoom backwards. It takes nothing but what encodeRoom gives, so that one room has one
// subject.
func decodeRoom(tokens string) (name string, ok bool) {
	if len(tokens) > 3*maxName {
		return "", false
	}
	to := make([]byte, 0, len(tokens))
	for more := true; more; {
		var token string
		token, tokens, more = strings.Cut(tokens, ".")
		if to, ok = appendDecoded(to, token); !ok {
			return "", false
		}
		if more {
			to = append(to, '.')
		}
	}
	name = string(to)
	return name, checkName(name) == nil
}

func appendDecoded(to []byte, token string) ([]byte, bool) {
	if token == "=" {
		return to, true
	}
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '=' {
			if i+2 >= len(token) {
				return to, false
			}
			high, low := strings.IndexByte(hexDigits, token[i+1]), strings.IndexByte(hexDigits, token[i+2])
			if high < 0 || low < 0 {
				return to, false
			}
			c = byte(high<<4 | low)
			if isPlain(c) || c == '.' {
				return to, false
			}
			i += 2
		} else if !isPlain(c) {
			return to, false
		}
		to = append(to, c)
	}
	return to, token != ""
}

// checkName says whether a room or a pattern may have a name.
func checkName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return hub.ErrRoomName
	}
	return nil
}

// What an Ordered room without history keeps, for those who follow it and missed something.
var orderedHistory = hub.History{Messages: 256, Age: duplicates}

const orderedToken = "ordered"

// classToken names a History in subjects and in the names of streams: "100-3600s", "100-forever".
func classToken(h hub.History) string {
	if h.Messages <= 0 {
		return orderedToken
	}
	n := strconv.Itoa(h.Messages) + "-"
	switch {
	case h.Age <= 0:
		return n + "forever"
	case h.Age%time.Second == 0:
		return n + strconv.FormatInt(int64(h.Age/time.Second), 10) + "s"
	default:
		return n + strconv.FormatInt(int64(h.Age), 10) + "ns"
	}
}

// parseClass is classToken backwards.
func parseClass(token string) (h hub.History, ok bool) {
	if token == orderedToken {
		return hub.History{}, true
	}
	messages, age, ok := strings.Cut(token, "-")
	if !ok {
		return h, false
	}
	n, err := strconv.Atoi(messages)
	if err != nil || n <= 0 {
		return h, false
	}
	h.Messages = n
	if age != "forever" {
		digits, unit, ok := age, time.Second, false
		if digits, ok = strings.CutSuffix(age, "ns"); ok {
			unit = 1
		} else if digits, ok = strings.CutSuffix(age, "s"); !ok {
			return h, false
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n <= 0 || n > int64(1<<63-1)/int64(unit) {
			return h, false
		}
		h.Age = time.Duration(n) * unit
	}
	return h, classToken(h) == token
}
