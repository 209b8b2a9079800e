package wire

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseHead(t *testing.T) {
	const text = "\r\nGET /a HTTP/1.1\r\nHost: b\r\nX:  c\t\n  d \r\nX:e\r\nodd\r\n\r\nrest"
	h, n, err := ParseHead([]byte(text), FromClient)
	want := &Head{Line: "GET /a HTTP/1.1", Fields: []Field{{"Host", "b"}, {"X", "c d"}, {"X", "e"}, {"odd", ""}}}
	if err != nil || n != len(text)-4 || !reflect.DeepEqual(h, want) {
		t.Errorf("got %+v, %d, %v", h, n, err)
	}
	for cut := range n {
		if h, n, err := ParseHead([]byte(text[:cut]), FromClient); h != nil || n != 0 || err != nil {
			t.Errorf("of %q it says %v, %d, %v", text[:cut], h, n, err)
		}
	}
	for _, row := range []struct {
		name, text string
		from       Direction
		want       error
	}{
		{"not HTTP", "hello\r\n\r\n", FromClient, ErrNotHTTP},
		{"a request for a response", "GET / HTTP/1.1\r\n\r\n", FromServer, ErrNotHTTP},
		{"a response for a request", "HTTP/1.1 200 OK\r\n\r\n", FromClient, ErrNotHTTP},
		{"no status", "HTTP/1.1 2000 OK\r\n\r\n", FromServer, ErrNotHTTP},
		{"HTTP/2", "GET / HTTP/2.0\r\n\r\n", FromClient, ErrNotHTTP},
		{"without end", strings.Repeat("x", maxHead), FromClient, ErrHeadTooLarge},
		{"too large", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n", FromClient, ErrHeadTooLarge},
	} {
		if _, _, err := ParseHead([]byte(row.text), row.from); err != row.want {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
}

func TestHeadsAreChangedInPlace(t *testing.T) {
	h := &Head{Line: "GET / HTTP/1.1", Fields: []Field{{"a", "1"}, {"B", "2"}, {"A", "3"}, {"c", "4"}}}
	h.Set("A", "5")
	h.Set("C", "")
	h.Set("D", "6")
	if got, want := string(h.Append(nil)), "GET / HTTP/1.1\r\na: 5\r\nB: 2\r\nD: 6\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if h.Get("b") != "2" || h.Get("c") != "" || h.Header().Get("D") != "6" {
		t.Errorf("Get and Header do not find what is in %+v", h)
	}
}

func TestRedactedHeadsHaveNoSecrets(t *testing.T) {
	h := &Head{Line: "GET http://x/?secret HTTP/1.1", Fields: []Field{
		{"AUTHORIZATION", "secret"}, {"Proxy-Authorization", "secret"}, {"Cookie", "secret"}, {"Set-Cookie", "secret"},
		{"Sec-WebSocket-Protocol", "secret"}, {"X-Api-Key", "secret"}, {"Location", "/a?secret"}, {"Origin", "https://kept"},
	}}
	if got := string(h.Redacted().Append(nil)); strings.Contains(got, "secret") || !strings.Contains(got, "https://kept") || !strings.Contains(got, "GET http://x/?… HTTP/1.1\r\n") {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(string(h.Append(nil)), "secret") {
		t.Error("the head itself has changed")
	}
}
