package websocket

import (
	"bufio"
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const plainUpgrade = "GET /chat?room=1 HTTP/1.1\r\n" +
	"Host: example.com:80\r\n" +
	"Connection: keep-alive, Upgrade\r\n" +
	"Upgrade: websocket\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Version: 13\r\n"

// upgradeRows are requests, and whether they are plain upgrades.
var upgradeRows = []struct {
	name, request string
	plain         bool
}{
	{"a plain upgrade", plainUpgrade + "\r\n", true},
	{"with octets behind it", plainUpgrade + "\r\n\x81\x80\r\n\r\n", true},
	{"a browser's", plainUpgrade + "Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11)\r\n" +
		"Origin: http://example.com\r\nAccept-Encoding: gzip, deflate\r\nCookie: a=b; c=d\r\nCookie: e\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: a, b\r\n\r\n", true},
	{"no-cache in the old way", plainUpgrade + "Pragma: no-cache\r\n\r\n", true},
	{"an absolute-form", strings.Replace(plainUpgrade, "/chat", "http://other.org/chat", 1) + "\r\n", true},
	{"a target of two slashes", strings.Replace(plainUpgrade, "/chat", "//other.org/chat", 1) + "\r\n", true},
	{"spaces around a value, and in it", plainUpgrade + "X:\t a \t b\t \r\n\r\n", true},
	{"an empty value", plainUpgrade + "X:\r\nY: \r\n\r\n", true},
	{"a value beyond ASCII", plainUpgrade + "X: \xfc\r\n\r\n", true},
	{"names of other case", strings.NewReplacer("Host", "hOST", "Sec-WebSocket-Key", "sec-websocket-key").Replace(plainUpgrade) + "\r\n", true},
	{"a field many times", plainUpgrade + strings.Repeat("X: a\r\n", 50) + "\r\n", true},
	{"an IPv6 host", strings.Replace(plainUpgrade, "example.com", "[::1]", 1) + "\r\n", true},

	{"nothing", "", false},
	{"only a beginning", "GE", false},
	{"no empty line", plainUpgrade, false},
	{"no fields", "GET / HTTP/1.1\r\n\r\n", false},
	{"another request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
	{"POST", strings.Replace(plainUpgrade, "GET", "POST", 1) + "\r\n", false},
	{"HTTP/1.0", strings.Replace(plainUpgrade, "HTTP/1.1", "HTTP/1.0", 1) + "\r\n", false},
	{"HTTP/1.11", strings.Replace(plainUpgrade, "HTTP/1.1", "HTTP/1.11", 1) + "\r\n", false},
	{"no target", strings.Replace(plainUpgrade, "/chat?room=1 ", "", 1) + "\r\n", false},
	{"an empty target", strings.Replace(plainUpgrade, "/chat?room=1", "", 1) + "\r\n", false},
	{"two spaces", strings.Replace(plainUpgrade, "/chat", " /chat", 1) + "\r\n", false},
	{"a target of one word", strings.Replace(plainUpgrade, "/chat", "chat", 1) + "\r\n", false},
	{"a target with a broken escape", strings.Replace(plainUpgrade, "/chat", "/%zz", 1) + "\r\n", false},
	{"a target beyond ASCII", strings.Replace(plainUpgrade, "/chat", "/\xfc", 1) + "\r\n", false},
	{"lines without CR", strings.ReplaceAll(plainUpgrade, "\r", "") + "\n", false},
	{"one line without CR", plainUpgrade + "X: a\n\r\n", false},
	{"a first line without CR", strings.Replace(plainUpgrade, "\r", "", 1) + "\r\n", false},
	{"an empty line without CR", plainUpgrade + "\n", false},
	{"CR in a line", plainUpgrade + "X: a\rb\r\n\r\n", false},
	{"a folded line", plainUpgrade + "X: a\r\n b\r\n\r\n", false},
	{"a first field that is folded", strings.Replace(plainUpgrade, "Host", " Host", 1) + "\r\n", false},
	{"a space before the colon", plainUpgrade + "X : a\r\n\r\n", false},
	{"no colon", plainUpgrade + "X\r\n\r\n", false},
	{"no name", plainUpgrade + ": a\r\n\r\n", false},
	{"NUL in a value", plainUpgrade + "X: a\x00b\r\n\r\n", false},
	{"DEL in a value", plainUpgrade + "X: a\x7fb\r\n\r\n", false},
	{"a length", plainUpgrade + "Content-Length: 0\r\n\r\n", false},
	{"chunks", plainUpgrade + "transfer-encoding: chunked\r\n\r\n", false},
	{"a trailer", plainUpgrade + "Trailer: X\r\n\r\n", false},
	{"an expectation", plainUpgrade + "Expect: 100-continue\r\n\r\n", false},
	{"a connection that is to end", plainUpgrade + "Connection: Close\r\n\r\n", false},
	{"no host", strings.Replace(plainUpgrade, "Host", "X-Host", 1) + "\r\n", false},
	{"an empty host", strings.Replace(plainUpgrade, "example.com:80", "", 1) + "\r\n", false},
	{"two hosts", plainUpgrade + "Host: b\r\n\r\n", false},
	{"a strange host", strings.Replace(plainUpgrade, "example.com", "exa mple", 1) + "\r\n", false},
	{"another upgrade", strings.Replace(plainUpgrade, "websocket", "h2c", 1) + "\r\n", false},
	{"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", false},
}

// parsed is what ours makes of a request that arrives whole.
func parsed(request string) *http.Request {
	end, plain := headEnd([]byte(request), 0)
	if !plain || end == 0 {
		return nil
	}
	return parseUpgrade(context.Background(), request[:end])
}

func TestWhatAPlainUpgradeIs(t *testing.T) {
	for _, row := range upgradeRows {
		t.Run(row.name, func(t *testing.T) {
			if got := parsed(row.request) != nil; got != row.plain {
				t.Errorf("taken for one: %v, want %v", got, row.plain)
			}
			wantAsNetHTTP(t, row.request)
			wantEndInPieces(t, row.request)
		})
	}
}

// wantAsNetHTTP fails unless a request that is a plain upgrade to us is a request to net/http, and the same.
func wantAsNetHTTP(t *testing.T, request string) {
	t.Helper()
	got := parsed(request)
	if got == nil {
		return
	}
	in := bufio.NewReader(strings.NewReader(request))
	want, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("net/http does not accept it: %v", err)
	}
	delete(want.Header, "Host") // as the http.Server does, which reads requests in the same way
	if want = want.WithContext(got.Context()); !reflect.DeepEqual(got, want) {
		t.Errorf("it is\n%#v %#v\nto net/http it is\n%#v %#v", got, got.URL, want, want.URL)
	}
	end, _ := headEnd([]byte(request), 0)
	if behind := in.Buffered(); len(request) <= 4096 && behind != len(request)-end {
		t.Errorf("%d octets are behind it, to net/http %d", len(request)-end, behind)
	}
}

// wantEndInPieces fails unless the end of a header is found where it is, however the header comes.
func wantEndInPieces(t *testing.T, request string) {
	t.Helper()
	wantEnd, wantPlain := headEnd([]byte(request), 0)
	for n := range len(request) {
		end, plain := headEnd([]byte(request[:n+1]), n)
		if !plain || end > 0 {
			if end != wantEnd || plain != wantPlain {
				t.Errorf("of %d octets: %d, %v; of all: %d, %v", n+1, end, plain, wantEnd, wantPlain)
			}
			return
		}
	}
	if len(request) > 0 && (wantEnd > 0 || !wantPlain) {
		t.Errorf("octet by octet nothing was found; of all: %d, %v", wantEnd, wantPlain)
	}
}

func FuzzParseUpgrade(f *testing.F) {
	for _, row := range upgradeRows {
		f.Add(row.request)
	}
	f.Fuzz(func(t *testing.T, request string) {
		if len(request) > 64<<10 {
			return
		}
		wantAsNetHTTP(t, request)
		if len(request) < 1<<10 {
			wantEndInPieces(t, request)
		}
	})
}
