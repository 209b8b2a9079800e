package handshake

import (
	"bufio"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goodRequest is what a browser sends.
func goodRequest() *Request {
	return &Request{
		Method: "GET", Target: "/chat", Major: 1, Minor: 1, Host: "javascript.info",
		Header: http.Header{
			"Upgrade":               {"websocket"},
			"Connection":            {"Upgrade"},
			"Origin":                {"https://javascript.info"},
			"Sec-Websocket-Key":     {"Iv8io/9s+lYFgZWcXczP8Q=="},
			"Sec-Websocket-Version": {"13"},
		},
	}
}

func TestCheckAccepts(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Request)
	}{
		{"a browser's request", func(r *Request) {}},
		{"HTTP/1.2", func(r *Request) { r.Minor = 2 }},
		{"query", func(r *Request) { r.Target = "/chat?room=1&b=%20" }},
		{"octets above ASCII", func(r *Request) { r.Target = "/чат" }},
		{"two slashes", func(r *Request) { r.Target = "//chat" }},
		{"absolute http", func(r *Request) { r.Target = "http://javascript.info/chat" }},
		{"absolute https with port", func(r *Request) { r.Target = "https://javascript.info:8443/chat" }},
		{"absolute ws without path", func(r *Request) { r.Target = "ws://javascript.info" }},
		{"absolute wss with query", func(r *Request) { r.Target = "WSS://javascript.info?a=/" }},
		{"absolute with IPv6", func(r *Request) { r.Target = "ws://[::1]:80/chat" }},
		{"host with port", func(r *Request) { r.Host = "localhost:8080" }},
		{"host with empty port", func(r *Request) { r.Host = "localhost:" }},
		{"host with underscore", func(r *Request) { r.Host = "my_service:8080" }},
		{"host is IPv6", func(r *Request) { r.Host = "[2001:db8::1]:8080" }},
		{"Firefox's Connection", func(r *Request) { r.Header["Connection"] = []string{"keep-alive, Upgrade"} }},
		{"several protocols", func(r *Request) { r.Header["Upgrade"] = []string{"h2c", "WebSocket"} }},
		{"space around values", func(r *Request) {
			r.Header["Sec-Websocket-Key"] = []string{" Iv8io/9s+lYFgZWcXczP8Q==\t"}
			r.Header["Sec-Websocket-Version"] = []string{" 13 "}
		}},
		{"names spelled as on the wire", func(r *Request) {
			for _, f := range []field{fieldKey, fieldVersion} {
				r.Header[f.wire] = r.Header[f.canonical]
				delete(r.Header, f.canonical)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := goodRequest()
			row.change(r)
			if e := r.Check(); e != nil {
				t.Errorf("refused with %d: %v", e.Status, e)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	const general = "RFC 6455 §4.2.1"
	set := func(name string, lines ...string) func(*Request) {
		return func(r *Request) { r.Header[name] = lines }
	}
	drop := func(name string) func(*Request) {
		return func(r *Request) { delete(r.Header, name) }
	}
	target := func(s string) func(*Request) {
		return func(r *Request) { r.Target = s }
	}
	host := func(s string) func(*Request) {
		return func(r *Request) { r.Host = s }
	}
	upgrade := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	for _, row := range []struct {
		name          string
		change        func(*Request)
		status        int
		section, text string
		header        http.Header
	}{
		{"POST", func(r *Request) { r.Method = "POST" }, 405, general, `"POST"`, http.Header{"Allow": {"GET"}}},
		{"get", func(r *Request) { r.Method = "get" }, 405, general, `"get"`, http.Header{"Allow": {"GET"}}},
		{"no method", func(r *Request) { r.Method = "" }, 405, general, `""`, http.Header{"Allow": {"GET"}}},
		{"HTTP/1.0", func(r *Request) { r.Minor = 0 }, 400, general, "HTTP/1.0 cannot", nil},
		{"HTTP/0.9", func(r *Request) { r.Major, r.Minor = 0, 9 }, 400, general, "HTTP/0.9 cannot", nil},
		{"HTTP/2", func(r *Request) { r.Major, r.Minor = 2, 0 }, 400, "RFC 9113 §8.6", "HTTP/2.0 has no Upgrade", nil},

		{"no target", target(""), 400, general, "request-target is neither", nil},
		{"asterisk-form", target("*"), 400, general, "request-target is neither", nil},
		{"authority-form", target("javascript.info:80"), 400, general, "is neither", nil},
		{"relative target", target("chat"), 400, general, "is neither", nil},
		{"another scheme", target("ftp://javascript.info/"), 400, general, "is neither", nil},
		{"fragment", target("/chat#top"), 400, general, `"/chat" has a fragment`, nil},
		{"fragment, absolute", target("ws://a/#top"), 400, general, "fragment", nil},
		{"space in target", target("/a b"), 400, general, "a space or", nil},
		{"tab in target", target("/a\tb"), 400, general, "a space or", nil},
		{"line break in target", target("/a\r\nb"), 400, general, "a space or", nil},
		{"DEL in target", target("/\x7f"), 400, general, "a space or", nil},
		{"absolute without host", target("ws:///chat"), 400, general, "must name a host", nil},
		{"absolute with user", target("ws://me@a/chat"), 400, general, "must name a host", nil},
		{"absolute with bad port", target("ws://a:x/chat"), 400, general, "must name a host", nil},
		{"very long target", target("/ " + strings.Repeat("\x00", 100_000)), 400, general, "a space or", nil},

		{"no Host", host(""), 400, general, "Host header field is missing", nil},
		{"Host with path", host("a/b"), 400, general, `"a/b" is not`, nil},
		{"Host with user", host("me@a"), 400, general, "is not a host", nil},
		{"Host with space", host("a b"), 400, general, "is not a host", nil},
		{"Host is a port", host(":80"), 400, general, "is not a host", nil},
		{"Host with bad port", host("a:70000"), 400, general, "is not a host", nil},
		{"Host with open bracket", host("[::1"), 400, general, "is not a host", nil},

		{"no Upgrade", drop("Upgrade"), 426, general, "has no Upgrade", upgrade},
		{"h2c", set("Upgrade", "h2c", "TLS/1.0"), 426, general, `"h2c, TLS/1.0" does not ask`, upgrade},
		{"empty Upgrade", set("Upgrade", ""), 426, general, `"" does not ask`, upgrade},
		{"websocket/13", set("Upgrade", "websocket/13"), 426, general, "does not ask", upgrade},
		{"no Connection", drop("Connection"), 400, general, "Connection header field is missing", nil},
		{"close", set("Connection", "close", "x"), 400, general, `"close, x" does not have`, nil},

		{"no version", drop("Sec-Websocket-Version"), 400, general, "must be 13", nil},
		{"version twice", set("Sec-Websocket-Version", "13", "13"), 400, "RFC 6455 §11.3.5", "more than once", nil},
		{"version list", set("Sec-Websocket-Version", "13, 8"), 400, "RFC 6455 §11.3.5", "more than once", nil},
		{"version in both spellings", set("Sec-WebSocket-Version", "13"), 400, "RFC 6455 §11.3.5", "more than once", nil},
		{"version 8", set("Sec-Websocket-Version", "8"), 426, "RFC 6455 §4.2.2", `is "8"`, http.Header{
			"Sec-WebSocket-Version": {"13"}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"}}},
		{"version empty", set("Sec-Websocket-Version", ""), 426, "RFC 6455 §4.2.2", `is ""`, http.Header{
			"Sec-WebSocket-Version": {"13"}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"}}},

		{"no key", drop("Sec-Websocket-Key"), 400, general, "Sec-WebSocket-Key header field is missing", nil},
		{"key twice", set("Sec-Websocket-Key", "Iv8io/9s+lYFgZWcXczP8Q==", "Iv8io/9s+lYFgZWcXczP8Q=="), 400,
			"RFC 6455 §11.3.1", "more than once", nil},
		{"empty key", set("Sec-Websocket-Key", ""), 400, general, `"" is not 16 bytes`, nil},
		{"short key", set("Sec-Websocket-Key", "AQID"), 400, general, `"AQID" is not 16 bytes`, nil},
		{"long key", set("Sec-Websocket-Key", strings.Repeat("A", 100_000)), 400, general, "is not 16 bytes", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := goodRequest()
			row.change(r)
			e := r.Check()
			if e == nil {
				t.Fatal("accepted")
			}
			wantError(t, e, row.status, row.section, row.text)
			if !reflect.DeepEqual(e.Header, row.header) {
				t.Errorf("answered with %v, want %v", e.Header, row.header)
			}
		})
	}
}

func TestCheckReportsTheFirstFault(t *testing.T) {
	wantError(t, (&Request{Method: "POST"}).Check(), 405, "RFC 6455 §4.2.1", "POST")
	wantError(t, (&Request{Method: "GET"}).Check(), 400, "RFC 6455 §4.2.1", "HTTP/0.0")
	browser := &Request{Method: "GET", Target: "/", Major: 1, Minor: 1, Host: "a"}
	wantError(t, browser.Check(), 426, "RFC 6455 §4.2.1", "has no Upgrade")
}

func TestCheckDoesNotAllocate(t *testing.T) {
	r := goodRequest()
	if n := testing.AllocsPerRun(100, func() { r.Check() }); n != 0 {
		t.Errorf("Check allocates %v times for a right request", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	r := goodRequest()
	r.Header["Connection"] = []string{"keep-alive, Upgrade"}
	b.ReportAllocs()
	for b.Loop() {
		if e := r.Check(); e != nil {
			b.Fatal(e)
		}
	}
}

// FuzzCheck compares Check with the same rules in regular expressions.
func FuzzCheck(f *testing.F) {
	const key = "Iv8io/9s+lYFgZWcXczP8Q=="
	f.Add("GET", "/chat", 1, 1, "a.example", "websocket", "Upgrade", "13", key, "")
	f.Add("GET", "wss://a.example:1/?", 1, 1, "[::1]:80", "h2c, WebSocket", "keep-alive,upgrade", " 13", key+" ", "")
	f.Add("GET", "/#", 1, 2, "a:", "websocket", "close", "8", "AQID", key)
	f.Add("POST", "*", 2, 0, "", "", "", "", "", "13")
	f.Add("GET", "/чат", 1, 1, "a_b:0", ",websocket,", "\tupgrade", "13", "AQIDBAUGBwgJCgsMDQ4PEC==", "x")
	f.Fuzz(func(t *testing.T, method, target string, major, minor int, host, upgrade, connection, version, key, second string) {
		r := &Request{Method: method, Target: target, Major: major, Minor: minor, Host: host, Header: http.Header{
			"Upgrade": {upgrade}, "Connection": {connection},
			"Sec-Websocket-Version": {version}, "Sec-Websocket-Key": {key},
		}}
		if second != "" {
			r.Header["Sec-WebSocket-Key"] = []string{second}
		}
		e := r.Check()
		if want := naiveCheck(r); want != (e == nil) {
			t.Fatalf("Check() = %v; by the naive reading, the request is right: %v", e, want)
		}
		if e == nil {
			return
		}
		checkSendable(t, e)
		if !slices.Contains([]int{400, 405, 426}, e.Status) {
			t.Errorf("status %d", e.Status)
		}
		if (e.Status == 426) != (e.Header.Get("Upgrade") == "websocket") || (e.Status == 405) != (e.Header.Get("Allow") == "GET") {
			t.Errorf("status %d with %v", e.Status, e.Header)
		}
	})
}

var (
	naiveAuthority = `(([A-Za-z0-9\-._~!$&'()*+,;=]+)|(\[[0-9a-fA-F:.]+\]))(:[0-9]*)?`
	naiveHost      = regexp.MustCompile(`^` + naiveAuthority + `$`)
	naiveTarget    = regexp.MustCompile(`^(/[^#\x00-\x20\x7f]*|(?i:https?|wss?)://` + naiveAuthority + `([/?][^#\x00-\x20\x7f]*)?)$`)
	naiveKey       = regexp.MustCompile(`^[ \t]*[A-Za-z0-9+/]{22}==[ \t]*$`)
	naiveVersion   = regexp.MustCompile(`^[ \t]*13[ \t]*$`)
	naiveUpgrade   = regexp.MustCompile(`(^|,)[ \t]*[wW][eE][bB][sS][oO][cC][kK][eE][tT][ \t]*(,|$)`)
	naiveOption    = regexp.MustCompile(`(^|,)[ \t]*[uU][pP][gG][rR][aA][dD][eE][ \t]*(,|$)`)
)

func naiveCheck(r *Request) bool {
	h := r.Header
	return r.Method == "GET" && r.Major == 1 && r.Minor >= 1 &&
		naiveTarget.MatchString(r.Target) && naiveParts(naiveTarget.FindStringSubmatch(r.Target)[2:]) &&
		naiveHost.MatchString(r.Host) && naiveParts(naiveHost.FindStringSubmatch(r.Host)[1:]) &&
		naiveUpgrade.MatchString(h.Get("Upgrade")) && naiveOption.MatchString(h.Get("Connection")) &&
		naiveVersion.MatchString(h.Get("Sec-WebSocket-Version")) && naiveKey.MatchString(h.Get("Sec-WebSocket-Key")) &&
		len(h[fieldKey.wire]) == 0
}

// naiveParts judges what regular expressions are bad at: whether an IPv6 address is one and whether a port
// is too big. Parts are the groups of naiveAuthority.
func naiveParts(parts []string) bool {
	if ipv6 := parts[2]; ipv6 != "" {
		// net/http refuses an address that is none in a URL.
		if _, err := http.NewRequest("GET", "http://"+ipv6+"/", nil); err != nil {
			return false
		}
	}
	digits := strings.TrimLeft(strings.TrimPrefix(parts[3], ":"), "0")
	return len(digits) < 5 || len(digits) == 5 && digits <= "65535"
}

func TestCheckAgreesWithNetHTTP(t *testing.T) {
	text := "GET /chat?a=1 HTTP/1.1\r\nHost: example.com:8080\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n" +
		"sec-websocket-key:  Iv8io/9s+lYFgZWcXczP8Q== \r\nSEC-WEBSOCKET-VERSION: 13\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	req := &Request{
		Method: r.Method, Target: r.RequestURI, Major: r.ProtoMajor, Minor: r.ProtoMinor,
		Host: r.Host, Header: r.Header,
	}
	if e := req.Check(); e != nil {
		t.Error(e)
	}
	if !IsUpgrade(r.Header) {
		t.Error("not taken for an upgrade")
	}
}
