package conformance

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseExtensions(t *testing.T) {
	flag := func(name string) param { return param{name: name} }
	valued := func(name, value string) param { return param{name, value, true} }
	tests := []struct {
		name   string
		values []string
		want   []extension // nil for malformed
	}{
		{"a name", []string{"permessage-deflate"}, []extension{{name: "permessage-deflate"}}},
		{"a parameter without a value", []string{"foo; a"}, []extension{{"foo", []param{flag("a")}}}},
		{"a parameter with a value", []string{"foo; a=10"}, []extension{{"foo", []param{valued("a", "10")}}}},
		{"no space at all", []string{"foo;a=10;b"}, []extension{{"foo", []param{valued("a", "10"), flag("b")}}}},
		{"space everywhere", []string{" \tfoo\t; a = 10 ; b "}, []extension{{"foo", []param{valued("a", "10"), flag("b")}}}},
		{"a quoted value", []string{`foo; a="10"`}, []extension{{"foo", []param{valued("a", "10")}}}},
		{"an escape in a quoted value", []string{`foo; a="1\0" ; b`}, []extension{{"foo", []param{valued("a", "10"), flag("b")}}}},
		{"a list", []string{"foo; a, bar"}, []extension{{"foo", []param{flag("a")}}, {name: "bar"}}},
		{"several fields", []string{"foo", "bar; a"}, []extension{{name: "foo"}, {"bar", []param{flag("a")}}}},
		{"empty elements", []string{", foo ,, bar,"}, []extension{{name: "foo"}, {name: "bar"}}},
		{"the same twice", []string{"foo; a; a, foo"}, []extension{{"foo", []param{flag("a"), flag("a")}}, {name: "foo"}}},
		{"capital letters", []string{"Foo; A=B"}, []extension{{"Foo", []param{valued("A", "B")}}}},
		{"an empty field", []string{""}, nil},
		{"one empty field of two", []string{"foo", " "}, nil},
		{"commas alone", []string{", ,"}, nil},
		{"a parameter without a name", []string{"foo; "}, nil},
		{"two semicolons", []string{"foo;; a"}, nil},
		{"an empty value", []string{"foo; a="}, nil},
		{"an empty quoted value", []string{`foo; a=""`}, nil},
		{"a quoted value that is no token", []string{`foo; a="1, 0"`}, nil},
		{"a quoted value with a quote", []string{`foo; a="1\"0"`}, nil},
		{"a quoted value without an end", []string{`foo; a="10`}, nil},
		{"a quoted value that ends in an escape", []string{`foo; a="10\`}, nil},
		{"something behind a quoted value", []string{`foo; a="10"0`}, nil},
		{"a quote inside a value", []string{`foo; a=1"0"`}, nil},
		{"two names", []string{"foo bar"}, nil},
		{"a name that is quoted", []string{`"foo"`}, nil},
		{"a name with a value", []string{"foo=1"}, nil},
		{"a letter that is no ASCII", []string{"foo; \u212a"}, nil},
		{"what is no UTF-8", []string{"foo; a=\xff"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseExtensions(tt.values)
			if (err == nil) != (tt.want != nil) || err == nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("parseExtensions(%q) = %+v, %v, want %+v", tt.values, got, err, tt.want)
			}
		})
	}
	if got, err := parseExtensions(nil); got != nil || err != nil {
		t.Errorf("parseExtensions(nil) = %v, %v, want nothing", got, err)
	}
}

// written is what parseExtensions reads.
func written(list []extension) string {
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.name)
		for _, p := range e.params {
			b.WriteString("; " + p.name)
			if p.valued {
				b.WriteString("=" + p.value)
			}
		}
	}
	return b.String()
}

func FuzzParseExtensions(f *testing.F) {
	for _, seed := range []string{"", "permessage-deflate", "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
		`a; b="1\0", c`, `a; b="`, ", ,", "a;;b", "a; b=", "a = b", `a; b="\`, "\u212a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		list, err := parseExtensions([]string{value})
		if err != nil {
			return
		}
		if len(list) == 0 {
			t.Fatalf("%q is neither an extension nor malformed", value)
		}
		for _, e := range list {
			if !isToken(e.name) {
				t.Errorf("%q has the name %q", value, e.name)
			}
			for _, p := range e.params {
				if !isToken(p.name) || p.valued != isToken(p.value) {
					t.Errorf("%q has the parameter %+v", value, p)
				}
			}
		}
		again, err := parseExtensions([]string{written(list)})
		if err != nil || !reflect.DeepEqual(again, list) {
			t.Errorf("%q was read as %+v, and what that is written as, %q, as %+v, %v", value, list, written(list), again, err)
		}
	})
}

func TestJudgeAnswerTo(t *testing.T) {
	const pmd = "permessage-deflate"
	free := &agreement{serverBits: 15, clientBits: 15}
	tests := []struct {
		name, offer string
		answer      string     // "-" for no field
		agreed      *agreement // if nothing is wrong
		wrong       string     // a part of it
	}{
		{"nothing offered, nothing answered", "", "-", nil, ""},
		{"nothing offered, something answered", "", pmd, nil, "not offered"},
		{"an offer declined", pmd, "-", nil, ""},
		{"an offer accepted", pmd, pmd, free, ""},
		{"a field without content", pmd, "", nil, "malformed"},
		{"a malformed answer", pmd, pmd + "; server_max_window_bits=", nil, "malformed"},
		{"another extension accepted", pmd, "x-other", nil, "x-other was not offered"},
		{"another besides", pmd, pmd + ", x-other", nil, "x-other was not offered"},
		{"another that was offered", pmd + ", x-other", "x-other", nil, ""},
		{"both that were offered", pmd + ", x-other", "x-other, " + pmd, free, ""},
		{"two that use RSV1", pmd + ", x-webkit-deflate-frame", pmd + ", x-webkit-deflate-frame", nil, "both use RSV1"},
		{"the older one alone", "x-webkit-deflate-frame", "x-webkit-deflate-frame", nil, ""},
		{"accepted twice", pmd + ", " + pmd, pmd + ", " + pmd, nil, "more than once"},
		{"a name in another case", pmd, "Permessage-Deflate", nil, "not offered"},
		{"a parameter in another case", pmd, pmd + "; Server_no_context_takeover", nil, "no parameter"},

		{"server_no_context_takeover, unasked", pmd, pmd + "; server_no_context_takeover",
			&agreement{15, 15, true, false}, ""},
		{"server_no_context_takeover, asked", pmd + "; server_no_context_takeover", pmd + "; server_no_context_takeover",
			&agreement{15, 15, true, false}, ""},
		{"server_no_context_takeover, asked and not given", pmd + "; server_no_context_takeover", pmd, nil, "§7.1.1.1"},
		{"server_no_context_takeover with a value", pmd, pmd + "; server_no_context_takeover=1", nil, "has a value"},
		{"client_no_context_takeover, unasked", pmd, pmd + "; client_no_context_takeover",
			&agreement{15, 15, false, true}, ""},
		{"client_no_context_takeover, offered and ignored", pmd + "; client_no_context_takeover", pmd, free, ""},
		{"client_no_context_takeover with a value", pmd, pmd + "; client_no_context_takeover=true", nil, "has a value"},

		{"server_max_window_bits, unasked", pmd, pmd + "; server_max_window_bits=9", &agreement{9, 15, false, false}, ""},
		{"server_max_window_bits, as asked", pmd + "; server_max_window_bits=9", pmd + "; server_max_window_bits=9",
			&agreement{9, 15, false, false}, ""},
		{"server_max_window_bits, smaller", pmd + "; server_max_window_bits=9", pmd + "; server_max_window_bits=8",
			&agreement{8, 15, false, false}, ""},
		{"server_max_window_bits, larger", pmd + "; server_max_window_bits=9", pmd + "; server_max_window_bits=10", nil, "§7.1.2.1"},
		{"server_max_window_bits, asked and not given", pmd + "; server_max_window_bits=15", pmd, nil, "§7.1.2.1"},
		{"server_max_window_bits without a value", pmd, pmd + "; server_max_window_bits", nil, "not 8 to 15"},
		{"server_max_window_bits of 7", pmd, pmd + "; server_max_window_bits=7", nil, "not 8 to 15"},
		{"server_max_window_bits of 16", pmd, pmd + "; server_max_window_bits=16", nil, "not 8 to 15"},
		{"server_max_window_bits with a leading zero", pmd, pmd + "; server_max_window_bits=08", nil, "not 8 to 15"},
		{"server_max_window_bits with a sign", pmd, pmd + "; server_max_window_bits=+9", nil, "not 8 to 15"},
		{"server_max_window_bits, quoted", pmd, pmd + `; server_max_window_bits="9"`, &agreement{9, 15, false, false}, ""},

		{"client_max_window_bits, not offered", pmd, pmd + "; client_max_window_bits=15", nil, "§7.1.2.2"},
		{"client_max_window_bits, offered without a value", pmd + "; client_max_window_bits", pmd + "; client_max_window_bits=8",
			&agreement{15, 8, false, false}, ""},
		{"client_max_window_bits, offered and ignored", pmd + "; client_max_window_bits=9", pmd, free, ""},
		{"client_max_window_bits, smaller than the hint", pmd + "; client_max_window_bits=10", pmd + "; client_max_window_bits=9",
			&agreement{15, 9, false, false}, ""},
		{"client_max_window_bits, larger than the hint", pmd + "; client_max_window_bits=9", pmd + "; client_max_window_bits=10",
			&agreement{15, 10, false, false}, ""},
		{"client_max_window_bits without a value", pmd + "; client_max_window_bits", pmd + "; client_max_window_bits", nil, "not 8 to 15"},

		{"all of them, in any order", pmd + "; server_no_context_takeover; client_max_window_bits",
			pmd + "; client_max_window_bits=11; client_no_context_takeover; server_max_window_bits=12; server_no_context_takeover",
			&agreement{12, 11, true, true}, ""},
		{"a parameter that there is not", pmd, pmd + "; level=9", nil, "no parameter level"},
		{"a parameter twice", pmd, pmd + "; server_no_context_takeover; server_no_context_takeover", nil, "twice"},

		{"the second offer", pmd + "; server_no_context_takeover, " + pmd, pmd, free, ""},
		{"neither of two offers", pmd + "; server_no_context_takeover, " + pmd + "; server_max_window_bits=9", pmd, nil, "§7.1.1.1"},
		{"half of either of two offers", pmd + "; client_max_window_bits; server_no_context_takeover, " + pmd,
			pmd + "; client_max_window_bits=9", nil, "§7.1.1.1"},
		{"an invalid offer accepted", pmd + "; server_max_window_bits=7", pmd + "; server_max_window_bits=8", nil, "must be declined"},
		{"an invalid offer accepted as if it had no parameter", pmd + "; level=9", pmd, nil, "must be declined"},
		{"an offer with a parameter twice", pmd + "; client_max_window_bits; client_max_window_bits", pmd, nil, "must be declined"},
		{"an offer of client_max_window_bits=7", pmd + "; client_max_window_bits=7", pmd, nil, "must be declined"},
		{"an offer of server_no_context_takeover=1", pmd + "; server_no_context_takeover=1",
			pmd + "; server_no_context_takeover", nil, "must be declined"},
		{"an invalid offer declined", pmd + "; server_max_window_bits=7", "-", nil, ""},
		{"a valid offer behind an invalid one", pmd + "; level=9, " + pmd + "; server_no_context_takeover",
			pmd + "; server_no_context_takeover", &agreement{15, 15, true, false}, ""},
		{"the invalid offer of two", pmd + "; level=9, " + pmd + "; server_no_context_takeover", pmd, nil, "§7.1.1.1"},
		{"another extension's parameters are not its own", "x-other; server_no_context_takeover, " + pmd, pmd, free, ""},
		{"a malformed offer declined", pmd + "; level=", "-", nil, ""},
		{"a malformed offer accepted", pmd + "; level=", pmd, nil, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var answer []string
			if tt.answer != "-" {
				answer = []string{tt.answer}
			}
			agreed, wrong := judgeAnswerTo(tt.offer, answer)
			got := strings.Join(wrong, "; ")
			if tt.wrong == "" && got != "" || tt.wrong != "" && !strings.Contains(got, tt.wrong) {
				t.Errorf("judgeAnswerTo(%q, %q) finds %q wrong, want %q", tt.offer, answer, got, tt.wrong)
			}
			if tt.wrong == "" && !reflect.DeepEqual(agreed, tt.agreed) {
				t.Errorf("judgeAnswerTo(%q, %q) = %+v, want %+v", tt.offer, answer, agreed, tt.agreed)
			}
		})
	}
}

func TestEveryWindowCanBeAgreedOn(t *testing.T) {
	for bits := range 17 {
		offer := fmt.Sprintf("permessage-deflate; server_max_window_bits=%d; client_max_window_bits=%d", bits, bits)
		agreed, wrong := judgeAnswerTo(offer, []string{offer})
		if valid := bits >= 8 && bits <= 15; valid != (len(wrong) == 0) {
			t.Errorf("%d: wrong are %q", bits, wrong)
		} else if valid && (agreed.bits(Server) != bits || agreed.bits(Client) != bits) {
			t.Errorf("%d: agreed on %+v", bits, agreed)
		}
	}
}
