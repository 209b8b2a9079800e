package terminal

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestIsJSON(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, ` [1]`: true, "\n{\"a\":null}\r\n": true,
		``: false, `1`: false, `"x"`: false, `{`: false, `{a:1}`: false, `[1] [2]`: false, "\xef\xbb\xbf{}": false,
		"[" + strings.Repeat(" ", maxJSON) + "]": false,
	} {
		if got := isJSON([]byte(text)); got != want {
			t.Errorf("%.20q: %v", text, got)
		}
	}
}

func TestIndentJSON(t *testing.T) {
	const text = `{"a":1.50e+3,"b":[true,null,{"c":"x\"}{\\"}],"d":{},"e": [ ],"f":"日` + "\u009b" + `\u001b"}`
	want := strings.Join([]string{
		`{`,
		`  "a": 1.50e+3,`,
		`  "b": [`,
		`    true,`,
		`    null,`,
		`    {`,
		`      "c": "x\"}{\\"`,
		`    }`,
		`  ],`,
		`  "d": {},`,
		`  "e": [],`,
		`  "f": "日\u{9b}\u001b"`,
		`}`,
	}, "\n")
	lines, whole := indentJSON([]byte(text), 10000, 100, style{})
	if got := strings.Join(lines, "\n"); got != want || !whole {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
	lines, _ = indentJSON([]byte(`{"k":["v",1,true]}`), 10000, 100, style{true})
	if got, want := strings.Join(lines, "\n"), "{\n  \x1b[34m\"k\"\x1b[0m: [\n    \x1b[32m\"v\"\x1b[0m,\n    \x1b[33m1\x1b[0m,\n    \x1b[35mtrue\x1b[0m\n  ]\n}"; got != want {
		t.Errorf("in colour it is %q, want %q", got, want)
	}
}

func TestIndentJSONIsBounded(t *testing.T) {
	const depth = 9999 // 10,000 levels of spaces would be 100 million
	deep := strings.Repeat("[", depth) + strings.Repeat("]", depth)
	lines, whole := indentJSON([]byte(deep), 4000, 100, style{})
	if whole || len(lines) > 100 {
		t.Errorf("%d lines, whole %v", len(lines), whole)
	}
	lines, whole = indentJSON([]byte(deep), math.MaxInt, math.MaxInt, style{})
	if n := len(strings.Join(lines, "")); !whole || n > 200*depth {
		t.Errorf("%d octets, whole %v", n, whole)
	}
	lines, whole = indentJSON([]byte(`["`+strings.Repeat("日", 1000)+`"]`), 100, 100, style{})
	if got := strings.Join(lines, "\n"); whole || len(got) > 110 || !strings.HasSuffix(got, "日") {
		t.Errorf("a long string is cut to %q", got)
	}
	lines, whole = indentJSON([]byte("["+strings.Repeat("1,", 1000)+"1]"), 10000, 50, style{})
	if whole || len(lines) != 50 {
		t.Errorf("%d lines, whole %v", len(lines), whole)
	}
}

func FuzzIndentJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,{"b":"\""}],"c":{ }}`, `[[]]`, `[ "\\" , -0.1e5 ]`, "[\"\u202e\x7f\"]", `{"":{"":""}}`} {
		f.Add([]byte(text), 50)
	}
	f.Add([]byte(`{"0":[0,{"0":"\b"}]}`), 38)
	f.Fuzz(func(t *testing.T, text []byte, most int) {
		if !isJSON(text) {
			return
		}
		lines, whole := indentJSON(text, math.MaxInt, math.MaxInt, style{})
		got := strings.Join(lines, "\n")
		safe(t, strings.ReplaceAll(got, "\n", ""))
		var want bytes.Buffer
		json.Indent(&want, bytes.TrimSpace(text), "", "  ")
		shown := make([]string, 0, len(lines))
		deep := false
		for line := range strings.SplitSeq(want.String(), "\n") {
			shown = append(shown, visible(line))
			deep = deep || strings.HasPrefix(line, strings.Repeat(" ", 2*maxIndent+1))
		}
		if want := strings.Join(shown, "\n"); !deep && (got != want || !whole) {
			t.Errorf("it is\n%s\nwant\n%s", got, want)
		}
		most = abs(most) % 1000
		if lines, _ := indentJSON(text, most, 10, style{}); len(lines) > 11 {
			t.Errorf("%d lines", len(lines))
		}
	})
}
