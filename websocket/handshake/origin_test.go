package handshake

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestSameHostMayConnect(t *testing.T) {
	for _, row := range []struct{ name, origin, host string }{
		{"the same", "https://example.com", "example.com"},
		{"other case", "HTTPS://Example.COM", "eXample.com"},
		{"the same port", "http://example.com:8080", "example.com:8080"},
		{"default port in Host, https", "https://example.com", "example.com:443"},
		{"default port in Host, http", "http://example.com", "example.com:80"},
		{"default port in Origin", "https://example.com:443", "example.com"},
		{"default port in both", "http://example.com:80", "example.com:80"},
		{"empty port in Host", "http://example.com", "example.com:"},
		{"https page, ws behind a proxy", "https://example.com", "example.com"},
		{"scheme ws", "ws://example.com", "example.com:80"},
		{"scheme wss", "wss://example.com", "example.com"},
		{"IPv4", "http://127.0.0.1:3000", "127.0.0.1:3000"},
		{"IPv6", "http://[2001:DB8::1]:3000", "[2001:db8::1]:3000"},
		{"IPv6, default port", "https://[::1]", "[::1]:443"},
		{"space around", " http://example.com\t", "example.com"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if e := CheckOrigin(originRequest(row.host, row.origin), nil); e != nil {
				t.Error(e)
			}
		})
	}
}

func TestNoOriginMayConnect(t *testing.T) {
	if e := CheckOrigin(originRequest("example.com"), nil); e != nil {
		t.Error(e)
	}
}

func TestOriginIsRefused(t *testing.T) {
	for _, row := range []struct{ name, origin, host, text string }{
		{"another host", "https://evil.example", "example.com", `"https://evil.example" may not connect to "example.com"`},
		{"subdomain", "https://a.example.com", "example.com", "may not connect"},
		{"parent domain", "https://example.com", "a.example.com", "may not connect"},
		{"longer host", "https://example.com.evil.example", "example.com", "may not connect"},
		{"prefix", "https://example.co", "example.com", "may not connect"},
		{"trailing dot", "https://example.com.", "example.com", "may not connect"},
		{"another port", "http://example.com:8080", "example.com:8081", "may not connect"},
		{"port in Origin only", "http://example.com:8080", "example.com", "may not connect"},
		{"the other scheme's port in Host", "https://example.com", "example.com:80", "may not connect"},
		{"the other scheme's port in Origin", "http://example.com:443", "example.com", "may not connect"},
		{"Kelvin sign", "http://\u212a.example", "k.example", "malformed"},
		{"app scheme", "app://example.com", "example.com", "may not connect"},
		{"extension", "chrome-extension://abcdef", "example.com", "may not connect"},
		{"local file", "file://", "example.com", "may not connect"},
		{"no host on either side", "file://", "", "may not connect"},
		{"no Host", "http://example.com", "", "may not connect"},
		{"malformed Host", "http://example.com", "example.com/", "may not connect"},
		{"null", "null", "example.com", `pattern "null"`},
		{"null is the host's name", "null", "null", `pattern "null"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := CheckOrigin(originRequest(row.host, row.origin), []string{"other.example", "https://["})
			if e == nil {
				t.Fatal("let in")
			}
			wantError(t, e, http.StatusForbidden, "RFC 6455 §10.2", row.text)
		})
	}
}

func TestMalformedOriginIsRefusedWhateverThePatterns(t *testing.T) {
	for _, row := range []struct{ name, origin string }{
		{"empty", ""},
		{"host only", "example.com"},
		{"no slashes", "http:example.com"},
		{"no scheme", "://example.com"},
		{"scheme begins with a digit", "1http://example.com"},
		{"scheme with a space", "ht tp://example.com"},
		{"no host", "http://"},
		{"no host, but a port", "http://:80"},
		{"path", "http://example.com/"},
		{"query", "http://example.com?"},
		{"fragment", "http://example.com#"},
		{"user", "http://example.com@evil.example"},
		{"backslash", `http://example.com\@evil.example`},
		{"space", "http://example.com evil.example"},
		{"list", "http://example.com http://evil.example"},
		{"comma", "http://example.com, http://evil.example"},
		{"percent-encoding", "http://example%2ecom"},
		{"above ASCII", "http://exämple.com"},
		{"control character", "http://example.com\x00"},
		{"port is no number", "http://example.com:http"},
		{"port is too big", "http://example.com:65536"},
		{"port is negative", "http://example.com:-1"},
		{"two ports", "http://example.com:80:80"},
		{"bracket open", "http://[::1"},
		{"brackets empty", "http://[]"},
		{"something after the bracket", "http://[::1]a"},
		{"IPv4 in brackets", "http://[127.0.0.1]"},
		{"zone", "http://[fe80::1%eth0]"},
		{"IPv6 without brackets", "http://::1"},
		{"NULL", "NULL"},
		{"very long", strings.Repeat("a", 100_000)},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := CheckOrigin(originRequest("example.com", row.origin), []string{"*", "*:*", "null"})
			if e == nil {
				t.Fatal("let in")
			}
			wantError(t, e, http.StatusForbidden, "RFC 6455 §10.2", "malformed")
		})
	}
}

func TestSecondOriginIsRefused(t *testing.T) {
	r := originRequest("example.com", "http://example.com", "http://example.com")
	wantError(t, CheckOrigin(r, []string{"*"}), http.StatusForbidden, "RFC 6455 §10.2", "more than once")
}

func TestNullOriginNeedsItsPattern(t *testing.T) {
	for _, pattern := range []string{"null", "*"} {
		if e := CheckOrigin(originRequest("example.com", "null"), []string{"a.example", pattern}); e != nil {
			t.Errorf("pattern %q: %v", pattern, e)
		}
	}
	for _, pattern := range []string{"nul*", "**", "*://*", "*:*", "NULL"} {
		if e := CheckOrigin(originRequest("example.com", "null"), []string{pattern}); e == nil {
			t.Errorf("pattern %q lets null in", pattern)
		}
	}
}

func TestCheckOriginDoesNotAllocate(t *testing.T) {
	r := originRequest("example.com", "https://app.example.org:8443")
	patterns := []string{"a.example", "https://*.example.org:*"}
	if n := testing.AllocsPerRun(100, func() { CheckOrigin(r, patterns) }); n != 0 {
		t.Errorf("CheckOrigin allocates %v times for an origin it lets in", n)
	}
}

func BenchmarkCheckOrigin(b *testing.B) {
	b.Run("same host", func(b *testing.B) {
		r := originRequest("example.com", "https://example.com")
		b.ReportAllocs()
		for b.Loop() {
			CheckOrigin(r, nil)
		}
	})
	b.Run("pattern", func(b *testing.B) {
		r := originRequest("example.com", "https://app.example.org:8443")
		patterns := []string{"https://*.example.org:*"}
		b.ReportAllocs()
		for b.Loop() {
			CheckOrigin(r, patterns)
		}
	})
}

// FuzzOrigin: without patterns nobody is let in whom net/url does not take for the same host, and a
// malformed pattern lets in nobody.
func FuzzOrigin(f *testing.F) {
	f.Add("https://example.com", "example.com", "https://*.example.com")
	f.Add("http://example.com:80", "EXAMPLE.com", "example.com:*")
	f.Add("http://[::1]:8080", "[::1]:8080", "[*]:8080")
	f.Add("http://example.com@evil.example", "example.com", "evil.example/")
	f.Add("file://", "", "file://")
	f.Add("null", "null", "null")
	f.Add("app://localhost", "localhost", "app://*")
	f.Fuzz(func(t *testing.T, origin, host, pattern string) {
		r := originRequest(host, origin)
		e := CheckOrigin(r, nil)
		if e == nil && !naiveSameHost(origin, host) {
			t.Errorf("origin %q is let in at host %q", origin, host)
		}
		if e != nil {
			checkSendable(t, e)
		}
		matched := CheckOrigin(r, []string{pattern})
		switch err := ValidatePattern(pattern); {
		case e == nil && matched != nil:
			t.Errorf("the pattern %q keeps out %q, which is let in without it", pattern, origin)
		case err != nil && (e == nil) != (matched == nil):
			t.Errorf("the malformed pattern %q lets in %q: %v", pattern, origin, err)
		case err == nil && parsesAsOrigin(pattern) && strings.Trim(origin, " \t") == pattern && matched != nil:
			t.Errorf("the pattern %q does not let in itself: %v", pattern, matched)
		}
	})
}

func parsesAsOrigin(pattern string) bool {
	_, ok := parseOrigin(pattern)
	return ok && !strings.HasSuffix(pattern, ":")
}

func naiveSameHost(origin, host string) bool {
	o, err := url.Parse(strings.Trim(origin, " \t"))
	if err != nil || o.User != nil || o.Path != "" || o.Opaque != "" {
		return false
	}
	h, err := url.Parse(o.Scheme + "://" + host)
	if err != nil || h.Path != "" || h.Hostname() == "" {
		return false
	}
	port := func(u *url.URL) string {
		standard := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}
		if u.Port() == "" {
			return standard[u.Scheme]
		}
		return u.Port()
	}
	name := func(u *url.URL) string { return strings.ToLower(u.Hostname()) }
	return name(o) == name(h) && port(o) == port(h)
}

func originRequest(host string, origins ...string) *Request {
	r := goodRequest()
	r.Host = host
	delete(r.Header, "Origin")
	if len(origins) > 0 {
		r.Header["Origin"] = origins
	}
	return r
}
