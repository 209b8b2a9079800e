package terminal

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func ctrl(r rune) key { return key{code: keyRune, r: r, ctrl: true} }
func alt(k key) key   { k.alt = true; return k }
func char(r rune) key { return key{code: keyRune, r: r} }
func typedKeys(text string) (keys []key) {
	for _, r := range text {
		keys = append(keys, char(r))
	}
	return keys
}

func TestKeys(t *testing.T) {
	ctrlRight := key{code: keyRight, ctrl: true}
	tests := []struct {
		name, in string
		want     []key
	}{
		{"characters", "aé日😀", typedKeys("aé日😀")},
		{"controls", "\x01\x1a\x00\x1f", []key{ctrl('a'), ctrl('z'), ctrl('@'), ctrl('_')}},
		{"enter", "\r\n", []key{{code: keyEnter}, {code: keyEnter}}},
		{"tab and both backspaces", "\t\x7f\b", []key{{code: keyTab}, {code: keyBackspace}, {code: keyBackspace}}},
		{"arrows", "\x1b[A\x1bOB\x1b[C\x1bOD", []key{{code: keyUp}, {code: keyDown}, {code: keyRight}, {code: keyLeft}}},
		{"home", "\x1b[H\x1bOH\x1b[1~\x1b[7~", []key{{code: keyHome}, {code: keyHome}, {code: keyHome}, {code: keyHome}}},
		{"end", "\x1b[F\x1bOF\x1b[4~\x1b[8~", []key{{code: keyEnd}, {code: keyEnd}, {code: keyEnd}, {code: keyEnd}}},
		{"delete", "\x1b[3~\x1b[3;5~", []key{{code: keyDelete}, {code: keyDelete, ctrl: true}}},
		{"words, of xterm and rxvt", "\x1b[1;5C\x1bOc\x1b[1;3D", []key{ctrlRight, ctrlRight, {code: keyLeft, alt: true}}},
		{"alt", "\x1bb\x1b\x7f\x1b\r\x1bé", []key{alt(char('b')), alt(key{code: keyBackspace}), alt(key{code: keyEnter}), alt(char('é'))}},
		{"shift-enter, of kitty and xterm", "\x1b[13;2u\x1b[27;2;13~", []key{alt(key{code: keyEnter}), alt(key{code: keyEnter})}},
		{"ctrl-c, of kitty", "\x1b[99;5u", []key{ctrl('c')}},
		{"the keypad's enter", "\x1bOM", []key{{code: keyEnter}}},
		{"what means nothing", "\x1b[15~\x1b[[A\x1b[5~\x1b[I\x1b[?1;2c\x1bOPa", typedKeys("a")},
		{"a sequence that breaks off", "\x1b[1;\x01x", []key{ctrl('a'), char('x')}},
		{"a sequence without end", "\x1b[" + strings.Repeat("1", 100) + "~", typedKeys(strings.Repeat("1", 38) + "~")},
		{"a paste", "\x1b[200~é日\r\nb\rc\x1b[A\xff\x1b[201~d", []key{{code: keyPaste, text: "é日\nb\nc\x1b[A\ufffd"}, char('d')}},
		{"a paste of nothing", "\x1b[200~\x1b[201~", nil},
		{"what is not UTF-8", "\xffa", typedKeys("\ufffda")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d decoder
			if got := d.feed([]byte(tt.in)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("at once: %+v, want %+v", got, tt.want)
			}
			var got []key
			for i := range len(tt.in) {
				got = append(got, d.feed([]byte{tt.in[i]})...)
			}
			if got = joined(got); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("octet by octet: %+v, want %+v", got, tt.want)
			}
			if d.pending() {
				t.Error("something is left")
			}
		})
	}
}

// joined makes one of the pieces of a paste.
func joined(keys []key) (all []key) {
	for _, k := range keys {
		if n := len(all); n > 0 && k.code == keyPaste && all[n-1].code == keyPaste {
			all[n-1].text += k.text
			continue
		}
		all = append(all, k)
	}
	return all
}

func TestKeysThatOnlyTimeTells(t *testing.T) {
	for in, want := range map[string][]key{
		"\x1b":      {{code: keyEscape}},
		"\x1b\x1b":  {{code: keyEscape}, {code: keyEscape}},
		"\x1b[":     {alt(char('['))},
		"\x1bO":     {alt(char('O'))},
		"\x1b[1;":   nil,
		"\xe6\x97":  typedKeys("\ufffd\ufffd"),
		"\x1b\xe6":  {alt(char('\ufffd'))},
		"a\x1b[200": typedKeys("a"),
	} {
		var d decoder
		got := d.feed([]byte(in))
		if !d.pending() {
			t.Errorf("%q: nothing is pending", in)
		}
		if got = append(got, d.timeout()...); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
		if d.pending() {
			t.Errorf("%q: something is left", in)
		}
	}
}

func TestAPasteIsNotEndedByTime(t *testing.T) {
	var d decoder
	d.feed([]byte("\x1b[200~a\x1b[20"))
	if got := d.timeout(); d.pending() || got != nil {
		t.Errorf("%+v came", got)
	}
	got := d.feed([]byte("1~"))
	if len(got) != 0 || d.pasting {
		t.Errorf("%+v came, the paste goes on: %v", got, d.pasting)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte("a\x1b[1;5C\x1b[200~x\r\x1b[201~"), uint8(3))
	f.Add([]byte("\x1b[200~\x1b[201\xff"), uint8(1))
	f.Add([]byte("\x1b[200~000\xac\xac"), uint8(10))
	f.Add([]byte("\x1b\x1b[[A\x1bOP\xe6\x97\xa5"), uint8(2))
	f.Fuzz(func(t *testing.T, in []byte, split uint8) {
		var whole, parts decoder
		want := joined(append(whole.feed(in), whole.timeout()...))
		n := min(int(split), len(in))
		got := parts.feed(in[:n])
		got = joined(append(append(got, parts.feed(in[n:])...), parts.timeout()...))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("split at %d: %+v, at once: %+v", n, got, want)
		}
		for _, k := range got {
			if !utf8.ValidString(k.text) {
				t.Errorf("%q is not UTF-8", k.text)
			}
		}
		if whole.pending() {
			t.Errorf("%q is left after the timeout", whole.in)
		}
	})
}
