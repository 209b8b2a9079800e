package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestResponseAppend(t *testing.T) {
	const (
		key  = "Iv8io/9s+lYFgZWcXczP8Q=="
		head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: hsBlbuDTkk24srzEOTBUlZAlC2g=\r\n"
	)
	for _, row := range []struct {
		name string
		r    Response
		want string
	}{
		{"nothing more", Response{Key: key}, ""},
		{"space around the key", Response{Key: " " + key + " "}, ""},
		{"subprotocol", Response{Key: key, Subprotocol: "soap"}, "Sec-WebSocket-Protocol: soap\r\n"},
		{"extensions", Response{Key: key, Extensions: []Extension{{"a", []Param{{"b", "1", true}}}, {Name: "c"}}},
			"Sec-WebSocket-Extensions: a; b=1, c\r\n"},
		{"everything, in its order", Response{key, "soap", []Extension{{Name: "a"}}, http.Header{
			"X-B": {"2", "1"}, "Set-Cookie": {"a=b; Path=/"}, "X-A": {"\twide\u00a0space\t"}, "X-None": nil}},
			"Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Extensions: a\r\n" +
				"Set-Cookie: a=b; Path=/\r\nX-A: \twide\u00a0space\t\r\nX-B: 2\r\nX-B: 1\r\n"},
		{"the handshake's own fields", Response{Key: key, Header: http.Header{
			"Upgrade": {"h2c"}, "connection": {"close"}, "Sec-Websocket-Accept": {"x"}, "SEC-WEBSOCKET-PROTOCOL": {"x"},
			"Sec-WebSocket-Extensions": {"x"}, "Sec-Websocket-Version": {"8"}, "Sec-Websocket-": {"x"}, "Content-Length": {"5"},
			"transfer-encoding": {"chunked"}, "Sec-WebSocket": {"kept"}, "Upgrade-Insecure": {"kept"}}},
			"Sec-WebSocket: kept\r\nUpgrade-Insecure: kept\r\n"},
		{"names that are none", Response{Key: key, Header: http.Header{
			"": {"x"}, "A B": {"x"}, "A:": {"x"}, "A\r\nB": {"x"}, "Ä": {"x"}, "Upgrade ": {"x"}}}, ""},
		{"injection by a value", Response{Key: key, Header: http.Header{"X": {"a\r\nSet-Cookie: b\n\r\x00\x7f\x1bc"}}},
			"X: a  Set-Cookie: b     c\r\n"},
		{"injection by the subprotocol", Response{Key: key, Subprotocol: "a\r\nX: b"},
			"Sec-WebSocket-Protocol: a  X: b\r\n"},
		{"injection by extensions", Response{Key: key, Extensions: []Extension{{"a\r\nX:", []Param{{"b\n", "\r", true}}}}},
			"Sec-WebSocket-Extensions: a  X:; b = \r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, want := string(row.r.Append([]byte("before "))), "before "+head+row.want+"\r\n"; got != want {
				t.Errorf("Append = %q\nwant     %q", got, want)
			}
		})
	}
}

func TestResponseWithTheSameHeaderIsTheSame(t *testing.T) {
	r := Response{Header: http.Header{}}
	for c := 'A'; c <= 'Z'; c++ {
		r.Header.Set("X-"+string(c), "1")
	}
	first := r.Append(nil)
	for range 20 {
		if again := r.Append(nil); !bytes.Equal(again, first) {
			t.Fatalf("%q\nthen %q", first, again)
		}
	}
}

func TestResponseIsReadByNetHTTP(t *testing.T) {
	r := Response{"Iv8io/9s+lYFgZWcXczP8Q==", "soap", nil, http.Header{"Set-Cookie": {"a=b", "c=d"}}}
	reader := bufio.NewReader(bytes.NewReader(append(r.Append(nil), "frames"...)))
	got, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 101 || got.Header.Get("Sec-WebSocket-Protocol") != "soap" || len(got.Cookies()) != 2 {
		t.Errorf("read %d with %v", got.StatusCode, got.Header)
	}
	if rest, _ := reader.Peek(len("frames")); string(rest) != "frames" {
		t.Errorf("after the header is %q", rest)
	}
}

func TestResponseAppendDoesNotAllocate(t *testing.T) {
	r := fullResponse()
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = r.Append(buf[:0]) }); n != 0 {
		t.Errorf("Append allocates %v times, given room", n)
	}
}

func BenchmarkResponseAppend(b *testing.B) {
	for _, row := range []struct {
		name string
		r    *Response
	}{
		{"plain", &Response{Key: "Iv8io/9s+lYFgZWcXczP8Q=="}},
		{"full", fullResponse()},
	} {
		b.Run(row.name, func(b *testing.B) {
			buf := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				buf = row.r.Append(buf[:0])
			}
		})
	}
}

func fullResponse() *Response {
	return &Response{
		Key:         "Iv8io/9s+lYFgZWcXczP8Q==",
		Subprotocol: "soap",
		Extensions:  []Extension{{"permessage-deflate", []Param{{Name: "server_no_context_takeover"}}}},
		Header:      http.Header{"Set-Cookie": {"a=b", "c=d"}, "Server": {strings.Repeat("x", 40)}},
	}
}
