package load

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A recorder writes down what is asked of it. It says no to the numbers in busy, once each.
type recorder struct {
	did  []string
	busy map[int]bool
}

func (r *recorder) note(what string, i int) bool {
	if r.busy[i] {
		delete(r.busy, i)
		return false
	}
	r.did = append(r.did, what+" "+strconv.Itoa(i))
	return true
}

func (r *recorder) dismiss(i int)      { r.note("dismiss", i) }
func (r *recorder) resume(i int) bool  { return r.note("resume", i) }
func (r *recorder) replace(i int) bool { return r.note("replace", i) }

func TestChangesAreInOrder(t *testing.T) {
	tests := []struct {
		name  string
		from  int
		wants []int
		busy  map[int]bool
		want  []string
	}{
		{"up", 0, []int{2, 3}, nil, []string{"resume 0", "resume 1", "resume 2"}},
		{"down", 3, []int{1}, nil, []string{"dismiss 2", "dismiss 1"}},
		{"down and up", 2, []int{1, 2}, nil, []string{"dismiss 1", "resume 1"}},
		{"what must wait holds up those after it", 0, []int{3, 3}, map[int]bool{1: true}, []string{"resume 0", "resume 1", "resume 2"}},
		{"as it should be", 3, []int{3}, nil, nil},
	}
	for _, tt := range tests {
		c, r := changes{upTo: tt.from}, recorder{busy: tt.busy}
		for _, n := range tt.wants {
			c.follow(0, n, &r)
		}
		if !slices.Equal(r.did, tt.want) || c.upTo != tt.wants[len(tt.wants)-1] {
			t.Errorf("%s: %q, %d are wanted; want %q", tt.name, r.did, c.upTo, tt.want)
		}
	}
}

func TestLossesAreMadeGoodInTime(t *testing.T) {
	c, r := changes{upTo: 9, reopen: 10}, recorder{busy: map[int]bool{5: true}}
	c.miss(3, 10)
	c.miss(5, 12)
	c.miss(4, 20)
	for _, step := range []struct {
		now  int64
		want []string
	}{
		{9, nil},
		{10, []string{"replace 3"}},
		{15, []string{"replace 3"}}, // the fifth must wait
		{16, []string{"replace 3", "replace 5"}},
		{99, []string{"replace 3", "replace 5", "replace 4"}},
	} {
		if c.follow(step.now, 9, &r); !slices.Equal(r.did, step.want) {
			t.Errorf("at %d: %q, want %q", step.now, r.did, step.want)
		}
	}
	never := changes{}
	if never.miss(1, 0); len(never.lost) != 0 {
		t.Error("what is not to be replaced is kept")
	}
}

// However late it is looked, connections are not started sooner than the rate allows, but for what may be made up for.
func TestConnectRate(t *testing.T) {
	p := Plan{ConnectRate: 1000}
	const ms = int64(time.Millisecond)
	c := newChanges(&p, 2)
	c.restart(100*ms, 1, 2)
	started := 0
	at := func(now int64) int {
		for c.may(now) {
			started++
		}
		return started
	}
	for _, step := range []struct {
		now  int64
		want int
	}{{100, 0}, {101, 1}, {102, 1}, {103, 2}, {113, 7}, {114, 7}, {10_000, 7 + 26}, {10_001, 33}, {10_002, 34}} {
		if got := at(step.now * ms); got != step.want {
			t.Errorf("after %d ms: %d connections were started, want %d", step.now, got, step.want)
		}
	}
	for _, transport := range transports {
		p := serve(t, transport, everwire(t, false))
		p.ConnectRate = 100
		l := opened(t, p)
		r, err := l.Run(t.Context(), 0, brief, nil, nil)
		if err != nil || r.Connecting < 40*time.Millisecond {
			t.Errorf("%s: 5 connections, 100 a second, in %v, %v", transport, r.Connecting, err)
		}
	}
}

// attendance is a server that sends back, and writes down who is there; connections introduce themselves by their numbers.
type attendance struct {
	mu     sync.Mutex
	most   int
	here   map[string]bool
	left   []string // who has, in order
	codes  []websocket.CloseCode
	server *websocket.Server
}

func newAttendance(t *testing.T) *attendance {
	a := &attendance{here: map[string]bool{}, server: everwire(t, false)}
	a.server.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		var who string
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
			a.mu.Lock()
			defer a.mu.Unlock()
			who = m.Text()
			a.here[who] = true
			a.most = max(a.most, len(a.here))
		})
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if who != "" {
				delete(a.here, who)
				a.left = append(a.left, who)
				a.codes = append(a.codes, e.Code)
			}
		})
	})
	return a
}

// Connections come and go with the stages, the last ones first, and say goodbye.
func TestStagesAreFollowed(t *testing.T) {
	for _, transport := range transports {
		for _, loops := range []int{1, 2} {
			t.Run(fmt.Sprint(transport, loops), func(t *testing.T) {
				a := newAttendance(t)
				p := serve(t, transport, a.server)
				p.Connections, p.Loops = 1, loops
				p.Text, p.Template, p.InFlight = true, "{{.Connection}}", 2
				p.Stages = []Stage{{50 * time.Millisecond, 4}, {time.Hour, 4}}
				l, r, err := runUntil(t, p, nil, func(s Sample) bool { return s.Target == 4 && s.Open == 4 })
				if err != nil || r.Errors != 0 {
					t.Fatalf("Run: %+v, %v", r, err)
				}
				if n := r.Handshakes.TotalCount(); n != 4 {
					t.Errorf("%d handshakes, want 4", n)
				}
				if n := l.progress().Open; n != 4 {
					t.Errorf("%d are open, want 4", n)
				}
			})
		}
	}
}

// What a ramp down closes ends with 1000, after its answers, and the others go on.
func TestStagesEndConnections(t *testing.T) {
	for _, transport := range transports {
		for _, plan := range []Plan{{}, {Rate: 200}, {RatePerConnection: 50}} {
			a := newAttendance(t)
			p := serve(t, transport, a.server)
			p.Rate, p.RatePerConnection = plan.Rate, plan.RatePerConnection
			p.Connections, p.Dialing = 4, 1
			p.Text, p.Template, p.InFlight = true, "{{.Connection}}", 2
			p.Stages = []Stage{{brief, 1}, {time.Hour, 1}}
			_, r, err := runUntil(t, p, nil, func(s Sample) bool { return s.Target == 1 && s.Open == 1 })
			if err != nil || r.Errors != 0 || r.Messages == 0 {
				t.Fatalf("%s: Run: %+v, %v", transport, r, err)
			}
			if r.Latency.TotalCount() != r.Messages && plan.Rate+plan.RatePerConnection == 0 {
				t.Errorf("%s: %d messages, but %d latencies", transport, r.Messages, r.Latency.TotalCount())
			}
			a.mu.Lock()
			for i, who := range a.left {
				if who == "0" || a.codes[i] != websocket.CloseNormal {
					t.Errorf("%s: connection %s ended with %d; want 3, 2 and 1 with 1000", transport, who, a.codes[i])
				}
			}
			a.mu.Unlock()
		}
	}
}

// mortal is a server that answers so many messages on each connection and then ends it.
func mortal(answers int, end func(*websocket.Conn)) http.Handler {
	return conversation(func(ctx context.Context, c *websocket.Conn) {
		for range answers {
			mt, b, err := c.Read(ctx)
			if err != nil || c.Write(ctx, mt, b) != nil {
				return
			}
		}
		if _, _, err := c.Read(ctx); err == nil {
			end(c)
		}
	})
}

// Connections that fail are replaced, and the run goes on.
func TestReopen(t *testing.T) {
	tests := []struct {
		name string
		plan Plan
	}{
		{"closed loop", Plan{InFlight: 2}},
		{"rate", Plan{Rate: 300}},
		{"rate per connection", Plan{RatePerConnection: 100}},
		{"stages", Plan{Stages: []Stage{{0, 3}, {time.Hour, 3}}}},
		{"template", Plan{Template: "{{.Sequence}}"}},
		{"two loops", Plan{Loops: 2, Rate: 300}},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				p := tt.plan
				base := serve(t, transport, mortal(5, func(c *websocket.Conn) { _ = c.Close(websocket.CloseGoingAway, "") }))
				p.URL, p.TLS, p.Timeout = base.URL, base.TLS, base.Timeout
				p.Connections, p.Reopen = 3, time.Millisecond
				var opened int64
				_, r, err := runUntil(t, p, nil, func(s Sample) bool {
					opened += s.Opened
					return opened >= 12
				})
				if err != nil {
					t.Fatalf("Run: %v", err)
				}
				if r.Errors < 9 || len(r.ByKind) != 1 || r.ByKind[0].Kind != CloseError || r.ByKind[0].Code != 1001 {
					t.Errorf("%d errors: %+v; want 9 or more, with 1001", r.Errors, r.ByKind)
				}
				if n := r.Handshakes.TotalCount(); n < 12 {
					t.Errorf("%d handshakes, want 12 or more", n)
				}
			})
		}
	}
}

// Where nothing can be opened again, messages that are due are counted as not sent, and nothing is tried too often.
func TestUnsent(t *testing.T) {
	for _, transport := range transports {
		var gone atomic.Bool
		var refused atomic.Int64
		srv := everwire(t, false)
		p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if gone.Load() {
				refused.Add(1)
				http.Error(w, "", http.StatusServiceUnavailable)
				return
			}
			srv.ServeHTTP(w, r)
		}))
		p.Rate, p.Reopen, p.Connections = 200_000, brief/2, 2
		began := time.Now()
		_, r, err := runUntil(t, p, func() {
			gone.Store(true)
			for _, s := range srv.Clients().Members() {
				s.Terminate()
			}
		}, func(s Sample) bool { // the two that were cut, and then those that were refused, as the generator knows it
			return s.Unsent > 0 && len(s.ByKind) > 0 && s.ByKind[0].Count >= 4
		})
		if err != nil || r.Unsent == 0 || r.ByKind[0].Code != http.StatusServiceUnavailable {
			t.Fatalf("%s: Run: %+v, %v", transport, r, err)
		}
		// Each connection may have had a message on the way when it broke.
		if due, got := p.Rate*r.Elapsed.Seconds(), float64(r.Unsent+r.Latency.TotalCount()); got < due-4 {
			t.Errorf("%s: of %.1f that were due %v were sent or counted", transport, due, got)
		}
		if most := 2 * (1 + int64(time.Since(began)/p.Reopen)); refused.Load() > most {
			t.Errorf("%s: %d attempts, want %d at most", transport, refused.Load(), most)
		}
	}
}

// Handshakes that fail are tried again as well.
func TestReopenHandshake(t *testing.T) {
	for _, transport := range transports {
		for _, rate := range []float64{0, 300} {
			var asked atomic.Int64
			srv := everwire(t, false)
			p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1)%3 == 0 {
					http.Error(w, "", http.StatusServiceUnavailable)
					return
				}
				srv.ServeHTTP(w, r)
			}))
			p.Scenario, p.Reopen, p.Rate = Handshake, time.Millisecond, rate
			var messages, errors int64
			_, r, err := runUntil(t, p, nil, func(s Sample) bool {
				messages += s.Messages
				errors += s.Errors
				return errors > 10 && messages > 20
			})
			if err != nil || r.Errors <= 10 || len(r.ByKind) != 1 || r.ByKind[0].Code != 503 || r.Handshakes.TotalCount() <= 20 {
				t.Errorf("%s: Run: %+v, %v", transport, r, err)
			}
		}
	}
}

// What a connection that breaks could not send yet is counted as well, and what it did not answer in time has a latency.
func TestUnsentOfFailures(t *testing.T) {
	const due = int64(brief / time.Millisecond)
	for _, transport := range transports {
		for _, kind := range []ErrorKind{TimeoutError, ResetError} {
			over := make(chan struct{})
			begin := func() {
				if kind == ResetError {
					time.AfterFunc(brief, func() { close(over) })
				}
			}
			p := serve(t, transport, conversation(func(ctx context.Context, c *websocket.Conn) {
				_, _, _ = c.Read(ctx)
				<-over
			}))
			p.Connections, p.RatePerConnection, p.Reopen = 1, 1000, time.Hour
			if kind == TimeoutError {
				p.AnswerTimeout = brief
			}
			_, r, err := runUntil(t, p, begin, func(s Sample) bool { return s.Errors > 0 })
			if kind == TimeoutError {
				close(over)
			}
			if err != nil || r.Errors != 1 || r.Sent != 1 {
				t.Fatalf("%s: Run: %+v, %v", transport, r, err)
			}
			timed, unsent := r.Latency.TotalCount(), r.Unsent
			if got := r.ByKind[0].Kind; (got == TimeoutError) != (kind == TimeoutError) {
				t.Errorf("%s: an error of the kind %s, want %s", transport, got, kind)
			}
			switch kind {
			case TimeoutError:
				if timed < due-1 || unsent != 0 {
					t.Errorf("%s: %d latencies and %d unsent of what was not answered in time; want %d or more, and none", transport, timed, unsent, due)
				}
			default:
				if timed != 0 || unsent < due-2 {
					t.Errorf("%s: %d latencies and %d unsent of what was cut; want none, and %d or more", transport, timed, unsent, due)
				}
			}
		}
	}
}

// That is so also for what became due while the generator itself was held up.
func TestUnsentWhileHeldUp(t *testing.T) {
	for _, transport := range transports {
		over := make(chan struct{})
		p := serve(t, transport, conversation(func(context.Context, *websocket.Conn) { <-over }))
		p.Connections, p.RatePerConnection, p.InFlight, p.Reopen = 1, 1000, 2, time.Hour
		p.Message = func(v Variables) []byte {
			if v.Sequence == 1 {
				close(over)
				time.Sleep(brief)
			}
			return []byte{1}
		}
		_, r, err := runUntil(t, p, nil, func(s Sample) bool { return s.Errors > 0 })
		if err != nil || r.Errors != 1 {
			t.Fatalf("%s: Run: %+v, %v", transport, r, err)
		}
		if due := int64(brief / time.Millisecond); r.Sent+r.Unsent < due {
			t.Errorf("%s: %d sent and %d unsent; want %d or more in all", transport, r.Sent, r.Unsent, due)
		}
	}
}
