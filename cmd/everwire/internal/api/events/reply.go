package events

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostReply = 64 << 10 // octets of a backend's answer
	mostName  = 200      // octets of a user or a name
	mostText  = 200      // octets of a refusal's text
)

var errReply = errors.New("the backend's answer makes no sense")

// readWelcome reads the answer of a backend that lets a connection in. Fields that are not known are left
// alone: a framework may add its own.
func readWelcome(answer []byte) (Welcome, error) {
	var w Welcome
	if len(answer) == 0 {
		return w, nil
	}
	if err := json.Unmarshal(answer, &w); err != nil {
		return Welcome{}, errors.Join(errReply, err)
	}
	for _, name := range []string{w.User, w.Name} {
		if len(name) > mostName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return Welcome{}, errors.Join(errReply, errors.New("a user and a name are up to 200 octets without control characters"))
		}
	}
	return w, nil
}

// refusal makes a Refusal of a status, if it is one, and of the text that came with it.
func refusal(status int, text string) *Refusal {
	usual := map[int]string{
		http.StatusUnauthorized:    "sign in first",
		http.StatusForbidden:       "you may not connect",
		http.StatusTooManyRequests: "too many; try again later",
	}[status]
	if usual == "" {
		return nil
	}
	if text == "" || len(text) > mostText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		text = usual
	}
	return &Refusal{status, text}
}
