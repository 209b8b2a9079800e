package terminal

import (
	"strings"
	"testing"
)

func TestLayout(t *testing.T) {
	tests := []struct {
		name, text  string // with | where the cursor is
		width, rows int
		want        string // rows, with | where the cursor is
		prompt      string
	}{
		{name: "empty", text: "|", width: 20, rows: 5, want: "> |"},
		{name: "short", text: "hel|lo", width: 20, rows: 5, want: "> hel|lo"},
		{name: "full", text: "1234567|", width: 10, rows: 5, want: "> 1234567|"},
		{name: "one too many", text: "12345678|", width: 10, rows: 5, want: "> 1234567\n8|"},
		{name: "the cursor where a row begins", text: "1234567|8", width: 10, rows: 5, want: "> 1234567\n|8"},
		{name: "wide", text: "日本語|日本", width: 10, rows: 5, want: "> 日本語\n|日本"},
		{name: "lines", text: "a\nb|\n\nc", width: 10, rows: 5, want: "> a\n  b|\n  \n  c"},
		{name: "controls", text: "\x1b|\t\u0085", width: 20, rows: 5, want: `> ^[|  \u{85}`},
		{name: "more than there is room for", text: "a\nb\nc\nd|\ne", width: 10, rows: 3, want: "  c\n  d|\n  e"},
		{name: "one row", text: "a\nb|\nc", width: 10, rows: 1, want: "  b|"},
		{name: "a long prompt", text: "x|", width: 10, rows: 1, prompt: "(search) abc: ", want: "(searx|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e editor
			e.put(tt.text)
			prompt := "> "
			if tt.prompt != "" {
				prompt = tt.prompt
			}
			l := layOut(prompt, &e, tt.width, tt.rows, style{})
			row := []rune(l.rows[l.row])
			at, n := 0, 0
			for ; n < l.column && at < len(row); at++ {
				n += columnsOf(row[at])
			}
			l.rows[l.row] = string(row[:at]) + "|" + string(row[at:])
			if got := strings.Join(l.rows, "\n"); got != tt.want {
				t.Errorf("it is\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
