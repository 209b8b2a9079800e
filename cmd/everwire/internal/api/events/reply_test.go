package events

import (
	"strings"
	"testing"
)

func TestReadWelcome(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         Welcome
		ok           bool
	}{
		{"nothing", "", Welcome{}, true},
		{"an empty object", "{}", Welcome{}, true},
		{"both", `{"user":"ada","name":"Ada","more":1}`, Welcome{"ada", "Ada"}, true},
		{"null", `null`, Welcome{}, true},
		{"no JSON", `ok`, Welcome{}, false},
		{"a list", `[]`, Welcome{}, false},
		{"a number", `{"user":1}`, Welcome{}, false},
		{"a long user", `{"user":"` + strings.Repeat("x", 201) + `"}`, Welcome{}, false},
		{"a line's end", `{"name":"a\nb"}`, Welcome{}, false},
	} {
		if got, err := readWelcome([]byte(tt.answer)); got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		text   string
		want   string // "": none
	}{
		{"403", 403, "not you", "not you"},
		{"401 without a text", 401, "", "sign in first"},
		{"429", 429, strings.Repeat("x", 201), "too many; try again later"},
		{"a text of two lines", 403, "a\r\nb", "you may not connect"},
		{"404", 404, "not you", ""}, {"500", 500, "not you", ""}, {"none", 0, "", ""},
	} {
		got := ""
		if r := refusal(tt.status, tt.text); r != nil {
			got = r.Text
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzReadWelcome(f *testing.F) {
	f.Add([]byte(`{"user":"ada","name":"Ada"}`))
	f.Add([]byte(`{"status":403,"text":"no"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		w, err := readWelcome(answer)
		if err == nil && (len(w.User) > mostName || strings.ContainsAny(w.User+w.Name, "\r\n\x00")) {
			t.Errorf("%q: %+v", answer, w)
		}
	})
}
