package terminal

import (
	"strconv"
	"testing"
)

func TestHistoryIsLeafedThrough(t *testing.T) {
	var h history
	for _, line := range []string{"one", "", "two", "two", "  ", " secret", "three"} {
		h.add(line)
	}
	steps := []struct {
		move  string
		typed string
		want  string
		ok    bool
	}{
		{"newer", "draft", "", false},
		{"older", "draft", "three", true},
		{"older", "three", "two", true},
		{"older", "changed", "one", true},
		{"older", "one", "", false},
		{"newer", "one", "two", true},
		{"newer", "two", "three", true},
		{"newer", "three", "draft", true},
		{"newer", "draft", "", false},
	}
	for i, s := range steps {
		move := func(string) (string, bool) { return h.newer() }
		if s.move == "older" {
			move = h.older
		}
		if got, ok := move(s.typed); got != s.want || ok != s.ok {
			t.Errorf("step %d, %s: %q, %v, want %q, %v", i, s.move, got, ok, s.want, s.ok)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var h history
	for i := range 3 * maxHistory {
		h.add(strconv.Itoa(i))
	}
	if len(h.entries) != maxHistory || h.entries[0] != strconv.Itoa(2*maxHistory) || h.at != maxHistory {
		t.Errorf("%d entries from %s on", len(h.entries), h.entries[0])
	}
}

func TestHistoryIsSearched(t *testing.T) {
	h := history{entries: []string{"abc", "bcd", "cde"}}
	for _, tt := range []struct {
		text   string
		before int
		entry  string
		at     int
	}{
		{"c", 3, "cde", 2}, {"c", 2, "bcd", 1}, {"c", 0, "", -1}, {"a", 99, "abc", 0}, {"x", 3, "", -1}, {"", 3, "cde", 2},
	} {
		if entry, at := h.find(tt.text, tt.before); entry != tt.entry || at != tt.at {
			t.Errorf("%q below %d: %q at %d", tt.text, tt.before, entry, at)
		}
	}
}
