package terminal

import "testing"

func TestSearch(t *testing.T) {
	h := &history{entries: []string{"alpha", "beta", "gamma"}}
	for _, tt := range []struct {
		name         string
		keys         []key
		line, prompt string
		done, passed bool
	}{
		{"nothing typed", nil, "before", "(search) : ", false, false},
		{"as it is typed", typedKeys("ta"), "beta", "(search) ta: ", false, false},
		{"older", []key{char('a'), ctrl('r'), ctrl('r')}, "alpha", "(search) a: ", false, false},
		{"none older", []key{char('g'), ctrl('r')}, "gamma", "(search) no more: g: ", false, false},
		{"not there", typedKeys("ax"), "gamma", "(search) no more: ax: ", false, false},
		{"taken back", append(typedKeys("bx"), key{code: keyBackspace}), "beta", "(search) b: ", false, false},
		{"given up", append(typedKeys("b"), ctrl('g')), "before", "(search) b: ", true, false},
		{"given up by Escape", append(typedKeys("b"), key{code: keyEscape}), "before", "(search) b: ", true, false},
		{"taken", append(typedKeys("b"), key{code: keyEnter}), "beta", "(search) b: ", true, true},
		{"taken to be changed", append(typedKeys("b"), key{code: keyLeft}), "beta", "(search) b: ", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e editor
			e.set("before")
			s := &search{at: len(h.entries), before: "before"}
			var done, passed bool
			for _, k := range tt.keys {
				done, passed = s.key(k, h, &e)
			}
			if e.String() != tt.line || s.prompt() != tt.prompt || done != tt.done || passed != tt.passed {
				t.Errorf("%q, %q, done %v, passed %v", e.String(), s.prompt(), done, passed)
			}
		})
	}
}
