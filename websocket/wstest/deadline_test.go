package wstest

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	at := func(d time.Duration) func(*deadline, *sync.Mutex, func()) {
		return func(dl *deadline, mu *sync.Mutex, passed func()) { dl.set(time.Now().Add(d), mu, passed) }
	}
	never := func(dl *deadline, mu *sync.Mutex, passed func()) { dl.set(time.Time{}, mu, passed) }
	stop := func(dl *deadline, mu *sync.Mutex, passed func()) { dl.stop() }
	type step struct {
		do      func(*deadline, *sync.Mutex, func())
		wait    time.Duration // after it
		expired bool          // then
		passes  int           // in all
	}
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"in the past", []step{{at(-time.Second), 0, true, 1}}},
		{"now", []step{{at(0), 0, true, 1}}},
		{"just before", []step{{at(time.Second), time.Second - 1, false, 0}}},
		{"on time", []step{{at(time.Second), time.Second, true, 1}}},
		{"never", []step{{never, time.Hour, false, 0}}},
		{"taken back", []step{{at(time.Second), 0, false, 0}, {never, time.Hour, false, 0}}},
		{"reset after it passed", []step{{at(time.Second), time.Second, true, 1}, {never, time.Hour, false, 1}}},
		{"made later", []step{{at(time.Second), 0, false, 0}, {at(time.Minute), time.Second, false, 0}, {stop, time.Hour, false, 0}}},
		{"made sooner", []step{{at(time.Minute), 0, false, 0}, {at(time.Second), time.Hour, true, 1}}},
		{"stopped", []step{{at(time.Second), 0, false, 0}, {stop, time.Hour, false, 0}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var d deadline
				passes := 0
				for i, s := range row.steps {
					mu.Lock()
					s.do(&d, &mu, func() { passes++ })
					mu.Unlock()
					time.Sleep(s.wait)
					synctest.Wait()
					mu.Lock()
					if d.expired != s.expired || passes != s.passes {
						t.Errorf("step %d: expired %v after %d calls, want %v, %d", i, d.expired, passes, s.expired, s.passes)
					}
					mu.Unlock()
				}
			})
		})
	}
}

// A timer that fires while the deadline is being replaced must not expire the new one.
func TestDeadlineThatFiredTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var d deadline
		mu.Lock()
		d.set(time.Now().Add(time.Second), &mu, func() { t.Error("the replaced deadline passed") })
		time.Sleep(time.Second) // the timer has fired, and its function waits for mu
		d.set(time.Now().Add(time.Minute), &mu, func() {})
		mu.Unlock()
		synctest.Wait()
		if d.expired {
			t.Error("expired")
		}
		d.stop()
	})
}
