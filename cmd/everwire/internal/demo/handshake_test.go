package demo

import (
	"bufio"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// told returns what the server tells a client that connects with more fields.
func told(t *testing.T, header http.Header) opening {
	t.Helper()
	n := serve(t, Handshake())
	options := n.options()
	options.Header = header
	c, err := websocket.Dial(t.Context(), "ws://demo/handshake?a=1", options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	typ, data, err := c.Read(t.Context())
	if err != nil || typ != websocket.Text {
		t.Fatalf("%s message, error %v", typ, err)
	}
	var report opening
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return report
}

func TestHandshakeTellsTheRequest(t *testing.T) {
	got := told(t, http.Header{
		"X-Second":        {"2", "<b>"},
		"User-Agent":      {"a test"},
		"Origin":          {"http://demo"},
		"Dnt":             {"1"},
		"Accept-Language": {"tlh"},
		"Cache-Control":   {"no-cache"},
		"X-First":         {"1"},
		"Pragma":          {"no-cache"},
	}).Request
	if want := "GET /handshake?a=1 HTTP/1.1"; got.Line != want {
		t.Errorf("request line %q, want %q", got.Line, want)
	}
	// Of these two, the client decides.
	fields := slices.DeleteFunc(got.Fields, func(f field) bool { return f.Name == "Sec-WebSocket-Extensions" })
	for i, f := range fields {
		if f.Name == "Sec-WebSocket-Key" {
			fields[i].Value = "a key"
		}
	}
	want := []field{
		{Name: "Host", Value: "demo"},
		{Name: "Upgrade", Value: "websocket"},
		{Name: "Connection", Value: "Upgrade"},
		{Name: "Sec-WebSocket-Key", Value: "a key"},
		{Name: "Origin", Value: "http://demo"},
		{Name: "Sec-WebSocket-Version", Value: "13"},
		{Name: "Accept-Language", Value: "tlh"},
		{Name: "Cache-Control", Value: "no-cache"},
		{Name: "Dnt", Value: "1"},
		{Name: "Pragma", Value: "no-cache"},
		{Name: "User-Agent", Value: "a test"},
		{Name: "X-First", Value: "1"},
		{Name: "X-Second", Value: "2"},
		{Name: "X-Second", Value: "<b>"},
	}
	if !slices.Equal(fields, want) {
		t.Errorf("told\n%+v\nwant\n%+v", fields, want)
	}
}

func TestHandshakeTellsNoSecrets(t *testing.T) {
	const secret = "d41d8cd9"
	tests := []struct{ name, field string }{
		{"cookies", "Cookie"},
		{"authorization", "Authorization"},
		{"and to a proxy", "Proxy-Authorization"},
		{"in lower case", "authorization"},
		{"what a proxy adds", "X-Amzn-Oidc-Data"},
		{"another", "Cf-Access-Jwt-Assertion"},
		{"a key of an API", "X-Api-Key"},
		{"a token", "X-Csrf-Token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := told(t, http.Header{tt.field: {secret}})
			want := field{Name: http.CanonicalHeaderKey(tt.field), Hidden: true}
			if !slices.Contains(got.Request.Fields, want) {
				t.Errorf("%+v is not among %+v", want, got.Request.Fields)
			}
			if text, _ := json.Marshal(got); strings.Contains(string(text), secret) {
				t.Errorf("the secret is told: %s", text)
			}
		})
	}
}

// By hand, with the key of RFC 6455 §1.3: what is told of the answer is what was sent, octet by octet.
func TestHandshakeTellsTheAnswerThatItSent(t *testing.T) {
	n := serve(t, Handshake())
	nc, err := n.ln.Dial(t.Context(), "tcp", "demo:80")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "GET /handshake HTTP/1.1\r\nHost: demo\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	stream := bufio.NewReader(nc)
	var sent strings.Builder
	for !strings.HasSuffix(sent.String(), "\r\n\r\n") {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		sent.WriteString(line)
	}
	report := openingIn(t, stream)

	var asTold strings.Builder
	asTold.WriteString(report.Answer.Line + "\r\n")
	for _, f := range report.Answer.Fields {
		asTold.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	if got, want := asTold.String()+"\r\n", sent.String(); got != want {
		t.Errorf("told %q, sent %q", got, want)
	}
	want := acceptance{
		Key:    "dGhlIHNhbXBsZSBub25jZQ==",
		GUID:   "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
		SHA1:   "b37a4f2cc0624f1690f64606cf385945b2bec4ea",
		Accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
	}
	if report.Accept != want {
		t.Errorf("told %+v, want %+v", report.Accept, want)
	}
	if sum, _ := hex.DecodeString(want.SHA1); base64.StdEncoding.EncodeToString(sum) != want.Accept {
		t.Error("the steps do not follow from each other")
	}
	for _, line := range []string{"Sec-WebSocket-Accept: " + want.Accept, "Server: everwire"} {
		if !strings.Contains(sent.String(), line+"\r\n") {
			t.Errorf("the answer has no %q: %q", line, sent.String())
		}
	}
}

// openingIn reads the message, which is a text frame with a length of 16 bits, compressed if that was agreed on.
func openingIn(t *testing.T, stream io.Reader) opening {
	t.Helper()
	var header [4]byte
	if _, err := io.ReadFull(stream, header[:]); err != nil {
		t.Fatal(err)
	}
	if header[1] != 126 {
		t.Fatalf("frame header %x", header)
	}
	var message io.Reader = io.LimitReader(stream, int64(header[2])<<8|int64(header[3]))
	if rsv1 := header[0]&0x40 != 0; rsv1 { // RFC 7692 §7.2.2, and a final block
		message = flate.NewReader(io.MultiReader(message, strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	}
	var report opening
	if err := json.NewDecoder(message).Decode(&report); err != nil {
		t.Fatal(err)
	}
	return report
}
