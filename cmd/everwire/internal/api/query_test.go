package api

import (
	"strings"
	"testing"
)

func TestReadQuery(t *testing.T) {
	for _, tt := range []struct{ name, raw, fail string }{
		{"none", "", ""},
		{"all", "a=1&b=%2f+x", ""},
		{"without a value", "a", ""},
		{"another", "c=1", `there is no parameter "c"`},
		{"another case", "A=1", `there is no parameter "A"`},
		{"twice", "a=1&a=2", `the parameter "a" is there twice`},
		{"bad escape", "a=%2", "the query cannot be read"},
		{"semicolon", "a=1;b=2", "the query cannot be read"},
	} {
		_, err := readQuery(tt.raw, "a", "b")
		if (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fail)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"after=17@k3f9&limit=3", "limit=-1", "limit=1&limit=2", "%zz", "a;b", "limit=+5", "limit=99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := readQuery(raw, "after", "limit")
		if err != nil {
			return
		}
		if n, err := limit(values, 10, 100); err == nil && (n < 1 || n > 100) {
			t.Errorf("%q: limit %d", raw, n)
		}
	})
}
