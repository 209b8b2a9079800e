package terminal

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

var noon = time.Date(2025, 1, 2, 12, 0, 0, 123_000_000, time.UTC)

func TestMessagesOnTheScreen(t *testing.T) {
	plain := renderer{shown: 64, columns: 80}
	stamped := renderer{shown: 64, columns: 80, timestamps: true}
	painted := renderer{shown: 64, columns: 80, timestamps: true, style: style{true}, json: true}
	all := renderer{shown: -1, columns: 80}
	tests := []struct {
		name string
		r    renderer
		k    kind
		t    websocket.MessageType
		data string
		want string
	}{
		{"text", plain, received, websocket.Text, "hello", "< hello"},
		{"sent", plain, sent, websocket.Text, "hello", "> hello"},
		{"with the time", stamped, received, websocket.Text, "hello", "12:00:00.123 < hello"},
		{"in colour", painted, received, websocket.Text, "he\x1bllo",
			"\x1b[2m12:00:00.123 \x1b[0m\x1b[32m<\x1b[0m \x1b[32mhe\x1b[7m^[\x1b[27mllo\x1b[0m"},
		{"lines", stamped, received, websocket.Text, "one\r\ntwo\n\nfour\n", `
12:00:00.123 < one
               two

               four`[1:]},
		{"no line can look like another's beginning", plain, received, websocket.Text, "x\n! closed", "< x\n  ! closed"},
		{"empty", plain, received, websocket.Text, "", "< (empty text)"},
		{"a line feed", plain, received, websocket.Text, "\n", "< "},
		{"long", plain, received, websocket.Text, strings.Repeat("é", 40), "< " + strings.Repeat("é", 32) + "\n  ... cut: it has 80 octets; hint"},
		{"long, cut between characters", plain, received, websocket.Text, "x" + strings.Repeat("é", 40),
			"< x" + strings.Repeat("é", 31) + "\n  ... cut: it has 81 octets; hint"},
		{"long, and shown", all, received, websocket.Text, strings.Repeat("é", 4000), "< " + strings.Repeat("é", 4000)},
		{"binary", plain, received, websocket.Binary, "\x00hi", `
< binary, 3 octets
  00000000  00 68 69                                          |.hi|`[1:]},
		{"no octets", plain, sent, websocket.Binary, "", "> binary, 0 octets"},
		{"long binary", plain, received, websocket.Binary, strings.Repeat("x", 100), `
< binary, 100 octets
  00000000  78 78 78 78 78 78 78 78  78 78 78 78 78 78 78 78  |xxxxxxxxxxxxxxxx|
  ... cut: it has 100 octets; hint`[1:]},
		{"JSON that is sent", painted, sent, websocket.Text, `{"a":1}`,
			"\x1b[2m12:00:00.123 \x1b[0m\x1b[36m>\x1b[0m \x1b[36m{\"a\":1}\x1b[0m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(tt.r.message(noon, tt.k, tt.t, []byte(tt.data), "; hint"), "\n")
			for strings.Contains(got, " \n") { // what is left of an indented line that is empty
				got = strings.ReplaceAll(got, " \n", "\n")
			}
			if got != tt.want {
				t.Errorf("it is\n%s\nwant\n%s\n%q", got, tt.want, got)
			}
		})
	}
}

func TestAMessageOfManyLinesIsCut(t *testing.T) {
	r := renderer{shown: defaultShown, columns: 80, json: true}
	for name, text := range map[string]string{
		"lines": strings.Repeat("x\n", 300), "JSON": "[" + strings.Repeat("1,", 300) + "1]",
	} {
		lines := r.message(noon, received, websocket.Text, []byte(text), "")
		if len(lines) != maxLines+1 || !strings.Contains(lines[maxLines], "... cut: it has ") {
			t.Errorf("%s: %d lines, the last is %q", name, len(lines), lines[len(lines)-1])
		}
	}
}

func TestNotesOnTheScreen(t *testing.T) {
	r := renderer{columns: 80, timestamps: true}
	got := strings.Join(r.say(noon, failed, "one\n\ttwo\x1b\n"), "\n")
	if want := "12:00:00.123 ! one\n                       two^["; got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("\x1b]0;\a\n\u009b{", true, int16(10), int16(3))
	f.Add("[[[\"\u202e\"]]]", false, int16(-1), int16(200))
	f.Add(`[[[""]]]`, false, int16(3), int16(80))
	f.Fuzz(func(t *testing.T, data string, binary bool, shown, columns int16) {
		r := renderer{shown: int(shown), columns: int(columns), json: true, timestamps: true}
		kind := websocket.Text
		if binary {
			kind = websocket.Binary
		}
		lines := r.message(noon, received, kind, []byte(data), "")
		if len(lines) == 0 {
			t.Fatal("nothing is shown")
		}
		for _, line := range lines {
			safe(t, line)
		}
	})
}
