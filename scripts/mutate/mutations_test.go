package main

import (
	"strings"
	"testing"
)

// A mutation that no longer matches the code tests nothing, so here is who notices first.
func TestMutationsMatchTheCode(t *testing.T) {
	for name, mutations := range suites {
		t.Run(name, func(t *testing.T) {
			mutants, err := applyAll("../..", mutations)
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]bool{}
			for i, m := range mutations {
				if len(mutants[i]) == 0 || m.old == m.new || m.in == nil || m.test == "" || m.says == "" {
					t.Errorf("%q is not complete", m.name)
				}
				if names[m.name] {
					t.Errorf("there are two of the name %q", m.name)
				}
				names[m.name] = true
			}
		})
	}
}

func TestApply(t *testing.T) {
	tests := []struct {
		name, content, want string // want is empty if it must fail
	}{
		{"once", "a = 1; b = 2", "a = 7; b = 2"},
		{"not at all", "b = 2", ""},
		{"twice", "a = 1; a = 1", ""},
	}
	m := mutation{name: "seven", file: "x.go", old: "a = 1", new: "a = 7"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := m.apply([]byte(tt.content))
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("%q, error %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestApplyAllNamesEveryMutationThatDoesNotMatch(t *testing.T) {
	_, err := applyAll("../..", []mutation{
		{name: "first", file: "no/such/file.go", old: "a"},
		{name: "second", file: "go.mod", old: "no such text"},
		{name: "third", file: "go.mod", old: "module github.com/everwire/everwire\n"},
	})
	if err == nil || !strings.Contains(err.Error(), "no/such/file.go") || !strings.Contains(err.Error(), `"second"`) ||
		strings.Contains(err.Error(), "third") {
		t.Errorf("error %v", err)
	}
}
