package conformance

import "testing"

// What has come is heard, however late the case's goroutine gets to it.
func TestPatienceIsWithThePeer(t *testing.T) {
	for range 100 {
		s := &session{ctx: t.Context(), result: &Result{}, events: make(chan event, 1)}
		s.events <- wantPong("in time")
		if came := s.receiveWithin(0); !came.is(wantPong("in time")) {
			t.Fatalf("%v was heard", came)
		}
		if came := s.receiveWithin(0); came.kind != nothing {
			t.Fatalf("%v was heard, and nothing had come", came)
		}
		close(s.events)
		if came := s.receiveWithin(0); came.kind != ended {
			t.Fatalf("%v was heard, and the stream had ended", came)
		}
	}
}
