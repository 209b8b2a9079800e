package websocket

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		passed := func() bool {
			synctest.Wait()
			return d.context().Err() != nil
		}
		expect := func(what string, want bool) {
			t.Helper()
			if passed() != want {
				t.Errorf("%s: passed is %t", what, !want)
			}
		}
		expect("none", false)
		first := d.context()
		d.set(time.Now().Add(time.Second))
		expect("set", false)
		time.Sleep(900 * time.Millisecond)
		d.set(time.Now().Add(time.Second))
		time.Sleep(900 * time.Millisecond)
		expect("moved on", false)
		time.Sleep(100 * time.Millisecond)
		expect("at its time", true)
		if first.Err() == nil {
			t.Error("the context of before it was set did not end")
		}
		d.set(time.Now().Add(time.Second))
		expect("moved after it passed", false)
		d.set(time.Time{})
		time.Sleep(time.Hour)
		expect("taken away", false)
		d.set(time.Now().Add(-1))
		expect("in the past", true)
		d.set(time.Time{})
		expect("taken away after it passed", false)
	})
}
