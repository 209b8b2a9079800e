package conformance

import (
	"testing"
	"time"
)

// A client that tries again may be done before the end of its first try is noticed.
func TestRunThatBeganLastCounts(t *testing.T) {
	suite, err := NewClientSuite(&Options{Cases: "1.1.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	c := suite.Cases()[0]
	first := &Result{Case: c, Behavior: Failed, Began: time.Now()}
	second := &Result{Case: c, Behavior: OK, Began: first.Began.Add(1)}
	for range 2 {
		if err := suite.begin("x", c); err != nil {
			t.Fatal(err)
		}
	}
	suite.end("x", c, second)
	suite.end("x", c, first)
	if got := suite.Results("x"); len(got) != 1 || got[0] != second {
		t.Errorf("the results are %v, not the second alone", got)
	}
}
