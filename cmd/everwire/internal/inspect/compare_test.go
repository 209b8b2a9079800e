package inspect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

func TestComparing(t *testing.T) {
	text := func(s string) *said { return &said{op: frame.Text, payload: []byte(s)} }
	closing := func(code frame.CloseCode, reason string) *said {
		return &said{op: frame.Close, payload: frame.AppendClose(nil, code, reason)}
	}
	long := strings.Repeat("ä", 100)
	for _, row := range []struct {
		name            string
		expected, heard []*said
		cut             bool
		want            string
	}{
		{"the same", []*said{text("a"), closing(1000, "")}, []*said{text("a"), closing(1000, "")}, false, ""},
		{"without a Close frame as recorded", []*said{text("a")}, []*said{text("a"), closing(1000, "")}, false, ""},
		{"without a Close frame", []*said{closing(1000, "x")}, nil, false, `it ended without a Close frame instead of with 1000 normal closure "x"`},
		{"another code", []*said{closing(1000, "")}, []*said{closing(0, "")}, false, `it was closed with no code instead of 1000 normal closure`},
		{"far behind", []*said{text(long + "a")}, []*said{text(long + "b")}, false,
			`message 1 is text 201 …"ääääääääääb" instead of text 201 …"ääääääääääa"`},
		{"empty", []*said{text("")}, []*said{text("\n")}, false, `message 1 is text 1 "\n" instead of text 0 ""`},
		{"unclear", []*said{{op: frame.Text, unclear: "why"}}, []*said{text("a")}, false, `message 1 cannot be compared: why`},
		{"unclear and missing", []*said{{op: frame.Text, unclear: "why"}}, nil, false, `message 1 is missing: text (why)`},
		{"unclear and more", nil, []*said{{op: frame.Text, unclear: "why"}}, false, `message 1 is more than was recorded: text (why)`},
		{"more than a cut recording has", []*said{text("a")}, []*said{text("a"), text("b")}, true, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := strings.Join(compare(row.expected, row.heard, row.cut, nil), "\n"); got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

func TestDifferencesAreNotToldWithoutEnd(t *testing.T) {
	var many []*said
	for i := range 1000 {
		many = append(many, &said{op: frame.Text, payload: fmt.Append(nil, i)})
	}
	got := compare(many, nil, false, nil)
	if len(got) != maxDifferences+1 || got[maxDifferences] != "and more" {
		t.Errorf("%d lines, the last is %q", len(got), got[len(got)-1])
	}
}
