package conformance

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestManyFramesTakeTheirTime(t *testing.T) {
	const patience = 2 * time.Second
	for _, each := range []struct {
		name   string
		frames int
		after  time.Duration // comes the answer to the last
		hears  bool
	}{
		{"in time", 100_000, patience, true},
		{"in time for so many", 100_000, patience + 4*time.Second, true},
		{"too late for so many", 100_000, patience + 6*time.Second, false},
		{"too late for few", 10, patience + time.Second, false},
	} {
		t.Run(each.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer ours.Close()
				go io.Copy(io.Discard, theirs)
				s := &session{ctx: t.Context(), peer: Server, patience: patience, nc: ours, result: &Result{}, events: make(chan event, 1)}
				time.AfterFunc(each.after, func() { s.events <- wantText("") })
				if came := s.pour(repeat(each.frames, text("")), 1); (len(came) == 1) != each.hears {
					t.Errorf("%s came", list(came))
				}
				synctest.Wait()
				time.Sleep(each.after)
			})
		})
	}
}
