package report

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance"
)

func textOf(t *testing.T, r *Report, opts *TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextStaysWithinTheWidth(t *testing.T) {
	reports := map[string]*Report{"several": sample(7, 5), "hostile": hostileReport()}
	long := sampleResults(strings.Repeat("agent ", 40), sampleCases([]int{13}, 4), 1)
	long[0].Behavior, long[0].Reason = conformance.Failed, strings.Repeat("0123456789", 30)+" and "+strings.Repeat("words ", 50)
	reports["long"] = New(long...)
	for name, r := range reports {
		for _, width := range []int{1, 40, 57, 80, 200} {
			for i, line := range strings.Split(textOf(t, r, &TextOptions{Width: width}), "\n") {
				if n := utf8.RuneCountInString(line); n > max(width, 40) {
					t.Errorf("%s: line %d is %d columns of %d: %s", name, i+1, n, width, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: line %d ends with spaces: %q", name, i+1, line)
				}
			}
		}
	}
}

func TestTextTellsEveryShortcoming(t *testing.T) {
	r := sample(4, 12)
	got := textOf(t, r, &TextOptions{Width: 120})
	n := 0
	for _, name := range r.Agents() {
		for _, result := range r.short(name) {
			n++
			if !strings.Contains(got, "\n  "+result.Case.ID+" ") {
				t.Errorf("%s of %s is missing", result.Case.ID, name)
			}
		}
	}
	if n == 0 || strings.Count(got, "  RFC 6455 §5.4, §5.5.2\n") != n {
		t.Errorf("%d shortcomings, told %d", n, strings.Count(got, "  RFC 6455 §5.4, §5.5.2\n"))
	}
	if strings.Contains(got, "everwire/1.0 fell short") {
		t.Error("so does who did not fall short")
	}
}

func TestColorsOnlyWhenAsked(t *testing.T) {
	r := sample(3, 12)
	r.Merge(hostileReport())
	plain, colored := textOf(t, r, nil), textOf(t, r, &TextOptions{Color: true})
	if strings.ContainsRune(plain, '\x1b') {
		t.Error("colors nobody asked for")
	}
	if !strings.Contains(colored, "\x1b[31mFAILED\x1b[0m") {
		t.Error("no color")
	}
	if regexp.MustCompile(`\x1b\[[0-9]+m`).ReplaceAllString(colored, "") != plain {
		t.Error("the words are not the same with colors")
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain µ": "plain µ", "a\nb\tc": "a b c", "\x1b[2J": `\x1b[2J`, "\u202eabc": `\u202eabc`, "\u009b": `\x9b`, "": "",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
