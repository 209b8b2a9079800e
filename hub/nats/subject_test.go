package nats

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
)

var roomNames = []string{
	"a", "A", "a.b", ".", "..", "a.", ".a", "a..b", "*", ">", "a.*", "a.>", "a*", "a b", "a\tb", "a\r\nb", "a\x00b",
	"grüße.世界", "🙂", "=", "a=b", "=41", "$SYS.a", "-_", "e\u0301", "\u00e9", strings.Repeat(".", 200), strings.Repeat("é", 100),
}

func TestARoomsSubjectIsItsOwn(t *testing.T) {
	rooms := make(map[string]string)
	for _, name := range roomNames {
		subject := encodeRoom(name)
		if other, taken := rooms[subject]; taken {
			t.Errorf("%q and %q have the same subject %q", name, other, subject)
		}
		rooms[subject] = name
		if back, ok := decodeRoom(subject); !ok || back != name {
			t.Errorf("%q became %q, and that %q, %v", name, subject, back, ok)
		}
	}
}

func TestOnlyWhatEncodeRoomGivesIsARoom(t *testing.T) {
	for _, subject := range []string{
		"", "a..b", ".", "a.", "*", ">", "a.*", "a b", "=4", "=4g", "=ff", "a=", "==", "=61", "=2E", "=FF", "é",
		strings.Repeat("a", 201), strings.Repeat("=00", 201),
	} {
		if name, ok := decodeRoom(subject); ok {
			t.Errorf("%q is taken for the room %q", subject, name)
		}
	}
}

func FuzzARoomsSubjectIsItsOwn(f *testing.F) {
	for i, name := range roomNames {
		f.Add(name, roomNames[(i+1)%len(roomNames)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if checkName(a) != nil || checkName(b) != nil {
			return
		}
		subject := encodeRoom(a)
		for _, token := range strings.Split(subject, ".") {
			if token == "" || token == "*" || token == ">" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("%q has a subject that NATS does not take: %q", a, subject)
			}
		}
		if back, ok := decodeRoom(subject); !ok || back != a {
			t.Fatalf("%q became %q, and that %q, %v", a, subject, back, ok)
		}
		if a != b && encodeRoom(b) == subject {
			t.Fatalf("%q and %q have the same subject", a, b)
		}
	})
}

func FuzzDecodeRoom(f *testing.F) {
	for _, name := range roomNames {
		f.Add(encodeRoom(name))
	}
	f.Add("=2e.=.a")
	f.Fuzz(func(t *testing.T, subject string) {
		name, ok := decodeRoom(subject)
		if ok && (encodeRoom(name) != subject || !utf8.ValidString(name) || len(name) > maxName) {
			t.Fatalf("%q is taken for %q, whose subject is %q", subject, name, encodeRoom(name))
		}
	})
}

// matches is what package hub says of patterns, token by token.
func matches(pattern, name string) bool {
	p, n := strings.Split(pattern, "."), strings.Split(name, ".")
	for i, token := range p {
		switch {
		case token == ">" && i == len(p)-1:
			return len(n) > i
		case i >= len(n), token != "*" && token != n[i]:
			return false
		}
	}
	return len(p) == len(n)
}

// natsMatches is what NATS says of subjects.
func natsMatches(filter, subject string) bool {
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	for i, token := range f {
		if token == ">" {
			return len(s) > i
		}
		if i >= len(s) || token != "*" && token != s[i] {
			return false
		}
	}
	return len(f) == len(s)
}

var patterns = []string{"a", "a.b", "*", ">", "a.*", "a.>", "*.b", ">.a", "a.>.b", "a*", ".", "*.*", "..>", "grüße.*", ".*", "*.", "a b.*"}

func TestPatternsMatchAsTheHubSays(t *testing.T) {
	for _, pattern := range patterns {
		for _, name := range append([]string{"a.b.c", "a.>.b", "b.b", "a.*.b"}, roomNames...) {
			if got, want := natsMatches(encodePattern(pattern), encodeRoom(name)), matches(pattern, name); got != want {
				t.Errorf("NATS has %q match %q: %v, want %v", pattern, name, got, want)
			}
		}
	}
}

func FuzzPatternsMatchAsTheHubSays(f *testing.F) {
	for i, pattern := range patterns {
		f.Add(pattern, roomNames[i%len(roomNames)])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if checkName(pattern) != nil || checkName(name) != nil {
			return
		}
		if got, want := natsMatches(encodePattern(pattern), encodeRoom(name)), matches(pattern, name); got != want {
			t.Fatalf("NATS has %q match %q: %v, want %v", pattern, name, got, want)
		}
	})
}

func TestAHistoryHasAClassOfItsOwn(t *testing.T) {
	for _, test := range []struct {
		name    string
		history hub.History
		token   string
	}{
		{"none", hub.History{}, "ordered"},
		{"none, but an age", hub.History{Age: time.Hour}, "ordered"},
		{"no age", hub.History{Messages: 100}, "100-forever"},
		{"seconds", hub.History{Messages: 1000, Age: 24 * time.Hour}, "1000-86400s"},
		{"parts of a second", hub.History{Messages: 1, Age: 1500 * time.Millisecond}, "1-1500000000ns"},
	} {
		t.Run(test.name, func(t *testing.T) {
			token := classToken(test.history)
			if token != test.token {
				t.Errorf("the token is %q, want %q", token, test.token)
			}
			if h, ok := parseClass(token); !ok || classToken(h) != token {
				t.Errorf("%q is read as %v, %v", token, h, ok)
			}
		})
	}
}

func FuzzParseClass(f *testing.F) {
	for _, token := range []string{
		"ordered", "100-forever", "100-60s", "1-1500000000ns", "", "0-1s", "1-0s", "01-1s", "1-01s", "1-1000000000ns", "-1-1s", "1-",
		"1-s", "9223372036854775807-9223372036s", "1-9223372037s", "1-99999999999999999999ns", "+1-1s", "1-+1s",
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if h, ok := parseClass(token); ok && (classToken(h) != token || h.Age < 0) {
			t.Fatalf("%q is read as %v, whose token is %q", token, h, classToken(h))
		}
	})
}
