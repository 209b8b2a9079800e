package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, room string
		want          bool
	}{
		{"blue", "blue", true},
		{"blue", "Blue", false},
		{"blue", "blue.dark", false},
		{"blue.dark", "blue", false},
		{"*", "blue", true},
		{"*", "blue.dark", false},
		{"*", "Ωμέγα", true},
		{"orders.*", "orders.eu", true},
		{"orders.*", "orders", false},
		{"orders.*", "orders.eu.paris", false},
		{"orders.*", "orders.", true}, // the token is empty
		{"*.eu", "orders.eu", true},
		{"*.eu", "orders.us", false},
		{"*.*", "a.b", true},
		{"*.*", "a", false},
		{"orders.>", "orders.eu", true},
		{"orders.>", "orders.eu.paris", true},
		{"orders.>", "orders", false},
		{"orders.>", "ordersx.eu", false},
		{"*.eu.>", "orders.eu.paris", true},
		{"*.eu.>", "orders.eu", false},
		{">", "a", true},
		{">", "a.b.c", true},
		{">.a", "b.a", false},
		{">.a", ">.a", false},
		{"a*", "ab", false}, // a star counts only as a whole token
		{"a*", "a*", true},
		{"a.*", "a.*", true},
		{"a.*", "a.>", true},
		{"a.b", "a.*", false}, // a room's name is not a pattern
		{"a.b", ">", false},
		{"", "a", false},
		{"a..b", "a..b", true},
		{"a.*.b", "a..b", true},
	} {
		if got := matches(c.pattern, c.room); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.pattern, c.room, got, c.want)
		}
	}
}

func TestWhatAGrantAllows(t *testing.T) {
	var none *Grant
	some := &Grant{Join: []string{"a.*", "b"}, Publish: []string{"a.b"}}
	for _, c := range []struct {
		name          string
		grant         *Grant
		room          string
		join, publish bool
	}{
		{"nil may everything", none, "a.b", true, true},
		{"the zero Grant may nothing", &Grant{}, "a.b", false, false},
		{"both", some, "a.b", true, true},
		{"join alone", some, "a.c", true, false},
		{"the second pattern", some, "b", true, false},
		{"neither", some, "c", false, false},
		{"publish without join", &Grant{Publish: []string{">"}}, "c", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.grant.MayJoin(c.room); got != c.join {
				t.Errorf("MayJoin(%q) = %v", c.room, got)
			}
			if got := c.grant.MayPublish(c.room); got != c.publish {
				t.Errorf("MayPublish(%q) = %v", c.room, got)
			}
		})
	}
}

func TestExpired(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		grant *Grant
		want  bool
	}{
		{"nil", nil, false},
		{"never", &Grant{}, false},
		{"later", &Grant{Expires: now.Add(1)}, false},
		{"now", &Grant{Expires: now}, true},
		{"before", &Grant{Expires: now.Add(-1)}, true},
	} {
		if got := c.grant.Expired(now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestGrantsThatCannotBeUsed(t *testing.T) {
	long := strings.Repeat("x", 201)
	for _, c := range []struct {
		name  string
		grant Grant
		want  string // in the error; "" for none
	}{
		{"a good one", Grant{User: "u", Join: []string{"a.>", ">", "*"}, Publish: []string{long[:200]}}, ""},
		{"no user", Grant{}, "no user"},
		{"a long user", Grant{User: long}, "longer than 200"},
		{"a long name", Grant{User: "u", Name: long}, "longer than 200"},
		{"a user that is not UTF-8", Grant{User: "\xff"}, "UTF-8"},
		{"an empty pattern", Grant{User: "u", Join: []string{""}}, "1 to 200"},
		{"a long pattern", Grant{User: "u", Publish: []string{long}}, "1 to 200"},
		{"a pattern that is not UTF-8", Grant{User: "u", Publish: []string{"\xff"}}, "1 to 200"},
		{"> first", Grant{User: "u", Join: []string{">.a"}}, "before its end"},
		{"> within", Grant{User: "u", Publish: []string{"a.>.b"}}, "before its end"},
		{"too many", Grant{User: "u", Join: make([]string, 1001)}, "more than 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.grant.check()
			if got := fmt.Sprint(err); (err == nil) != (c.want == "") || !strings.Contains(got, c.want) && err != nil {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}
