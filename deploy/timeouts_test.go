package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// silent is an end that sends nothing by itself.
var silent = websocket.Heartbeat{Interval: -1}

// shortened is how long the timeout of the proxy is in these tests: longer than a busy machine holds up what is not silent.
const shortened = 3 * time.Second

func (sw *software) shorten() change {
	return change{sw.idleTimeout, strings.Replace(sw.idleTimeout, "90s", shortened.String(), 1)}
}

// TestIdleConnectionsAreCut: the timeouts in the files are the ones that count.
func TestIdleConnectionsAreCut(t *testing.T) {
	for _, sw := range []*software{nginx, haproxy} {
		t.Run(sw.name, func(t *testing.T) {
			t.Parallel() // it is waiting that takes the time
			sw.find(t)
			s := newSite(t, behavior{options: websocket.AcceptOptions{Heartbeat: silent}})
			p := sw.front(t, s.addresses(), sw.shorten())
			c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{Heartbeat: silent})
			g := s.next(t)
			since := time.Now() // before the last that the proxy sees
			wantEcho(t, c, websocket.Text, "the last for now")
			wantEnd(t, c, websocket.CloseAbnormal, "")
			g.wantClosed(t, lost)
			if idle := time.Since(since); idle < shortened*9/10 || idle > 3*shortened { // the next that could cut it has 10 s
				t.Errorf("it was cut after %v, want %v", idle, shortened)
			}
		})
	}
}

// TestCaddyCutsNoIdleConnection: it has no timeout that would.
func TestCaddyCutsNoIdleConnection(t *testing.T) {
	caddy.find(t)
	s := newSite(t, behavior{options: websocket.AcceptOptions{Heartbeat: silent}})
	p := caddy.front(t, s.addresses(), change{"idle 2m", "idle 500ms"})
	c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{Heartbeat: silent})
	ctx, cancel := context.WithTimeout(context.Background(), 4*500*time.Millisecond)
	defer cancel()
	if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("reading ended by %v", err)
	}
	wantEcho(t, c, websocket.Text, "still there")
}

// TestHeartbeatKeepsConnections, whichever end's it is, through a timeout that is longer than its interval.
func TestHeartbeatKeepsConnections(t *testing.T) {
	beating := websocket.Heartbeat{Interval: shortened / 12, Timeout: -1}
	const beats = 16 // at least 1.2 times the timeout, as an interval may be 10 % shorter
	for _, test := range []struct {
		name           string
		server, client websocket.Heartbeat
	}{
		{"the server's", beating, silent},
		{"the client's", silent, beating},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // it is waiting that takes the time
			behindEach(t, func(t *testing.T, sw *software) {
				t.Parallel()
				s := newSite(t, behavior{options: websocket.AcceptOptions{Heartbeat: test.server}})
				var changes []change
				if sw.idleTimeout != "" {
					changes = append(changes, sw.shorten())
				}
				p := sw.front(t, s.addresses(), changes...)
				beat := make(chan struct{}, 1000)
				echoed := make(chan string, 1)
				v := p.visit(t, "wss://ws.example.com/", websocket.DialOptions{Heartbeat: test.client},
					func(s *websocket.Socket) {
						s.OnPing(func(*websocket.Socket, []byte) { beat <- struct{}{} })
						s.OnPong(func(*websocket.Socket, []byte) { beat <- struct{}{} })
						s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { echoed <- m.Text() })
					})
				for range beats {
					await(t, "the next beat", beat)
				}
				if err := v.SendText("still there"); err != nil {
					t.Fatal(err)
				}
				await(t, "the echo", echoed)
			})
		})
	}
}

// TestTimeoutsLeaveTimeForTheHeartbeat of both ends' defaults: an interval, 10 % more, and the time for the Pong.
func TestTimeoutsLeaveTimeForTheHeartbeat(t *testing.T) {
	const longestSilence = 33*time.Second + 20*time.Second
	for _, test := range []struct{ file, timeout string }{
		{"nginx/everwire-location.conf", "proxy_read_timeout"},
		{"nginx/everwire-location.conf", "proxy_send_timeout"},
		{"nginx/everwire-location.conf", "send_timeout"},
		{"nginx/stream.conf", "proxy_timeout"},
		{"haproxy/everwire.cfg", "timeout tunnel"},
		{"haproxy/tcp.cfg", "timeout client"},
		{"haproxy/tcp.cfg", "timeout server"},
	} {
		found := false
		for _, line := range strings.Split(adapt(t, test.file), "\n") {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), test.timeout+" ")
			if !ok {
				continue
			}
			found = true
			value, _, _ = strings.Cut(strings.Replace(value, ";", " ", 1), " ")
			if d, err := time.ParseDuration(value); err != nil || d <= longestSilence {
				t.Errorf("%s: %s is %q, want more than %v", test.file, test.timeout, value, longestSilence)
			}
		}
		if !found {
			t.Errorf("%s has no %s", test.file, test.timeout)
		}
	}
}
