package load

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// The samples of a run add up to what it did.
func TestSamplesAddUp(t *testing.T) {
	tests := []struct {
		name  string
		toAll bool
		plan  Plan
	}{
		{"echo", false, Plan{InFlight: 2}},
		{"two loops", false, Plan{Loops: 2}},
		{"rate", false, Plan{Rate: 300}},
		{"broadcast", true, Plan{Scenario: Broadcast, Loops: 2}},
		{"handshake", false, Plan{Scenario: Handshake}},
		{"none", false, Plan{Expect: ExpectNone, InFlight: 3}},
		{"stages", false, Plan{Stages: []Stage{{brief, 5}, {brief, 5}, {brief, 0}}}},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				base := serve(t, transport, everwire(t, tt.toAll))
				p := tt.plan
				p.URL, p.TLS, p.Timeout = base.URL, base.TLS, base.Timeout
				if p.Connections = base.Connections; p.Stages != nil {
					p.Connections = 1
				}
				var samples []Sample
				p.Interval, p.Sample = brief/5, func(s Sample) { samples = append(samples, s) }
				l := opened(t, p)
				if l.phase() != Holding {
					t.Errorf("after Open it is %s", l.phase())
				}
				duration := 2 * brief
				if p.Stages != nil {
					duration = 0
				}
				r, err := l.Run(t.Context(), 0, duration, nil, nil)
				if err != nil || r.Errors != 0 {
					t.Fatalf("Run: %+v, %v", r, err)
				}
				l.samples.mu.Lock()
				defer l.samples.mu.Unlock()
				var sum Sample
				latency := newHistogram()
				last := time.Duration(0)
				ended := 0 // which sample ended the run
				for i, s := range samples {
					if s.Phase != Connecting && s.Phase != Holding {
						ended = i
					}
					if s.At != last+s.Length || s.Length <= 0 {
						t.Errorf("an interval of %v ends at %v, the one before it at %v", s.Length, s.At, last)
					}
					last = s.At
				}
				for _, s := range samples[:ended+1] {
					sum.Messages += s.Messages
					sum.Sent += s.Sent
					sum.Opened += s.Opened
					latency.Merge(s.Latency)
				}
				if sum.Messages != l.progress().Messages || sum.Messages < r.Messages {
					t.Errorf("%d messages in samples, %d in all and %d in the result", sum.Messages, l.progress().Messages, r.Messages)
				}
				if !latency.Equals(r.Latency) {
					t.Errorf("%d latencies in samples, %d in the result", latency.TotalCount(), r.Latency.TotalCount())
				}
				if n := r.Handshakes.TotalCount(); sum.Opened < n || sum.Opened > n && p.Stages == nil { // there one may be late
					t.Errorf("%d handshakes in samples, %d in the result", sum.Opened, r.Handshakes.TotalCount())
				}
				if sum.Sent < r.Sent || sum.Sent == 0 != (p.Scenario == Handshake) {
					t.Errorf("%d messages were sent in samples, %d in the result", sum.Sent, r.Sent)
				}
			})
		}
	}
}

// What is sent and received is counted to the octet.
func TestOctetsAreCounted(t *testing.T) {
	for _, transport := range transports {
		p := serve(t, transport, everwire(t, false))
		var sent, received, during int64
		p.Connections, p.Payload = 1, make([]byte, 1000)
		p.Rate = 1e-3 // the first message, at once
		answered := int64(0)
		l, r, err := runUntil(t, p, nil, func(s Sample) bool {
			sent, received, answered = sent+s.SentOctets, received+s.ReceivedOctets, answered+s.Messages
			if s.Phase == Measuring {
				during += s.SentOctets
			}
			return answered == 1 && during > 0 // where writers are goroutines, an answer may be faster than their count
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(4 + 4 + 1000); r.SentOctets != want || r.ReceivedOctets != want-4 || r.Sent != 1 {
			t.Errorf("%s: %d octets sent and %d received with %d messages, want %d and %d with 1",
				transport, r.SentOctets, r.ReceivedOctets, r.Sent, want, want-4)
		}
		l.samples.mu.Lock()
		if request := int64(len(l.upgrades[0].request)); sent != r.SentOctets+request || received <= r.ReceivedOctets+100 {
			t.Errorf("%s: %d octets sent and %d received in samples; the request has %d", transport, sent, received, request)
		}
		l.samples.mu.Unlock()
	}
}

// Stop ends a run early, in whichever phase, and the result is of what there was.
func TestStop(t *testing.T) {
	for _, transport := range transports {
		for _, scenario := range []Scenario{Echo, Broadcast, Handshake, Idle} {
			for _, rate := range []float64{0, 0.01} {
				p := serve(t, transport, everwire(t, scenario == Broadcast))
				p.Scenario, p.Rate = scenario, rate
				l := opened(t, p)
				r, err := l.Run(t.Context(), 0, time.Hour, func() { go l.Stop() }, nil)
				if err != nil || r.Elapsed >= time.Hour {
					t.Errorf("%s %s: Run: %+v, %v", transport, scenario, r, err)
				}
				l.Stop()
				if r, err = l.Run(t.Context(), time.Hour, time.Hour, nil, nil); err != nil || r.Elapsed >= time.Hour {
					t.Errorf("%s %s: a run that was stopped before it began: %+v, %v", transport, scenario, r, err)
				}
				if r, err = l.Run(t.Context(), 0, brief, nil, nil); err != nil || r.Elapsed < brief {
					t.Errorf("%s %s: a run after that: %+v, %v", transport, scenario, r, err)
				}
			}
		}
	}
}

func TestPhases(t *testing.T) {
	for _, transport := range transports {
		p := serve(t, transport, everwire(t, false))
		p.Rate = 50
		var l *Load
		warmed := make(chan Phase, 1)
		told := make(chan Sample, 1)
		p.Interval, p.Sample = time.Millisecond, func(s Sample) {
			select {
			case told <- s:
			default:
			}
		}
		l = opened(t, p)
		seen := map[Phase]bool{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for s := range told {
				if seen[s.Phase] = true; seen[Measuring] {
					l.Stop()
					return
				}
			}
		}()
		if _, err := l.Run(t.Context(), brief, time.Hour, func() { warmed <- l.phase() }, func() { seen[l.phase()] = true }); err != nil {
			t.Fatal(err)
		}
		<-done
		if at := <-warmed; at != Warming || !seen[Measuring] || !seen[Draining] {
			t.Errorf("%s: it began to measure when it was %s, and then it was %v", transport, at, seen)
		}
	}
}

func TestBusiest(t *testing.T) {
	b, s := busiest(0, 0, usage{100, 300}, 1000)
	b, s = busiest(b, s, usage{300, 0}, 1000)
	if b != 0.1 || s != 0.3 {
		t.Errorf("the busiest is %v and %v, want 0.1 and 0.3", b, s)
	}
	for _, tt := range []struct {
		r    Result
		want bool
	}{{Result{Busy: 0.94}, false}, {Result{Busy: 0.96}, true}, {Result{Busy: 0.5, Starved: 0.5}, true}} {
		if got := tt.r.Bottleneck(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.r, got, tt.want)
		}
	}
}

// When connecting fails, the last sample says how far it came.
func TestSampleOfFailure(t *testing.T) {
	for _, transport := range transports {
		var asked atomic.Int64
		srv := everwire(t, false)
		p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > 3 {
				http.Error(w, "", http.StatusServiceUnavailable)
				return
			}
			srv.ServeHTTP(w, r)
		}))
		var last Sample
		p.Dialing, p.Interval, p.Sample = 1, time.Hour, func(s Sample) { last = s }
		_, err := Open(t.Context(), p)
		var e *Error
		if !errors.As(err, &e) || e.Code != http.StatusServiceUnavailable || e.Connection != 3 {
			t.Errorf("%s: Open: %v", transport, err)
		}
		if last.Phase != Connecting || last.Open != 3 || last.Opened != 3 || last.Opening != 0 || last.Errors != 1 || last.Target != 5 {
			t.Errorf("%s: %+v, want 3 of 5 connections and an error", transport, last)
		}
	}
}
