package terminal

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		line string
		want command
		err  string
	}{
		{"hello", sendText("hello"), ""},
		{" /ping", sendText(" /ping"), ""},
		{"//", sendText("/"), ""},
		{"//ping x", sendText("/ping x"), ""},
		{"///", sendText("//"), ""},
		{"/text", sendText(""), ""},
		{"/text  two  spaces ", sendText(" two  spaces "), ""},
		{"/text\u2003x", sendText("x"), ""}, // a wide space
		{"/text\ntwo\nlines", sendText("two\nlines"), ""},
		{"/binary", sendBinary{}, ""},
		{"/binary 00fF", sendBinary{0, 255}, ""},
		{"/binary 0xdead BE:ef\n01", sendBinary{0xde, 0xad, 0xbe, 0xef, 1}, ""},
		{"/binary 0", nil, "an octet is two hexadecimal digits, and one is missing"},
		{"/binary hello!", nil, "write hexadecimal digits"},
		{"/binary base64:", sendBinary{}, ""},
		{"/binary base64:-_8=", sendBinary{0xfb, 0xff}, ""},
		{"/binary base64:+/8", sendBinary{0xfb, 0xff}, ""},
		{"/binary base64:AQ ID", sendBinary{1, 2, 3}, ""},
		{"/binary base64:!", nil, "this is not base64: illegal base64 data at input byte 0"},
		{"/binary @a b", sendFile("a b"), ""},
		{"/binary @", nil, "the file's name is missing: /binary @FILE"},
		{"/ping", sendPing(""), ""},
		{"/ping a b", sendPing("a b"), ""},
		{"/ping " + strings.Repeat("x", 126), nil, "a Ping has at most 125 octets, and this is 126"},
		{"/close", closeWith{1000, ""}, ""},
		{"/close 4999 so  long ", closeWith{4999, "so  long"}, ""},
		{"/close bye", nil, "the code is a number such as 1000 or 4000"},
		{"/close 99999", nil, "the code is a number such as 1000 or 4000"},
		{"/close 1006", nil, "1006 may not be sent: codes are 1000-1003, 1007-1014 and 3000-4999"},
		{"/close 1000 " + strings.Repeat("é", 62), nil, "a reason has at most 123 octets, and this is 124"},
		{"/headers ", showHeaders{}, ""},
		{"/headers x", nil, "this command takes nothing behind it"},
		{"/stats", showStats{}, ""},
		{"/save a b", saveTo{"a b", false}, ""},
		{"/save -f a", saveTo{"a", true}, ""},
		{"/save -f", nil, "the file's name is missing: /save FILE"},
		{"/save", nil, "the file's name is missing: /save FILE"},
		{"/json on", setJSON(true), ""},
		{"/json  off ", setJSON(false), ""},
		{"/json", showJSON{}, ""},
		{"/json yes", nil, "say /json on or /json off"},
		{"/help", showHelp{}, ""},
		{"/quit", quit{}, ""},
		{"/", nil, "there is no /: see /help (a message that begins with a slash is written //...)"},
		{"/s", nil, "there is no /s: did you mean /stats or /save?"},
		{"/quitting", nil, "there is no /quitting: did you mean /quit?"},
		{"/\x1b[2J", nil, "there is no /^[[2J: see /help"},
	}
	for _, tt := range tests {
		got, err := parse(tt.line)
		switch {
		case tt.err != "":
			if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%q: the error is %v, want %s", tt.line, err, tt.err)
			}
		case err != nil || !reflect.DeepEqual(got, tt.want):
			t.Errorf("%q: %#v, %v, want %#v", tt.line, got, err, tt.want)
		}
	}
}

func TestContinued(t *testing.T) {
	for line, want := range map[string]struct {
		rest string
		more bool
	}{
		"": {"", false}, "a": {"a", false}, `a\`: {"a", true}, `a\\`: {`a\`, false}, `a\\\`: {`a\`, true},
		`\`: {"", true}, `a\b`: {`a\b`, false}, `a\\\\`: {`a\\`, false},
	} {
		if rest, more := continued(line); rest != want.rest || more != want.more {
			t.Errorf("%q: %q, %v", line, rest, more)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{"x", "//", "/binary 0g", "/binary base64:=", "/close 1000 \xff", "/save -f ", "/text\u0085x", "/json\ton"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parse(line)
		if (c == nil) != (err != nil) {
			t.Fatalf("%q: %v and %v", line, c, err)
		}
		if err != nil {
			safe(t, visible(err.Error()))
		}
		if text, ok := c.(sendText); ok && !strings.HasSuffix(line, string(text)) {
			t.Errorf("%q is sent of %q", text, line)
		}
	})
}
