package api

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadObject(t *testing.T) {
	for _, tt := range []struct{ name, body, fail string }{
		{"all", ` {"s":"a","n":1,"o":"b","any":{"x":[null]}} `, ""},
		{"none", `{}`, ""},
		{"null where any JSON may be", `{"any":null}`, ""},
		{"nothing", ``, "the body is not JSON: it ends too early"},
		{"space", ` `, "the body is not JSON: it ends too early"},
		{"half", `{"s":"a"`, "the body is not JSON: it ends too early"},
		{"half a value", `{"s":`, `the field "s": the body is not JSON: it ends too early`},
		{"an array", `[]`, "the body is not a JSON object"},
		{"a string", `"s"`, "the body is not a JSON object"},
		{"two objects", `{}{}`, "something follows the JSON object"},
		{"rest", `{} x`, "something follows the JSON object"},
		{"a form", `s=a`, "the body is not JSON: invalid character 's'"},
		{"a name without quotes", `{s:1}`, "the body is not JSON: "},
		{"a comma too many", `{"s":"a",}`, "the body is not JSON"},
		{"another name", `{"S":"a"}`, `there is no field "S"`},
		{"a long name", `{"` + strings.Repeat("é", 100) + `":1}`, `there is no field "` + strings.Repeat("é", 20) + `…"`},
		{"twice", `{"s":"a","s":"b"}`, `the field "s" is there twice`},
		{"null for a string", `{"s":null}`, `the field "s": it must not be null`},
		{"null for a string that may be missing", `{"o":null}`, `the field "o": it must not be null`},
		{"a number for a string", `{"s":1}`, `the field "s": it must be a string, not number`},
		{"an object for a string", `{"o":{}}`, `the field "o": it must be a string, not object`},
		{"a string for a number", `{"n":"1"}`, `the field "n": it must be a whole number, not string`},
		{"half a number", `{"n":1.5}`, `the field "n": it must be a whole number, not number 1.5`},
		{"a huge number", `{"n":1e99}`, `the field "n": it must be a whole number, not number 1e99`},
		{"not UTF-8", "{\"s\":\"\xff\"}", "the body is not UTF-8"},
		{"too deep", `{"any":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "exceeded max depth"},
	} {
		var s string
		var n int
		var o *string
		var any json.RawMessage
		err := readObject([]byte(tt.body), map[string]interface{}{"s": &s, "n": &n, "o": &o, "any": &any})
		if (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fail)
		}
		if tt.name == "all" && (s != "a" || n != 1 || o == nil || *o != "b" || string(any) != `{"x":[null]}`) {
			t.Errorf("read %q %d %v %s", s, n, o, any)
		}
	}
}

func FuzzReadObject(f *testing.F) {
	for _, s := range []string{`{"s":"a","n":1,"o":"b","any":{"x":[null]}}`, `{"s":"\ud800"}`, `{}`, `[`, `{"n":1e1}`, `{"s" :null , "n":-0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s string
		var n int
		var o *string
		var raw json.RawMessage
		err := readObject(body, map[string]any{"s": &s, "n": &n, "o": &o, "any": &raw})
		if err != nil {
			if !utf8.ValidString(err.Error()) || len(err.Error()) > 400 {
				t.Errorf("the error is %q", err)
			}
			return
		}
		// What it takes, the standard library takes as well, and reads the same.
		var same struct {
			S   string          `json:"s"`
			N   int             `json:"n"`
			O   *string         `json:"o"`
			Any json.RawMessage `json:"any"`
		}
		if err := json.Unmarshal(body, &same); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if same.S != s || same.N != n || (same.O == nil) != (o == nil) || o != nil && *o != *same.O || string(raw) != string(same.Any) {
			t.Errorf("%q: read %q %d %v %s", body, s, n, o, raw)
		}
	})
}
