package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// place is the text with a | where the cursor is.
func (e *editor) place() string { return string(e.text[:e.at]) + "|" + string(e.text[e.at:]) }

func (e *editor) put(place string) {
	before, after, _ := strings.Cut(place, "|")
	e.text = []rune(before + after)
	e.at = utf8.RuneCountInString(before)
}

func TestEditorKeys(t *testing.T) {
	word := key{code: keyLeft, ctrl: true}
	tests := []struct {
		name, before string
		keys         []key
		after        string
	}{
		{"insert", "a|c", typedKeys("b"), "ab|c"},
		{"backspace", "ab|c", []key{{code: keyBackspace}}, "a|c"},
		{"backspace at the beginning", "|a", []key{{code: keyBackspace}}, "|a"},
		{"backspace takes the mark along", "xe\u0301|", []key{{code: keyBackspace}}, "x|"},
		{"delete", "a|bc", []key{{code: keyDelete}}, "a|c"},
		{"delete takes the mark along", "|e\u0301x", []key{ctrl('d')}, "|x"},
		{"delete at the end", "a|", []key{{code: keyDelete}}, "a|"},
		{"left and right", "ab|c", []key{{code: keyLeft}, {code: keyLeft}, {code: keyLeft}, {code: keyRight}}, "a|bc"},
		{"right at the end", "a|", []key{ctrl('f')}, "a|"},
		{"home, of several lines", "a\nbc|d\ne", []key{{code: keyHome}}, "a\n|bcd\ne"},
		{"end, of several lines", "a\nbc|d\ne", []key{ctrl('e')}, "a\nbcd|\ne"},
		{"to either end of all", "a\nbc|d\ne", []key{alt(char('<')), alt(char('>')), {code: keyHome, ctrl: true}}, "|a\nbcd\ne"},
		{"a word back", "one two.three|", []key{word, word}, "one |two.three"},
		{"a word forward", "|one, two", []key{alt(char('f')), alt(char('f'))}, "one, two|"},
		{"kill a word back", "one two|!", []key{{code: keyBackspace, alt: true}}, "one |!"},
		{"kill a word forward", "one| two!", []key{alt(char('d'))}, "one|!"},
		{"kill to a space", `a {"b":1}  |c`, []key{ctrl('w')}, "a |c"},
		{"kill to the line's end", "ab|c\nd", []key{ctrl('k')}, "ab|\nd"},
		{"kill to the line's beginning", "a\nbc|d", []key{ctrl('u')}, "a\n|d"},
		{"yank", "one| two", []key{ctrl('k'), {code: keyHome}, ctrl('y')}, " two|one"},
		{"killing nothing keeps what was killed", "one|", []key{ctrl('u'), ctrl('u'), ctrl('k'), ctrl('y')}, "one|"},
		{"transpose", "a|bc", []key{ctrl('t')}, "ba|c"},
		{"transpose at the end", "abc|", []key{ctrl('t')}, "acb|"},
		{"transpose one", "a|", []key{ctrl('t')}, "a|"},
		{"what means nothing", "a|b", []key{alt(char('x')), ctrl('o'), {code: keyEscape}}, "a|b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e editor
			e.put(tt.before)
			for _, k := range tt.keys {
				e.key(k)
			}
			if got := e.place(); got != tt.after {
				t.Errorf("it is %q, want %q", got, tt.after)
			}
		})
	}
}

func TestEditorLines(t *testing.T) {
	var e editor
	e.put("long line\nab\nlong li|ne")
	for _, want := range []string{"long line\nab|\nlong line", "lo|ng line\nab\nlong line"} {
		if !e.up() || e.place() != want {
			t.Errorf("up: %q, want %q", e.place(), want)
		}
	}
	if e.up() {
		t.Error("there is a line above the first")
	}
	e.move(7)
	for _, want := range []string{"long line\nab|\nlong line", "long line\nab\nlo|ng line"} {
		if !e.down() || e.place() != want {
			t.Errorf("down: %q, want %q", e.place(), want)
		}
	}
	if e.down() {
		t.Error("there is a line below the last")
	}
}

func TestEditorIsBounded(t *testing.T) {
	var e editor
	if !e.insert(strings.Repeat("x", maxTyped)) || e.insert("x") || e.yank() != true || len(e.text) != maxTyped {
		t.Errorf("it has %d characters", len(e.text))
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("ab\x1b[D\x17\x19\x14\x1bb\x1b\r日e\u0301\x7f\x0b\x15", 10, 3)
	f.Add("\u07bc", 0, 0) // wider than the screen, as it is written
	f.Fuzz(func(t *testing.T, typed string, width, rows int) {
		var d decoder
		var e editor
		for _, k := range append(d.feed([]byte(typed)), d.timeout()...) {
			switch {
			case k.code == keyEnter:
				e.insert("\n")
			case k.code == keyUp:
				e.up()
			case k.code == keyDown:
				e.down()
			default:
				e.key(k)
			}
			if e.at < 0 || e.at > len(e.text) {
				t.Fatalf("after %+v the cursor is at %d of %d", k, e.at, len(e.text))
			}
		}
		width, rows = 4+abs(width)%100, 1+abs(rows)%10
		l := layOut("> ", &e, width, rows, style{})
		if len(l.rows) > rows || l.row < 0 || l.row >= len(l.rows) || l.column < 0 || l.column >= width {
			t.Fatalf("%d rows, the cursor at %d, %d", len(l.rows), l.row, l.column)
		}
		for _, row := range l.rows {
			safe(t, row)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
