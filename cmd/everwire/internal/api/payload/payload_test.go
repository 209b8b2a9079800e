package payload

import (
	"encoding/json"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind websocket.MessageType
		data string
		want string
	}{
		{"an object", websocket.Text, `{"a":"<"}`, `{"data":{"a":"\u003c"}}`},
		{"a number", websocket.Text, `1`, `{"data":1}`},
		{"null", websocket.Text, `null`, `{"data":null}`},
		{"text", websocket.Text, `hello "you"`, `{"text":"hello \"you\""}`},
		{"nothing", websocket.Text, ``, `{"text":""}`},
		{"no type", 0, `[]`, `{"data":[]}`},
		{"JSON that is not UTF-8", websocket.Text, "\"\xff\"", `{"base64":"Iv8i"}`},
		{"octets", websocket.Binary, "\x00\xff", `{"base64":"AP8="}`},
		{"no octets", websocket.Binary, "", `{"base64":""}`},
		{"binary JSON", websocket.Binary, "1", `{"base64":"MQ=="}`},
	} {
		got, err := json.Marshal(Of(tt.kind, []byte(tt.data)))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

// What a message is written as, makes the same message.
func FuzzOf(f *testing.F) {
	f.Add(true, []byte(`{"a": [1, "é"]}`))
	f.Add(true, []byte("hello"))
	f.Add(false, []byte{0, 255})
	f.Add(true, []byte("\xff"))
	f.Fuzz(func(t *testing.T, isText bool, data []byte) {
		kind := websocket.Binary
		if isText {
			kind = websocket.Text
		}
		p := Of(kind, data)
		gotKind, got, err := p.Message()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case p.Data != nil:
			var a, b any
			if json.Unmarshal(data, &a) != nil || json.Unmarshal(got, &b) != nil || gotKind != websocket.Text {
				t.Errorf("%q became %v %q", data, gotKind, got)
			}
		case string(got) != string(data), p.Text != nil && gotKind != websocket.Text, p.Base64 != nil && gotKind != websocket.Binary:
			t.Errorf("%q became %v %q", data, gotKind, got)
		}
	})
}

func TestMessageOfFieldsThatDoNotGoTogether(t *testing.T) {
	text, wrong := "a", "!"
	for name, p := range map[string]Payload{"none": {}, "two": {Text: &text, Base64: &text}, "null and text": {Data: json.RawMessage("null"), Text: &text}} {
		if _, _, err := p.Message(); err != ErrFields {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := (Payload{Base64: &wrong}).Message(); err != ErrBase64 {
		t.Error(err)
	}
}
