package handshake

import (
	"slices"
	"strings"
	"testing"
)

func TestValidToken(t *testing.T) {
	for c := range 256 {
		const tchar = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		want := strings.IndexByte(tchar, byte(c)) >= 0
		for _, s := range []string{string([]byte{byte(c)}), string([]byte{'a', byte(c)}), string([]byte{byte(c), 'z'})} {
			if ValidToken(s) != want {
				t.Errorf("ValidToken(%q) = %v, want %v", s, !want, want)
			}
		}
	}
	if ValidToken("") {
		t.Error("the empty string is taken for a token")
	}
}

func TestEqualFoldIsForASCIIOnly(t *testing.T) {
	for _, row := range []struct {
		name, a, b string
		want       bool
	}{
		{"the same", "websocket", "websocket", true},
		{"other case", "WebSocket", "wEBsOCKET", true},
		{"other length", "websocket", "websocke", false},
		{"other letter", "websocket", "websockez", false},
		{"Kelvin sign", "websoc\u212aet", "websocket", false},
		{"neighbours of the letters", "[@`{", "{`@[", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := equalFold(row.a, row.b); got != row.want {
				t.Errorf("equalFold(%q, %q) = %v", row.a, row.b, got)
			}
		})
	}
}

func TestElements(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"no line", nil, nil},
		{"empty line", []string{""}, nil},
		{"one", []string{"a"}, []string{"a"}},
		{"several", []string{"a,b, c"}, []string{"a", "b", "c"}},
		{"spaces and tabs", []string{" \ta\t , b "}, []string{"a", "b"}},
		{"space within", []string{"a b"}, []string{"a b"}},
		{"empty elements", []string{",a,, ,b,"}, []string{"a", "b"}},
		{"several lines", []string{"a", "", "b,c"}, []string{"a", "b", "c"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := slices.Collect(elements(row.lines)); !slices.Equal(got, row.want) {
				t.Errorf("elements(%q) = %q, want %q", row.lines, got, row.want)
			}
		})
	}
}
