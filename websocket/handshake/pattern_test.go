package handshake

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPattern(t *testing.T) {
	for _, row := range []struct {
		name, pattern string
		in, out       []string
	}{
		{
			"any", "*",
			[]string{"http://a.example", "https://a.example:1", "chrome-extension://abc", "file://", "http://[::1]:9"},
			nil,
		}, {
			"host", "a.example",
			[]string{"http://a.example", "https://A.EXAMPLE", "https://a.example:443", "http://a.example:80", "app://a.example"},
			[]string{"http://a.example:8080", "https://a.example:80", "app://a.example:80", "http://b.example",
				"http://a.example.evil.example", "http://xa.example", "http://ax.example"},
		}, {
			"upper case", "HTTPS://A.Example",
			[]string{"https://a.example"},
			[]string{"http://a.example"},
		}, {
			"host and port", "a.example:8080",
			[]string{"http://a.example:8080", "https://a.example:8080"},
			[]string{"http://a.example", "http://a.example:80800", "http://a.example:808"},
		}, {
			"default port of one scheme", "a.example:443",
			[]string{"https://a.example", "https://a.example:443", "http://a.example:443"},
			[]string{"http://a.example"},
		}, {
			"scheme", "https://a.example",
			[]string{"https://a.example", "https://a.example:443"},
			[]string{"http://a.example", "https://a.example:8443", "wss://a.example"},
		}, {
			"scheme and default port", "https://a.example:443",
			[]string{"https://a.example", "https://a.example:443"},
			[]string{"https://a.example:80"},
		}, {
			"any port", "http://localhost:*",
			[]string{"http://localhost", "http://localhost:3000"},
			[]string{"https://localhost", "http://localhost.evil.example"},
		}, {
			"some ports", "localhost:30*",
			[]string{"http://localhost:3000", "http://localhost:30"},
			[]string{"http://localhost", "http://localhost:4030"},
		}, {
			"subdomains", "https://*.a.example",
			[]string{"https://x.a.example", "https://x.y.a.example"},
			[]string{"https://a.example", "https://xa.example", "https://x.a.example:1", "https://x.a.example.evil.example"},
		}, {
			"'*' stays in the host", "https://*",
			[]string{"https://a.example", "https://[::1]"},
			[]string{"https://a.example:8443", "http://a.example"},
		}, {
			"'*' in the scheme", "http*://a.example",
			[]string{"http://a.example", "https://a.example"},
			[]string{"ws://a.example"},
		}, {
			"several '*'", "*-preview*.a.example",
			[]string{"https://x-preview.a.example", "https://x-preview-preview7.a.example"},
			[]string{"https://preview.a.example", "https://x-preview.b.example"},
		}, {
			"all parts", "*://*:*",
			[]string{"https://a.example:1", "file://", "app://x"},
			nil,
		}, {
			"IPv6", "http://[2001:db8::1]:8080",
			[]string{"http://[2001:DB8::1]:8080"},
			[]string{"http://[2001:db8::1]", "http://[2001:db8::2]:8080"},
		}, {
			"IPv6 with '*'", "[2001:db8:*]",
			[]string{"http://[2001:db8::1]", "https://[2001:db8::2]"},
			[]string{"http://[2001:db9::1]", "http://[2001:db8::1]:8080"},
		}, {
			"IPv4 with '*'", "10.0.0.*:*",
			[]string{"http://10.0.0.7:3000", "http://10.0.0.example.com"},
			[]string{"http://10.0.1.7"},
		}, {
			"no host", "file://",
			[]string{"file://"},
			[]string{"file://a", "app://"},
		}, {
			"every character of a scheme", "w3b+a-p.p://a.example",
			[]string{"w3b+a-p.p://a.example"},
			[]string{"w3b+a-p://a.example"},
		}, {
			"extension", "chrome-extension://abcdef",
			[]string{"chrome-extension://abcdef"},
			[]string{"moz-extension://abcdef", "chrome-extension://abcdeg"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := ValidatePattern(row.pattern); err != nil {
				t.Fatal(err)
			}
			for _, origin := range row.in {
				if e := CheckOrigin(originRequest("server.example", origin), []string{row.pattern}); e != nil {
					t.Errorf("%q does not let in %s: %v", row.pattern, origin, e)
				}
			}
			for _, origin := range row.out {
				if CheckOrigin(originRequest("server.example", origin), []string{row.pattern}) == nil {
					t.Errorf("%q lets in %s", row.pattern, origin)
				}
			}
		})
	}
}

func TestValidatePattern(t *testing.T) {
	for _, row := range []struct{ name, pattern, text string }{
		{"null", "null", ""},
		{"any", "*", ""},
		{"host", "a.example", ""},
		{"host and any port", "localhost:*", ""},
		{"no host", "file://", ""},
		{"only '*' as scheme", "*://", ""},

		{"empty", "", "names no host"},
		{"path", "https://a.example/", "goes on after"},
		{"path without scheme", "a.example/chat", "goes on after"},
		{"query", "a.example?x", "goes on after"},
		{"fragment", "a.example#x", "goes on after"},
		{"user", "me@a.example", "user information"},
		{"scheme without slashes", "https:a.example", "malformed port"},
		{"no scheme", "://a.example", "malformed scheme"},
		{"malformed scheme", "ht_tp://a.example", "malformed scheme"},
		{"scheme only", "https://", "names no host"},
		{"port only", ":8080", "names no host"},
		{"scheme and port", "app://:8080", "names no host"},
		{"empty port", "a.example:", "malformed port"},
		{"port is a name", "a.example:http", "malformed port"},
		{"port too big", "a.example:70000", "malformed port"},
		{"port is a name with '*'", "a.example:x*", "malformed port"},
		{"IPv6 without brackets", "::1", "in brackets"},
		{"IPv6 open", "[::1", "in brackets"},
		{"IPv6 malformed", "[::z]", "malformed host"},
		{"IPv6 with '*' malformed", "[::z*]", "malformed host"},
		{"IPv6 with '*' and more", "[::*]a", "malformed host"},
		{"space", "a.example b.example", "malformed host"},
		{"comma and space", "a.example, b.example", "malformed host"},
		{"space around", " a.example", "malformed host"},
		{"above ASCII", "bücher.example", "malformed host"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := ValidatePattern(row.pattern)
			switch {
			case row.text == "" && err != nil:
				t.Error(err)
			case row.text != "" && (err == nil || !strings.Contains(err.Error(), row.text)):
				t.Errorf("error is %v, want one with %q", err, row.text)
			}
		})
	}
}

func TestGlobIsNotExponential(t *testing.T) {
	pattern := strings.Repeat("*a", 50) + "b"
	if glob(pattern, strings.Repeat("a", 10_000)) { // would not end in our time, if it were
		t.Error("matched")
	}
}

// FuzzGlob compares glob with a regular expression.
func FuzzGlob(f *testing.F) {
	f.Add("*.example.com", "a.b.example.com")
	f.Add("a*b*c", "aXbbYc")
	f.Add("**", "")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) || len(pattern) > 200 {
			t.Skip("a regular expression needs UTF-8")
		}
		fold := func(s string) string { return string([]byte(strings.Map(lowerRune, s))) }
		expression := `(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(fold(pattern)), `\*`, `.*`) + `$`
		if want := regexp.MustCompile(expression).MatchString(fold(s)); glob(pattern, s) != want {
			t.Errorf("glob(%q, %q) = %v, want %v", pattern, s, !want, want)
		}
	})
}

func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
