package nats

import (
	"strings"
	"testing"
	"time"
)

func TestOptionsThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		name string
		opts Options
		says string
	}{
		{"a prefix with a dot", Options{Prefix: "a.b"}, `"a.b"`},
		{"a prefix with a space", Options{Prefix: "a b"}, `"a b"`},
		{"a prefix that is no ASCII", Options{Prefix: "grün"}, `"grün"`},
		{"a long prefix", Options{Prefix: strings.Repeat("a", 33)}, "1 to 32"},
		{"two replicas", Options{Replicas: 2}, "2 replicas"},
		{"less than none", Options{Replicas: -1}, "-1 replicas"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.opts.settle(); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error is %v, want one that says %q", err, test.says)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	var none *Options
	a, err := none.settle()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := new(Options).settle()
	if a.Prefix != "everwire" || a.Replicas != 1 || a.Timeout != 5*time.Second || a.Check != 3*time.Second || a.Log == nil {
		t.Errorf("the defaults are %+v", a)
	}
	if a.Node == "" || a.Node == b.Node {
		t.Errorf("two nodes are called %q and %q", a.Node, b.Node)
	}
	short, _ := (&Options{Timeout: 1, Check: 1}).settle()
	if short.Timeout != 100*time.Millisecond || short.Check != 10*time.Millisecond {
		t.Errorf("the shortest times are %v and %v", short.Timeout, short.Check)
	}
}
