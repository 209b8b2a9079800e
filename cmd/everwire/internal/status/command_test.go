package status

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

func TestParseCommand(t *testing.T) {
	long := strings.Repeat("x", commandSize)
	tests := []struct {
		name, text string
		want       Command
		err        string // a part of it; empty if it is a command
	}{
		{"sign in", `{"do":"sign-in","id":1,"token":"secret"}`, Command{Do: SignIn, ID: 1, Token: "secret"}, ""},
		{"list, by default", `{"do":"list"}`, Command{Do: List, Sort: "-id", Limit: 50}, ""},
		{"list", `{"do":"list","id":7,"search":"a b","sort":"rtt","offset":100,"limit":500}`,
			Command{Do: List, ID: 7, Search: "a b", Sort: "rtt", Offset: 100, Limit: 500}, ""},
		{"list, backwards", `{"do":"list","sort":"-queued","limit":1}`, Command{Do: List, Sort: "-queued", Limit: 1}, ""},
		{"close, by default", `{"do":"close","socket":3}`, Command{Do: Close, Socket: 3, Code: 1000}, ""},
		{"close", `{"do":"close","socket":3,"code":4999,"reason":"bye"}`, Command{Do: Close, Socket: 3, Code: 4999, Reason: "bye"}, ""},
		{"tap", `{"do":"tap","socket":3}`, Command{Do: Tap, Socket: 3}, ""},
		{"untap", `{"do":"untap","socket":3}`, Command{Do: Untap, Socket: 3}, ""},
		{"drain", `{"do":"drain","id":2,"fraction":0.2,"over_ms":30000}`, Command{Do: Drain, ID: 2, Fraction: 0.2, Over: 30000}, ""},
		{"drain all, at once", `{"do":"drain","fraction":1}`, Command{Do: Drain, Fraction: 1}, ""},

		{"nothing", ``, Command{}, "that is no command"},
		{"no JSON", `list`, Command{}, "that is no command"},
		{"no object", `["list"]`, Command{}, "that is no command"},
		{"null", `null`, Command{}, "there is no such command"},
		{"empty", `{}`, Command{}, "there is no such command"},
		{"half", `{"do":"list"`, Command{}, "that is no command"},
		{"two", `{"do":"list"}{"do":"list"}`, Command{}, "something after"},
		{"unknown", `{"do":"shutdown","id":9}`, Command{ID: 9}, "there is no such command"},
		{"unknown field", `{"do":"list","path":"/etc"}`, Command{}, "that is no command"},
		{"wrong type", `{"do":"close","socket":"3"}`, Command{}, "that is no command"},
		{"deep", `{"do":` + strings.Repeat("[", 2000), Command{}, "that is no command"},
		{"too long", `{"do":"list","search":"` + long + `"}`, Command{}, "at most 4096 octets"},
		{"not UTF-8", "{\"do\":\"list\",\"search\":\"\xff\"}", Command{}, "UTF-8"},
		{"search too long", `{"do":"list","search":"` + long[:201] + `"}`, Command{}, "at most 200 octets"},
		{"limit too large", `{"do":"list","limit":501}`, Command{}, "from 1 to 500"},
		{"limit negative", `{"do":"list","limit":-1}`, Command{}, "from 1 to 500"},
		{"offset negative", `{"do":"list","offset":-1}`, Command{}, "from 0"},
		{"offset too large", `{"do":"list","offset":99999999999}`, Command{}, "from 0"},
		{"offset past any number", `{"do":"list","offset":1e999}`, Command{}, "that is no command"},
		{"sort by something else", `{"do":"list","sort":"token"}`, Command{}, "sort is one of"},
		{"sort twice backwards", `{"do":"list","sort":"--id"}`, Command{}, "sort is one of"},
		{"close nobody", `{"do":"close"}`, Command{}, "from 1"},
		{"close with 1006", `{"do":"close","socket":3,"code":1006}`, Command{}, "code is one"},
		{"close with a code that wraps", `{"do":"close","socket":3,"code":66536}`, Command{}, "code is one"},
		{"close with a negative code", `{"do":"close","socket":3,"code":-64536}`, Command{}, "code is one"},
		{"close with too long a reason", `{"do":"close","socket":3,"reason":"` + long[:124] + `"}`, Command{}, "at most 123"},
		{"tap nobody", `{"do":"tap","socket":0}`, Command{}, "from 1"},
		{"drain nobody", `{"do":"drain"}`, Command{}, "more than 0, at most 1"},
		{"drain more than all", `{"do":"drain","fraction":1.01}`, Command{}, "more than 0, at most 1"},
		{"drain less than nobody", `{"do":"drain","fraction":-0.5}`, Command{}, "more than 0, at most 1"},
		{"drain in the past", `{"do":"drain","fraction":1,"over_ms":-1}`, Command{}, "from 0 to 3600000"},
		{"drain for days", `{"do":"drain","fraction":1,"over_ms":3600001}`, Command{}, "from 0 to 3600000"},
		{"untap somebody below", `{"do":"untap","socket":-1}`, Command{}, "from 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseCommand([]byte(tt.text))
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// Whatever comes, a Command is within its bounds, and means the same when it is written and read again; an error is
// one line that quotes nothing.
func FuzzParseCommand(f *testing.F) {
	for _, seed := range []string{
		`{"do":"sign-in","token":"0123456789abcdef","id":1}`, `{"do":"list","search":"x","sort":"-rtt","offset":50,"limit":25}`,
		`{"do":"close","socket":12,"code":1001,"reason":"bye"}`, `{"do":"tap","socket":1}`, `{"do":"untap","socket":1}`,
		`{"do":"list"} x`, `{"DO":"list"}`, `{"do":"drain","fraction":0.5,"over_ms":1}`, `[]`, `null`, "\x00", `{"do":"close","socket":1,"reason":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCommand(text)
		if err != nil {
			if (c != Command{ID: c.ID}) || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 200 {
				t.Fatalf("%+v, error %q", c, err)
			}
			return
		}
		switch c.Do {
		case SignIn:
		case List:
			if c.Limit < 1 || c.Limit > 500 || c.Offset < 0 || len(c.Search) > 200 || !slices.Contains(Orders, strings.TrimPrefix(c.Sort, "-")) {
				t.Errorf("out of bounds: %+v", c)
			}
		case Close:
			if c.Socket < 1 || c.Code < 1000 || c.Code > 4999 || !frame.CloseCode(c.Code).OnWire() ||
				len(c.Reason) > 123 || !utf8.ValidString(c.Reason) {
				t.Errorf("out of bounds: %+v", c)
			}
		case Drain:
			if !(c.Fraction > 0 && c.Fraction <= 1) || c.Over < 0 || c.Over > 3600000 {
				t.Errorf("out of bounds: %+v", c)
			}
		case Tap, Untap:
			if c.Socket < 1 {
				t.Errorf("out of bounds: %+v", c)
			}
		default:
			t.Errorf("not a command: %+v", c)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > commandSize { // characters that JSON escapes grow
			return
		}
		if same, err := ParseCommand(again); err != nil || same != c {
			t.Errorf("%+v, then %+v, %v", c, same, err)
		}
	})
}
