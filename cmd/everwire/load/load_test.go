package load

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

const (
	brief    = 30 * time.Millisecond // how long a test measures
	patience = 5 * time.Second       // a Timeout that passes, and is enough for what is answered on a busy machine
)

// upAndDown are stages that take as long as a test measures.
var upAndDown = []Stage{{brief / 3, 4}, {0, 6}, {brief / 3, 6}, {0, 5}, {brief / 3, 1}}

func TestScenarios(t *testing.T) {
	text := []byte(`{"hello":"` + strings.Repeat("world ", 200) + `"}`)
	tests := []struct {
		name  string
		toAll bool
		plan  Plan
	}{
		{"one in flight", false, Plan{Scenario: Echo}},
		{"the zero scenario is echo", false, Plan{}},
		{"many in flight", false, Plan{Scenario: Echo, InFlight: 32}},
		{"two loops", false, Plan{Scenario: Echo, Loops: 2, InFlight: 3}},
		{"text", false, Plan{Scenario: Echo, Text: true}},
		{"a payload", false, Plan{Scenario: Echo, Text: true, Payload: text}},
		{"no payload", false, Plan{Scenario: Echo, Payload: []byte{}}},
		{"one octet", false, Plan{Scenario: Echo, Size: 1}},
		{"126 octets", false, Plan{Scenario: Echo, Size: 126}},
		{"large", false, Plan{Scenario: Echo, Size: 1 << 20, InFlight: 2, Connections: 2}},
		{"rate", false, Plan{Scenario: Echo, Rate: 2000}},
		{"rate, two loops", false, Plan{Scenario: Echo, Rate: 2000, Loops: 2}},
		{"deflate", false, Plan{Scenario: Echo, Deflate: true, Text: true, Payload: text, InFlight: 4}},
		{"deflate with takeover", false, Plan{Scenario: Echo, Deflate: true, Takeover: true, Text: true, Payload: text, InFlight: 4}},
		{"broadcast", true, Plan{Scenario: Broadcast}},
		{"broadcasts", true, Plan{Scenario: Broadcast, InFlight: 8, Size: 128}},
		{"broadcasts, two loops", true, Plan{Scenario: Broadcast, InFlight: 8, Loops: 2}},
		{"broadcasts, rate", true, Plan{Scenario: Broadcast, Rate: 500}},
		{"handshake", false, Plan{Scenario: Handshake}},
		{"handshake, rate", false, Plan{Scenario: Handshake, Rate: 300}},
		{"idle", false, Plan{Scenario: Idle}},
		{"idle, two loops", false, Plan{Scenario: Idle, Loops: 2}},
		{"rate per connection", false, Plan{RatePerConnection: 400}},
		{"connect rate", false, Plan{ConnectRate: 2000}},
		{"connect rate, two loops", false, Plan{ConnectRate: 2000, Loops: 2}},
		{"template", false, Plan{Template: `{{.Connection}} {{.Sequence}} {{.Random 16}} {{.Time}}`, Text: true}},
		{"template, window", false, Plan{Template: `{{.Sequence}}`, InFlight: 16, Loops: 2}},
		{"template, rate", false, Plan{Template: `{{.Random 200}}`, InFlight: 2, Rate: 2000}},
		{"template, deflate", false, Plan{Template: `{{.Random 200}}`, Deflate: true, InFlight: 4}},
		{"template, takeover", false, Plan{Template: `{{.Sequence}} hello {{.Sequence}}`, Deflate: true, Takeover: true, InFlight: 4}},
		{"template, empty", false, Plan{Template: `{{if .Sequence}}{{end}}`}},
		{"template, idle", false, Plan{Scenario: Idle, Template: `{{.Connection}}`}},
		{"template, large", false, Plan{Template: `{{.Random 300000}}`, InFlight: 3, Connections: 2}},
		{"function", false, Plan{Message: func(v Variables) []byte { return make([]byte, v.Sequence%300) }, InFlight: 8}},
		{"any", false, Plan{Expect: ExpectAny, InFlight: 8}},
		{"any, large", false, Plan{Expect: ExpectAny, Size: 1 << 20, Connections: 2}},
		{"any, template", false, Plan{Expect: ExpectAny, Template: `{{.Sequence}}`, InFlight: 8}},
		{"any, deflate", false, Plan{Expect: ExpectAny, Deflate: true, Takeover: true, Text: true, Payload: text}},
		{"any, idle", false, Plan{Scenario: Idle, Expect: ExpectAny}},
		{"none", false, Plan{Expect: ExpectNone, InFlight: 8}},
		{"none, large", false, Plan{Expect: ExpectNone, Size: 1 << 20, Connections: 2}},
		{"none, rate", false, Plan{Expect: ExpectNone, Rate: 2000, Loops: 2}},
		{"none, template", false, Plan{Expect: ExpectNone, Template: `{{.Sequence}}`, InFlight: 8}},
		{"stages", false, Plan{Connections: 1, Stages: upAndDown, InFlight: 2}},
		{"stages from some, two loops", false, Plan{Connections: 2, Stages: upAndDown, Loops: 2}},
		{"stages, rate", false, Plan{Connections: 1, Stages: upAndDown, Rate: 2000, Loops: 2}},
		{"stages, rate per connection", false, Plan{Connections: 1, Stages: upAndDown, RatePerConnection: 400}},
		{"stages, connect rate", false, Plan{Connections: 1, Stages: upAndDown, ConnectRate: 1000}},
		{"stages, template", false, Plan{Connections: 1, Stages: upAndDown, Template: `{{.Random 100}}`, InFlight: 4}},
		{"stages, none", false, Plan{Connections: 1, Stages: upAndDown, Expect: ExpectNone, InFlight: 4}},
		{"stages, none, rate", false, Plan{Connections: 1, Stages: upAndDown, Expect: ExpectNone, Rate: 2000}},
		{"reopen", false, Plan{Reopen: time.Millisecond}},
		{"reopen, rate", false, Plan{Reopen: time.Millisecond, Rate: 2000}},
		{"reopen, handshake", false, Plan{Scenario: Handshake, Reopen: time.Millisecond}},
		{"answer timeout", false, Plan{AnswerTimeout: time.Minute, Rate: 2000}},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				srv := everwire(t, tt.toAll)
				base := serve(t, transport, srv)
				p := tt.plan
				p.URL, p.TLS, p.Timeout = base.URL, base.TLS, base.Timeout
				if p.Connections == 0 {
					p.Connections = base.Connections
				}
				l := opened(t, p)
				duration := brief
				if p.Stages != nil {
					duration = 0
				}
				r, err := l.Run(t.Context(), 0, duration, nil, nil)
				if err != nil {
					t.Fatalf("Run: %v", err)
				}
				if r.Errors != 0 || r.FirstError != nil {
					t.Errorf("%d errors, the first is %v", r.Errors, r.FirstError)
				}
				if r.Elapsed < brief {
					t.Errorf("Elapsed is %v, want %v or more", r.Elapsed, brief)
				}
				if n := l.progress().Messages; n == 0 { // within the interval there may be none, on a busy machine
					t.Error("no message came back")
				}
				if p.Rate+p.RatePerConnection == 0 && r.Latency.TotalCount() != r.Messages {
					t.Errorf("%d messages, but %d latencies", r.Messages, r.Latency.TotalCount())
				}
			})
		}
	}
}

// A connection whose messages come back before the next one is made has always something to read, and is not all that is read.
func TestConnectionsHaveTheirTurn(t *testing.T) {
	for _, transport := range transports {
		var made [2]atomic.Int64
		p := serve(t, transport, everwire(t, false))
		p.Connections, p.InFlight = 2, 3
		p.Message = func(v Variables) []byte {
			if made[v.Connection].Add(1) < 300 {
				time.Sleep(time.Millisecond)
			}
			return make([]byte, 300<<10)
		}
		_, r, err := runUntil(t, p, nil, func(Sample) bool { return made[0].Load() >= 5 && made[1].Load() >= 5 })
		if err != nil || r.Errors != 0 {
			t.Errorf("%s: Run: %+v, %v", transport, r, err)
		}
		for i := range made {
			if n := made[i].Load(); n > 250 {
				t.Errorf("%s: connection %d had %d turns while the other waited for 5", transport, i, n)
			}
		}
	}
}

// What the server saw, or Result says, must show that content is looked at.
func TestContentIsChecked(t *testing.T) {
	for _, transport := range transports {
		for _, p := range []Plan{{}, {Deflate: true, Text: true}, {InFlight: 32}} {
			base := serve(t, transport, everwire(t, false))
			p.URL, p.TLS, p.Connections, p.Duration = base.URL, base.TLS, 1, brief
			r, err := Run(t.Context(), p)
			if err != nil {
				t.Fatalf("Run: %v", err)
			}
			if want := r.Messages/sampled - 1; r.Checked < want {
				t.Errorf("%s: of %d messages %d were compared, want %d", transport, r.Messages, r.Checked, want)
			}
		}
	}
}

// echo sends a message back, changed.
func echo(change func(websocket.MessageType, []byte) (websocket.MessageType, []byte)) http.Handler {
	return conversation(func(ctx context.Context, c *websocket.Conn) {
		for {
			mt, b, err := c.Read(ctx)
			if err != nil {
				return
			}
			mt, b = change(mt, b)
			if c.Write(ctx, mt, b) != nil {
				return
			}
		}
	})
}

func TestFaultsAreErrors(t *testing.T) {
	type kind = websocket.MessageType
	tests := []struct {
		name, want string
		h          http.Handler
	}{
		{"wrong octet", "wrong content at octet 3", echo(func(k kind, b []byte) (kind, []byte) { b[3]++; return k, b })},
		{"too short", "of 63 octets, expected 64", echo(func(k kind, b []byte) (kind, []byte) { return k, b[:63] })},
		{"too long", "of 65 octets or more, expected 64", echo(func(k kind, b []byte) (kind, []byte) { return k, append(b, 0) })},
		{"text for binary", "opcode 1, expected 2", echo(func(_ kind, b []byte) (kind, []byte) { return websocket.Text, bytes.Repeat([]byte("a"), len(b)) })},
		{"twice", "more than were sent", conversation(func(ctx context.Context, c *websocket.Conn) {
			mt, b, _ := c.Read(ctx)
			for c.Write(ctx, mt, b) == nil {
			}
		})},
		{"Close frame", `1001 "going"`, conversation(func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx)
			_ = c.Close(websocket.CloseGoingAway, "going")
		})},
		{"cut", "connection 0: ", conversation(func(ctx context.Context, c *websocket.Conn) { _, _, _ = c.Read(ctx) })},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				p := serve(t, transport, tt.h)
				p.Connections = 1
				p.Duration = time.Minute // the failure ends it
				p.Rate = 1               // of the first message, at once
				_, err := Run(t.Context(), p)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "connection 0") {
					t.Fatalf("Run: %v, want connection 0 and %q", err, tt.want)
				}
			})
		}
	}
}

// A connection that fails is counted, and the others go on.
func TestOthersGoOn(t *testing.T) {
	for _, transport := range transports {
		for _, scenario := range []Scenario{Echo, Broadcast} {
			t.Run(transport+"/"+string(scenario), func(t *testing.T) {
				srv := everwire(t, scenario == Broadcast)
				var requests atomic.Int64 // one by one; their Sockets may be made in another order
				last := make(chan *websocket.Socket, 1)
				srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
					if r.Header.Get("Number") == "5" {
						last <- s
					}
				})
				p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header.Set("Number", strconv.FormatInt(requests.Add(1), 10))
					srv.ServeHTTP(w, r)
				}))
				p.Scenario, p.Dialing = scenario, 1 // so that the last one is not the one that sends
				l := opened(t, p)
				victim := <-last
				victim.Terminate()
				r, err := l.Run(t.Context(), 0, brief, nil, nil)
				if err != nil {
					t.Fatalf("Run: %v", err)
				}
				if r.Errors != 1 || r.FirstError == nil || !strings.HasPrefix(r.FirstError.Error(), "connection 4: ") || l.progress().Messages == 0 {
					t.Errorf("%d messages and %d errors, want some and 1: %v", r.Messages, r.Errors, r.FirstError)
				}
			})
		}
	}
}

// silence is a server that says nothing.
func silence() http.Handler {
	return conversation(func(ctx context.Context, c *websocket.Conn) {
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
		}
	})
}

// A server that says nothing costs no more than Timeout.
func TestSilence(t *testing.T) {
	for _, transport := range transports {
		for _, p := range []Plan{{Scenario: Echo}, {Scenario: Echo, Rate: 100}, {Scenario: Broadcast}} {
			t.Run(transport+"/"+string(p.Scenario), func(t *testing.T) {
				base := serve(t, transport, silence())
				p.URL, p.TLS, p.Connections = base.URL, base.TLS, 2
				l := opened(t, p)
				l.plan.Timeout = brief // not for handshakes, on a busy machine
				r, err := l.Run(t.Context(), 0, 2*brief, nil, nil)
				if err != nil {
					t.Fatalf("Run: %v", err)
				}
				if r.Errors != 2 || r.FirstError == nil {
					t.Errorf("%d errors, want 2; the first is %v", r.Errors, r.FirstError)
				}
				if p.Rate > 0 && r.Latency.TotalCount() == 0 {
					t.Error("messages that were never answered left no latency")
				}
			})
		}
	}
}

func TestHandshakesAreChecked(t *testing.T) {
	answer := func(head string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(head))
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
			_ = conn.Close()
		})
	}
	tests := []struct {
		name, want string
		h          http.Handler
	}{
		{"not found", `"HTTP/1.1 404 Not Found", expected HTTP/1.1 101`, http.NotFoundHandler()},
		{"wrong key", `got Sec-WebSocket-Accept "x"`, answer("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")},
		{"no key", "lacks Sec-WebSocket-Accept", answer("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")},
		{"closed", "connection 0: ", answer("HTTP/1.1 101 S\r\n")},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				p := serve(t, transport, tt.h)
				p.Connections = 1
				_, err := Open(t.Context(), p)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Open: %v, want %q", err, tt.want)
				}
			})
		}
	}
}

// A server that takes connections and does not answer.
func TestHandshakeTimeout(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, transport := range transports {
		p := Plan{URL: transport + "://" + ln.Addr().String(), Connections: 2, Timeout: brief}
		if _, err := Open(t.Context(), p); err == nil || !strings.Contains(err.Error(), "no answer to the handshake within 30ms") {
			t.Errorf("%s: Open: %v", transport, err)
		}
	}
}

func TestSources(t *testing.T) {
	first := netip.MustParseAddr("127.0.0.1")
	if ln, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Skip("there is no 127.0.0.2 here")
	} else {
		_ = ln.Close()
	}
	for _, transport := range transports {
		arrived := make(chan string, 6)
		srv := everwire(t, false)
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			host, _, _ := net.SplitHostPort(s.RemoteAddr().String())
			arrived <- host
		})
		p := serve(t, transport, srv)
		p.Connections = 6
		p.Sources = []netip.Addr{first, first.Next(), first.Next().Next()}
		opened(t, p)
		seen := map[string]int{}
		for range 6 {
			seen[<-arrived]++
		}
		if seen["127.0.0.1"] != 2 || seen["127.0.0.2"] != 2 || seen["127.0.0.3"] != 2 {
			t.Errorf("%s: connections came from %v", transport, seen)
		}
	}
}

// The borders' functions are called once each, in order, and a Load runs again.
func TestBorders(t *testing.T) {
	for _, transport := range transports {
		l := opened(t, serve(t, transport, everwire(t, false)))
		for range 2 {
			var calls []string
			if _, err := l.Run(t.Context(), brief/3, brief, func() { calls = append(calls, "begin") }, func() { calls = append(calls, "end") }); err != nil {
				t.Fatalf("Run: %v", err)
			}
			if strings.Join(calls, " ") != "begin end" {
				t.Errorf("%s: called %v", transport, calls)
			}
		}
	}
}

func TestIdle(t *testing.T) {
	for _, transport := range transports {
		var pongs atomic.Int64
		ponged := make(chan struct{}, 100)
		srv := new(websocket.Server)
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnPong(func(*websocket.Socket, []byte) { pongs.Add(1); ponged <- struct{}{} })
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if m.Text() == "to all" {
					_, _ = srv.Broadcast(websocket.Text, []byte("to all"))
					return
				}
				_ = s.SendMessage(m)
			})
		})
		t.Cleanup(func() { _ = srv.Shutdown(context.Background()) })
		p := serve(t, transport, srv)
		p.Scenario, p.Text, p.Announcement, p.Connections, p.Loops = Idle, true, []byte("to all"), 7, 2
		l := opened(t, p)
		if _, err := l.Run(t.Context(), 0, 0, nil, nil); err != nil {
			t.Fatalf("Run: %v", err)
		}
		for _, s := range srv.Clients().Members() {
			if err := s.Ping([]byte("are you there?")); err != nil {
				t.Fatalf("Ping: %v", err)
			}
		}
		for range 7 {
			<-ponged
		}
		for range 2 {
			a, err := l.Broadcast(t.Context())
			if err != nil || a.Sent != 7 || a.Arrived != 7 || a.Last < a.First || a.First <= 0 {
				t.Errorf("%s: Broadcast: %+v, %v", transport, a, err)
			}
		}
		if _, err := l.Run(t.Context(), 0, brief, nil, nil); err != nil {
			t.Fatalf("Run: %v", err)
		}
	}
}

// A broadcast that does not reach everybody.
func TestIncompleteBroadcast(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			p := serve(t, transport, everwire(t, false)) // which sends it back to the first only
			p.Scenario, p.Timeout = Idle, patience
			l := opened(t, p)
			a, err := l.Broadcast(t.Context())
			if err == nil || a.Arrived != 1 || a.Sent != 5 {
				t.Errorf("Broadcast: %+v, %v", a, err)
			}
		})
	}
}

func TestPingsDuringMessages(t *testing.T) {
	for _, transport := range transports {
		var pings, pongs atomic.Int64
		h := conversation(func(ctx context.Context, c *websocket.Conn) {
			c.HandleControl(func(op frame.Opcode, payload []byte) (bool, error) {
				if op == frame.Pong && string(payload) == "?" {
					pongs.Add(1)
				}
				return false, nil
			})
			for {
				mt, b, err := c.Read(ctx)
				if err != nil {
					return
				}
				if pings.Add(1) <= 20 && c.WriteControl(ctx, frame.Ping, []byte("?")) != nil || c.Write(ctx, mt, b) != nil {
					return
				}
			}
		})
		p := serve(t, transport, h)
		p.InFlight, p.Duration = 4, brief
		r, err := Run(t.Context(), p)
		if err != nil || r.Errors != 0 || pongs.Load() != min(pings.Load(), 20) {
			t.Fatalf("%s: %d Pongs for %d Pings, at most 20 of which were sent; Run: %+v, %v", transport, pongs.Load(), pings.Load(), r, err)
		}
	}
}

func TestContextEndsIt(t *testing.T) {
	for _, transport := range transports {
		for _, scenario := range []Scenario{Echo, Broadcast, Handshake, Idle} {
			p := serve(t, transport, everwire(t, scenario == Broadcast))
			p.Scenario = scenario
			l := opened(t, p)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := l.Run(ctx, 0, time.Hour, cancel, nil)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s %s: Run: %v", transport, scenario, err)
			}
			if _, err := l.Run(t.Context(), 0, 0, nil, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("%s %s: Run after that: %v", transport, scenario, err)
			}
		}
	}
}

func TestCloseEndsARun(t *testing.T) {
	for _, transport := range transports {
		l := opened(t, serve(t, transport, everwire(t, false)))
		begun, ended := make(chan struct{}), make(chan error)
		go func() {
			_, err := l.Run(t.Context(), 0, time.Hour, func() { close(begun) }, nil)
			ended <- err
		}()
		<-begun
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if _, err := l.Run(t.Context(), 0, 0, nil, nil); err == nil {
			t.Error("Run after Close found nothing wrong")
		}
	}
}

func TestProgress(t *testing.T) {
	p := serve(t, "ws", everwire(t, false))
	shown := make(chan Progress, 100)
	p.Progress = func(p Progress) { shown <- p }
	l := opened(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = l.Run(ctx, 0, time.Hour, nil, nil)
	}()
	for p := range shown {
		if p.Open == 5 && p.Messages > 0 {
			break
		}
	}
	cancel()
	<-ended
}

// Where no answers are expected, a connection goes on as soon as its socket has taken what it had.
func TestNoAnswersNoWaiting(t *testing.T) {
	for _, transport := range transports {
		p := serve(t, transport, silence())
		p.Expect, p.Connections = ExpectNone, 2
		sum := int64(0)
		if _, r, err := runUntil(t, p, nil, func(s Sample) bool {
			sum += s.Messages
			return sum >= 2000
		}); err != nil || r.Errors != 0 {
			t.Errorf("%s: Run: %+v, %v", transport, r, err)
		}
	}
}

// With a rate every message that was due within the interval has a latency, also where the load cannot keep up.
func TestWhatIsDueIsMeasured(t *testing.T) {
	tests := []struct {
		name  string
		toAll bool
		plan  Plan
	}{
		{"in all", false, Plan{Rate: 200_000}},
		{"in all, two loops", false, Plan{Rate: 200_000, Loops: 2}},
		{"for each connection", false, Plan{RatePerConnection: 40_000}},
		{"in a queue", false, Plan{Rate: 200_000, Reopen: time.Minute}},
		{"text made for each", false, Plan{Rate: 100_000, Template: "{{.Sequence}}", Text: true}},
		{"broadcasts", true, Plan{Rate: 20_000, Scenario: Broadcast, InFlight: 1 << 16}},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				base := serve(t, transport, everwire(t, tt.toAll))
				p := tt.plan
				p.URL, p.TLS, p.Timeout, p.Connections = base.URL, base.TLS, base.Timeout, 5
				if p.InFlight == 0 {
					p.InFlight = 1 << 16
				}
				l := opened(t, p)
				r, err := l.Run(t.Context(), brief, brief, nil, nil)
				if err != nil || r.Errors != 0 {
					t.Fatalf("Run: %v; %d errors, the first is %v", err, r.Errors, r.FirstError)
				}
				rate, each := p.Rate+5*p.RatePerConnection, 1.0
				if tt.toAll {
					each = 5
				}
				due := rate * r.Elapsed.Seconds() * each
				if got := float64(r.Latency.TotalCount()); got < due-2*each || got > due+2*each {
					t.Errorf("%v latencies of %.1f that were due", got, due)
				}
			})
		}
	}
}

// Handshakes that are due faster than the server answers cost no more than Timeout after the interval, and count.
func TestHandshakesThatAreDueEnd(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			p := serve(t, transport, everwire(t, false))
			p.Scenario, p.Rate, p.Timeout = Handshake, 4e6, patience
			l := opened(t, p)
			r, err := l.Run(t.Context(), 0, brief, nil, nil)
			if err != nil || r.Errors != 0 {
				t.Fatalf("Run: %v; %d errors, the first is %v", err, r.Errors, r.FirstError)
			}
			due := p.Rate * r.Elapsed.Seconds()
			if got := float64(r.Latency.TotalCount()); got < due-2 || got > due+2 {
				t.Errorf("%v latencies of %.1f that were due", got, due)
			}
			if made := r.Handshakes.TotalCount(); made == 0 || made >= r.Latency.TotalCount() {
				t.Errorf("%d handshakes were made of %.1f that were due; want some, not all", made, due)
			}
		})
	}
}
