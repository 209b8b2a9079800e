package handshake

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestParseExtensions(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  []Extension
	}{
		{"none", nil, nil},
		{"one", []string{"deflate-frame"}, []Extension{{Name: "deflate-frame"}}},
		{"a browser's", []string{"permessage-deflate; client_max_window_bits"}, []Extension{
			{"permessage-deflate", []Param{{Name: "client_max_window_bits"}}}}},
		{"value", []string{"a; b=15"}, []Extension{{"a", []Param{{"b", "15", true}}}}},
		{"no space", []string{"a;b=1;c,d"}, []Extension{
			{"a", []Param{{"b", "1", true}, {Name: "c"}}}, {Name: "d"}}},
		{"space and tabs everywhere", []string{" a \t; b = 1 ;\tc , d "}, []Extension{
			{"a", []Param{{"b", "1", true}, {Name: "c"}}}, {Name: "d"}}},
		{"quoted value", []string{`a; b="15"; c`}, []Extension{
			{"a", []Param{{"b", "15", true}, {Name: "c"}}}}},
		{"quoted value with backslashes", []string{`a; b="\1\5"`}, []Extension{{"a", []Param{{"b", "15", true}}}}},
		{"empty elements", []string{", a,, b,"}, []Extension{{Name: "a"}, {Name: "b"}}},
		{"several lines", []string{"foo", "", "bar; baz=2"}, []Extension{
			{Name: "foo"}, {"bar", []Param{{"baz", "2", true}}}}},
		{"alternatives", []string{"a; x=1, a; x=2, a"}, []Extension{
			{"a", []Param{{"x", "1", true}}}, {"a", []Param{{"x", "2", true}}}, {Name: "a"}}},
		{"RFC 6455 §9.1", []string{"mux; max-channels=4; flow-control, deflate-stream"}, []Extension{
			{"mux", []Param{{"max-channels", "4", true}, {Name: "flow-control"}}}, {Name: "deflate-stream"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseExtensions(http.Header{"Sec-Websocket-Extensions": row.lines})
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("ParseExtensions = %+v, %v\nwant %+v", got, err, row.want)
			}
		})
	}
}

func TestParseExtensionsRefuses(t *testing.T) {
	const many = "more than 32 extensions or 64 parameters"
	for _, row := range []struct {
		name  string
		lines []string
		text  string
	}{
		{"empty", []string{""}, "names no extension"},
		{"nothing but commas", []string{", ,", "\t"}, "names no extension"},
		{"no name", []string{"; a"}, `"; a": at offset 0 an extension's name`},
		{"name is quoted", []string{`"a"`}, "at offset 0 an extension's name"},
		{"two names", []string{"a b"}, "at offset 2 a comma or a semicolon"},
		{"name with value", []string{"a=1"}, "at offset 1 a comma or a semicolon"},
		{"above ASCII", []string{"aé"}, "at offset 1 a comma or a semicolon"},
		{"NUL", []string{"a\x00"}, "at offset 1 a comma or a semicolon"},
		{"line break", []string{"a\r\nb"}, "at offset 1 a comma or a semicolon"},
		{"semicolon at the end", []string{"a;"}, "at offset 2 a parameter's name"},
		{"two semicolons", []string{"a;; b"}, "at offset 2 a parameter's name"},
		{"no parameter's name", []string{"a; =1"}, "at offset 3 a parameter's name"},
		{"no value", []string{"a; b="}, "at offset 5 a parameter's value"},
		{"no value before a comma", []string{"a; b=, c"}, "at offset 5 a parameter's value"},
		{"two values", []string{"a; b=1=2"}, "at offset 6 a comma or a semicolon"},
		{"value is empty", []string{`a; b=""`}, "at offset 5 the quoted value must be a token"},
		{"quoted value is no token", []string{`a; b="1, 2"`}, "at offset 5 the quoted value must be a token"},
		{"quoted value has a quote", []string{`a; b="\""`}, "at offset 5 the quoted value must be a token"},
		{"quote is open", []string{`a; b="1`}, "at offset 5 the quoted value has no closing quote"},
		{"quote ends in a backslash", []string{`a; b="1\`}, "at offset 5 the quoted value has no closing quote"},
		{"quote over two lines", []string{`a; b="1`, `2"`}, "the quoted value has no closing quote"},
		{"something after the quote", []string{`a; b="1"2`}, "at offset 8 a comma or a semicolon"},
		{"on the second line", []string{"a", "b;"}, `"b;": at offset 2 a parameter's name`},
		{"33 extensions", []string{strings.Repeat("a,", 33)}, many},
		{"33 extensions over lines", strings.Split(strings.Repeat("a,", 32)+"a", ","), many},
		{"65 parameters", []string{"a" + strings.Repeat(";b", 65)}, many},
		{"65 parameters in two extensions", []string{"a" + strings.Repeat(";b", 64), "a;b"}, many},
		{"a mebibyte of parameters", []string{"a" + strings.Repeat(";b=1", 1<<18)}, many},
		{"a mebibyte of extensions", []string{strings.Repeat("a,", 1<<19)}, many},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseExtensions(http.Header{"Sec-Websocket-Extensions": row.lines})
			if got != nil {
				t.Errorf("returned %v with an error", got)
			}
			wantError(t, err, http.StatusBadRequest, "RFC 6455 §9.1", row.text)
		})
	}
}

func TestParseExtensionsTakesAsManyAsItSays(t *testing.T) {
	line := "a" + strings.Repeat(";b", 64) + strings.Repeat(",a", 31)
	got, err := ParseExtensions(http.Header{"Sec-Websocket-Extensions": {line}})
	if err != nil || len(got) != 32 || len(got[0].Params) != 64 {
		t.Errorf("%d extensions, %v", len(got), err)
	}
}

func TestExtensionString(t *testing.T) {
	for _, row := range []struct {
		name string
		e    Extension
		want string
	}{
		{"name", Extension{Name: "a"}, "a"},
		{"parameter", Extension{"a", []Param{{Name: "b"}}}, "a; b"},
		{"parameters and values", Extension{"a", []Param{{"b", "1", true}, {Name: "c"}}}, "a; b=1; c"},
		{"value that does not count", Extension{"a", []Param{{"b", "1", false}}}, "a; b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.e.String(); got != row.want {
				t.Errorf("String() = %q, want %q", got, row.want)
			}
		})
	}
}

func TestAppendExtensions(t *testing.T) {
	list := []Extension{{"a", []Param{{"b", "1", true}}}, {Name: "c"}}
	if got := string(AppendExtensions([]byte("x: "), list)); got != "x: a; b=1, c" {
		t.Errorf("AppendExtensions = %q", got)
	}
	if got := string(AppendExtensions([]byte("x"), nil)); got != "x" {
		t.Errorf("AppendExtensions of nothing = %q", got)
	}
}

func BenchmarkParseExtensions(b *testing.B) {
	h := http.Header{"Sec-Websocket-Extensions": {"permessage-deflate; client_max_window_bits"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseExtensions(h); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParseExtensions: what was parsed is written so that it parses to the same, and it makes no difference
// whether elements stand on one line or on two (RFC 6455 §9.1).
func FuzzParseExtensions(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", "")
	f.Add(`a; b="1\5"; c = d ,, e`, "\tf;g=h")
	f.Add(`a; b="`, `"`)
	f.Add(";", "a b")
	f.Fuzz(func(t *testing.T, first, second string) {
		parse := func(lines ...string) ([]Extension, error) {
			return ParseExtensions(http.Header{"Sec-Websocket-Extensions": lines})
		}
		list, err := parse(first, second)
		if err != nil {
			checkSendable(t, err.(*Error))
			return
		}
		if len(list) == 0 {
			t.Fatal("no extension and no error")
		}
		for _, e := range list {
			if !e.valid() {
				t.Errorf("%+v has a part that is not a token", e)
			}
			if again, err := parse(e.String()); err != nil || !reflect.DeepEqual(again, []Extension{e}) {
				t.Errorf("%+v is written as %q, which parses as %+v, %v", e, e, again, err)
			}
		}
		written := string(AppendExtensions(nil, list))
		for _, line := range []string{written, first + "," + second} {
			if again, err := parse(line); err != nil || !reflect.DeepEqual(again, list) {
				t.Errorf("%+v became %+v, %v by way of %q", list, again, err, line)
			}
		}
	})
}
