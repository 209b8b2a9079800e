package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/conformance"
)

var bars = regexp.MustCompile(`(^|[^\\])\|`)

// Every row of a table has as many cells as its head.
func TestMarkdownTablesAreWhole(t *testing.T) {
	for name, r := range map[string]*Report{"several": sample(5, 9), "hostile": hostileReport(), "empty": new(Report)} {
		cells, tables := 0, 0
		for i, line := range strings.Split(written(t, r, (*Report).WriteMarkdown), "\n") {
			if !strings.HasPrefix(line, "|") {
				cells = 0
				continue
			}
			n := len(bars.FindAllString(line, -1))
			if cells == 0 {
				cells = n
				tables++
			}
			if n != cells {
				t.Errorf("%s: line %d has %d bars, not %d: %s", name, i+1, n, cells, line)
			}
		}
		if tables != 1 {
			t.Errorf("%s: %d tables, want one", name, tables)
		}
	}
}

func TestMarkdownCounts(t *testing.T) {
	cases := sampleCases([]int{1, 12}, 3)
	bad := sampleResults("b_c", cases[:3], 0)
	bad[1].Behavior, bad[1].Reason = conformance.Failed, "got nothing"
	r := New(append(sampleResults("a", cases, 0), bad...)...)
	want := `| family | a | b\_c |
| --- | ---: | ---: |
| 1 Framing | 3/3 | **2/3** |
| 12 Compression of various payloads | 3/3 | – |
| **all** | 6/6 | **2/3** |

**b\_c** fell short in 1 case:

- FAILED: 1.1.2
`
	if got := written(t, r, (*Report).WriteMarkdown); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestMarkdownKeepsHostileNamesText(t *testing.T) {
	got := written(t, hostileReport(), (*Report).WriteMarkdown)
	for _, never := range []string{"<script", "</", "<img", "\x1b", "\x00", "\u202e", " [x](", "&amp;{"} {
		if strings.Contains(got, never) {
			t.Errorf("%q in\n%s", never, got)
		}
	}
}

func TestTheListOfCases(t *testing.T) {
	cases := []*conformance.Case{
		{ID: "1.1.1", Name: "a text of 0 octets", Does: "Sends a text.", Expects: "It comes back.", Section: "RFC 6455 §5.6", Peers: conformance.Server | conformance.Client},
		{ID: "1.1.2", Name: "another", Peers: conformance.Server | conformance.Client},
		{ID: "15.1", Name: "a <wrong> Sec-WebSocket-Accept", Does: "Answers `x`.", Peers: conformance.Client},
	}
	var b strings.Builder
	if err := WriteCases(&b, cases); err != nil {
		t.Fatal(err)
	}
	want := "## 1 Framing\n\n2 cases.\n\n" +
		"- **1.1.1** a text of 0 octets.\n  Sends a text.\n  *Expected:* It comes back.\n  [RFC 6455 §5.6](https://www.rfc-editor.org/rfc/rfc6455#section-5.6).\n" +
		"- **1.1.2** another.\n\n" +
		"## 15 Opening handshake: clients\n\n1 case.\n\n- **15.1** a &lt;wrong&gt; Sec-WebSocket-Accept, of clients.\n  Answers \\`x\\`.\n"
	if b.String() != want {
		t.Errorf("\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	all := conformance.Cases(conformance.Server | conformance.Client)
	if err := WriteCases(&b, all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !strings.Contains(b.String(), "- **"+c.ID+"** ") {
			t.Errorf("case %s is missing", c.ID)
		}
	}
}
