package chat

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// raw connects as the seeds' clients do.
func (n *node) raw() *websocket.Conn {
	n.t.Helper()
	o := n.options()
	o.Subprotocols = nil
	return n.connectWith(o).Conn
}

func sayRaw(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hearRaw(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	typ, data, err := c.Read(t.Context())
	if err != nil || typ != websocket.Text || string(data) != want {
		t.Fatalf("%s message %.80q, error %v, want %.80q", typ, data, err, want)
	}
}

func TestRawReachesEveryoneOnAllNodesAndTheSender(t *testing.T) {
	a, b := pair(t)
	ann, bob, eve := a.raw(), a.raw(), b.raw()
	sayRaw(t, ann, "Hi all")
	for _, c := range []*websocket.Conn{ann, bob, eve} {
		hearRaw(t, c, "Hi all")
	}
	sayRaw(t, eve, "Hi Ann")
	for _, c := range []*websocket.Conn{ann, bob, eve} {
		hearRaw(t, c, "Hi Ann")
	}
}

func TestRawCutsTo50Characters(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"50", strings.Repeat("a", 50), strings.Repeat("a", 50)},
		{"51", strings.Repeat("a", 51), strings.Repeat("a", 50)},
		{"51 emoji", strings.Repeat("😀", 51), strings.Repeat("😀", 50)},
		{"very long", strings.Repeat("語", 300_000), strings.Repeat("語", 50)},
		{"empty", "", ""},
		{"what v1 would take for a request", `{"type":"leave","room":"b"}`, `{"type":"leave","room":"b"}`},
	}
	c := single(t, Options{}).raw()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sayRaw(t, c, tt.text)
			hearRaw(t, c, tt.want)
		})
	}
}

func TestRawRefusesBinary(t *testing.T) {
	n := single(t, Options{})
	ann, bob := n.raw(), n.raw()
	if err := bob.Write(t.Context(), websocket.Binary, []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	(&client{t: t, Conn: bob}).wantClose(websocket.CloseUnsupportedData)
	sayRaw(t, ann, "what was that?")
	hearRaw(t, ann, "what was that?") // and not the bytes
}

func TestCutCharacters(t *testing.T) {
	const family = "👨‍👩‍👧" // three people and two joiners: five code points
	tests := []struct {
		name, text string
		n          int
		want       string
	}{
		{"empty", "", 50, ""},
		{"none wanted", "abc", 0, ""},
		{"shorter", "abc", 50, "abc"},
		{"49", strings.Repeat("a", 49), 50, strings.Repeat("a", 49)},
		{"50", strings.Repeat("a", 50), 50, strings.Repeat("a", 50)},
		{"51", strings.Repeat("a", 51), 50, strings.Repeat("a", 50)},
		{"two octets each", strings.Repeat("ж", 51), 50, strings.Repeat("ж", 50)},
		{"three octets each", strings.Repeat("語", 51), 50, strings.Repeat("語", 50)},
		{"emoji, two UTF-16 units each", strings.Repeat("😀", 51), 50, strings.Repeat("😀", 50)},
		{"a combining mark counts", strings.Repeat("e\u0301", 26), 50, strings.Repeat("e\u0301", 25)},
		{"and is cut off if it is the next", "xe\u0301", 2, "xe"},
		{"a joined emoji is five characters", family + "!", 5, family},
		{"and can be cut", family, 3, "👨‍👩"},
		{"NUL and newline count", "\x00\nab", 3, "\x00\na"},
		{"U+FFFD itself", "\uFFFD\uFFFD", 1, "\uFFFD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(cutCharacters([]byte(tt.text), tt.n)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzCutCharacters(f *testing.F) {
	f.Add("My name is John", 50)
	f.Add(strings.Repeat("😀", 60), 50)
	f.Add("e\u0301\u0301", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 || !utf8.ValidString(text) {
			t.Skip() // a text message is UTF-8
		}
		runes := []rune(text)
		if got, want := string(cutCharacters([]byte(text), n)), string(runes[:min(n, len(runes))]); got != want {
			t.Errorf("%d characters of %q: got %q, want %q", n, text, got, want)
		}
	})
}
