package report

import (
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

func TestHeadline(t *testing.T) {
	for _, row := range []struct{ behavior, close, want conformance.Verdict }{
		{conformance.OK, conformance.OK, conformance.OK},
		{conformance.Informational, conformance.OK, conformance.Informational},
		{conformance.OK, conformance.Informational, conformance.OK},
		{conformance.OK, conformance.Unclean, conformance.Unclean},
		{conformance.Unimplemented, conformance.WrongCode, conformance.WrongCode},
		{conformance.Failed, conformance.Unclean, conformance.Failed},
		{conformance.NonStrict, conformance.OK, conformance.NonStrict},
	} {
		if got := headline(&conformance.Result{Behavior: row.behavior, Close: row.close}); got != row.want {
			t.Errorf("%s, %s: %s, want %s", row.behavior, row.close, got, row.want)
		}
	}
}

func TestCount(t *testing.T) {
	results := []*conformance.Result{
		{Behavior: conformance.OK, Close: conformance.OK, Took: 1, Began: began},
		{Behavior: conformance.OK, Close: conformance.Unclean, Took: 2, Began: began.Add(-time.Hour)},
		{Behavior: conformance.Unimplemented, Close: conformance.OK, Took: 4, Began: began},
	}
	got := count(results)
	if got.String() != "2/3" || got.Took != 7 || !got.Began.Equal(began.Add(-time.Hour)) || got.By[conformance.Unclean] != 1 {
		t.Errorf("%+v", got)
	}
	if s := count(nil).String(); s != "–" {
		t.Errorf("nothing is %q", s)
	}
}

// Each verdict that there is must have a look, or a page would lack it.
func TestEveryVerdictHasALook(t *testing.T) {
	for _, v := range append(behaviors, closes...) {
		if l := lookOf(v); l.Verdict != v || l.Means == "" {
			t.Errorf("%s: %+v", v, l)
		}
	}
}
