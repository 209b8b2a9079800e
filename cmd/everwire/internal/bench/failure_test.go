package bench

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func TestFailuresAreByKindAndCode(t *testing.T) {
	got := failures([]load.ErrorCount{
		{Kind: load.ResetError, Count: 7, Example: &load.Error{Kind: load.ResetError, Connection: 3, Err: errors.New("broken\r\npipe")}},
		{Kind: load.HandshakeError, Code: 503, Count: 2},
		{Kind: load.CloseError, Code: 1006, Count: 1},
	})
	want := []Failure{{"reset", 7, "connection 3: broken  pipe"}, {"handshake 503", 2, ""}, {"close 1006", 1, ""}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

// What a server says goes to a terminal, and must do nothing there.
func TestWhatPeersSayIsOneHarmlessLine(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"as it is", "the server says no: é ✓", "the server says no: é ✓"},
		{"lines", " a\nb\tc\r\n", "a b c"},
		{"escapes", "\x1b[2Jgone\x07\u202e", "�[2Jgone��"},
		{"not UTF-8", "a\xffb", "a�b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := oneLine(row.text); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
	if n := utf8.RuneCountInString(oneLine(strings.Repeat("x", 10_000))); n > 300 {
		t.Errorf("a line of %d", n)
	}
}
