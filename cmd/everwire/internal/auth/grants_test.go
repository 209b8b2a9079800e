package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestGrantsAreRememberedInBoundedMemory(t *testing.T) {
	const most = 8
	r := newRemembered(time.Hour, most)
	q := func(i int) []byte { return fmt.Append(nil, i) }
	for i := range 100 {
		r.put(q(i), &Grant{User: fmt.Sprint(i)})
		r.put(q(i), &Grant{User: fmt.Sprint(i)}) // again, which takes no second place
	}
	if len(r.grants) != most || len(r.order) != most {
		t.Fatalf("%d grants in %d places, want %d", len(r.grants), len(r.order), most)
	}
	for i := range 100 {
		g := r.get(q(i))
		if (g != nil) != (i >= 100-most) {
			t.Errorf("the grant of %d is %v", i, g)
		}
		if g != nil && g.User != fmt.Sprint(i) {
			t.Errorf("the grant of %d is of %s", i, g.User)
		}
	}
}

func TestNothingRememberedIsNothing(t *testing.T) {
	var r *remembered
	r.put([]byte("q"), &Grant{})
	if g := r.get([]byte("q")); g != nil {
		t.Errorf("the grant is %v", g)
	}
}
