package access

import (
	"strings"
	"testing"
)

func TestFault(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"as short as may be", token, ""},
		{"as long as may be", strings.Repeat("x", Longest), ""},
		{"none", "", "has 0 characters and needs 16"},
		{"too short", token[1:], "has 15 characters and needs 16"},
		{"too long", strings.Repeat("x", Longest+1), "must be one word of ASCII"},
		{"two words", "0123456789 abcdef", "must be one word of ASCII"},
		{"not ASCII", "0123456789abcdefé", "must be one word of ASCII"},
		{"a control character", "0123456789\x1babcdef", "must be one word of ASCII"},
		{"delete", "0123456789\x7fabcdef", "must be one word of ASCII"},
	}
	for _, tt := range tests {
		if got := Fault(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
