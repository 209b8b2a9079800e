package websocket_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// tapped collects what a tap shows, until the one frame comes that ends it.
func tapped(t *testing.T, s *websocket.Socket) (until func(last func(websocket.TapEvent) bool) []websocket.TapEvent, remove func()) {
	events := make(chan websocket.TapEvent, 10_000)
	remove = s.Tap(func(ev websocket.TapEvent) { events <- ev })
	return func(last func(websocket.TapEvent) bool) (all []websocket.TapEvent) {
		t.Helper()
		limit := time.NewTimer(time.Minute)
		defer limit.Stop()
		for {
			select {
			case ev := <-events:
				all = append(all, ev)
				if last(ev) {
					return all
				}
			case <-limit.C:
				t.Fatalf("still waiting after %d frames", len(all))
			}
		}
	}, remove
}

func isOpcode(op frame.Opcode, sent bool) func(websocket.TapEvent) bool {
	return func(ev websocket.TapEvent) bool { return ev.Header.Opcode == op && ev.Sent == sent }
}

// line says what matters of a frame.
func line(ev websocket.TapEvent) string {
	way := "in"
	if ev.Sent {
		way = "out"
	}
	fin := ""
	if !ev.Header.Fin {
		fin = " and more"
	}
	return fmt.Sprintf("%s %v %d%s %q", way, ev.Header.Opcode, ev.Header.Length, fin, short(string(ev.Payload)))
}

func ways(all []websocket.TapEvent) (in, out []string) {
	for _, ev := range all {
		if ev.Sent {
			out = append(out, line(ev))
		} else {
			in = append(in, line(ev))
		}
	}
	return in, out
}

func TestTapShowsFramesBothWays(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		began := time.Now()
		back := make(chan int64, 1)
		s, p := a.connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		}, func(p *websocket.Socket) {
			p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- m.Len() })
		})
		must(t, p.SendText("not seen"))
		<-back
		until, _ := tapped(t, s)
		must(t, p.Ping([]byte("is it there?"))) // the tap is, when the Ping is shown
		until(isOpcode(frame.Pong, true))

		long := strings.Repeat("x", 5000)
		broadcast := prepared(t, "to all")
		for _, send := range []func() error{
			func() error { return p.SendText("hello") },
			func() error { return p.Send(nil) },
			func() error { return p.SendText(long) },
			func() error { return p.Send(bytes.Repeat([]byte("z"), 70_000)) },
			func() error { return p.SendBlob(strings.NewReader(strings.Repeat("b", 100_000)), 100_000) },
			func() error { return p.SendPrepared(broadcast) },
		} {
			must(t, send())
			<-back
		}
		p.Close(websocket.CloseNormal, "bye")
		all := until(isOpcode(frame.Close, true))
		in, out := ways(all)
		wantLines(t, "in", in, `in text 5 "hello"`, `in binary 0 ""`, `in text 5000 "xxxxxxxxxxxxxxxxxxxx… (4096)"`,
			`in binary 70000 "zzzzzzzzzzzzzzzzzzzz… (4096)"`, `in binary 65536 and more "bbbbbbbbbbbbbbbbbbbb… (4096)"`,
			`in continuation 34464 "bbbbbbbbbbbbbbbbbbbb… (4096)"`, `in text 6 "to all"`, `in close 5 "\x03\xe8bye"`)
		wantLines(t, "out", out, `out text 5 "hello"`, `out binary 0 ""`, `out text 5000 "xxxxxxxxxxxxxxxxxxxx… (4096)"`,
			`out binary 70000 "zzzzzzzzzzzzzzzzzzzz… (4096)"`, `out binary 100000 "bbbbbbbbbbbbbbbbbbbb… (4096)"`,
			`out text 6 "to all"`, `out close 2 "\x03\xe8"`)
		client := strings.HasSuffix(a.name, "/client")
		for _, ev := range all {
			if ev.Lost != 0 || ev.Compressed || ev.Time.Before(began) || ev.Header.Masked != (ev.Sent == client) {
				t.Errorf("%s: lost %d, compressed %v, at %v, masked %v", line(ev), ev.Lost, ev.Compressed, ev.Time, ev.Header.Masked)
			}
		}
	})
}

func TestTapShowsWhatIsCompressed(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		text := strings.Repeat("to be or not to be, ", 1000)
		s, p := a.connect(t, &wstest.PairOptions{Compression: true}, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		}, nil)
		until, _ := tapped(t, s)
		must(t, p.Ping(nil))
		until(isOpcode(frame.Pong, true))
		must(t, p.SendText(text))
		must(t, p.SendText("short"))
		p.Close(websocket.CloseNormal, "")
		var compressed int
		for _, ev := range until(isOpcode(frame.Close, true)) {
			if !ev.Compressed {
				continue
			}
			compressed++
			if ev.Header.Rsv != frame.Rsv1 || int(ev.Header.Length) != len(ev.Payload) {
				t.Errorf("%s", line(ev))
			}
			var d deflate.Decompressor
			d.Init(15, false)
			plain, _, err := d.Next(slices.Clone(ev.Payload), true)
			if err != nil || !strings.HasPrefix(text, string(plain)) || len(plain) == 0 {
				t.Errorf("%s gives %q, %v", line(ev), short(string(plain)), err)
			}
			d.Release()
		}
		equal(t, "compressed frames", compressed, 2)
	})
}

// Octet by octet a frame is shown once, when its beginning is there.
func TestTapOfFramesInPieces(t *testing.T) {
	shown := make(chan websocket.TapEvent, 10)
	nc, _ := rawClient(t, func(s *websocket.Socket) {
		s.Tap(func(ev websocket.TapEvent) { shown <- ev })
	})
	defer nc.Close()
	var octets []byte
	for _, f := range []struct {
		first   byte
		payload string
	}{{0x01, "he"}, {0x89, "p"}, {0x80, "llo"}, {0x82, ""}} {
		octets = append(octets, f.first, 0x80|byte(len(f.payload)), 0, 0, 0, 0)
		octets = append(octets, f.payload...)
	}
	for _, b := range octets {
		_, err := nc.Write([]byte{b})
		must(t, err)
	}
	var in []string
	for len(in) < 4 {
		if ev := <-shown; !ev.Sent {
			in = append(in, line(ev))
		}
	}
	wantLines(t, "in", in, `in text 2 and more "he"`, `in ping 1 "p"`, `in continuation 3 "llo"`, `in binary 0 ""`)
}

// The answer to the handshake is no frame.
func TestTapFromTheBeginning(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		shown := make(chan websocket.TapEvent, 100)
		_, p := a.connect(t, nil, func(s *websocket.Socket) {
			s.Tap(func(ev websocket.TapEvent) { shown <- ev })
			s.OnOpen(func(s *websocket.Socket) { s.SendText("first") })
		}, nil)
		equal(t, "the first frame", line(<-shown), `out text 5 "first"`)
		must(t, p.SendText("second"))
		equal(t, "the second", line(<-shown), `in text 6 "second"`)
	})
}

func TestATapThatIsSlowLosesFramesAndSaysSo(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		entered, gate := make(chan struct{}, 1), make(chan struct{})
		shown := make(chan websocket.TapEvent, 1000)
		back := make(chan struct{}, 1)
		s, p := a.connect(t, nil, nil, func(p *websocket.Socket) {
			p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- struct{}{} })
		})
		remove := s.Tap(func(ev websocket.TapEvent) {
			select {
			case entered <- struct{}{}:
				<-gate
			default:
			}
			shown <- ev
		})
		defer remove()
		must(t, s.SendText("x"))
		<-back
		within(t, "the first frame to be shown", entered)
		entered <- struct{}{}
		for range 300 { // nobody waits for the tap
			must(t, s.SendText("x"))
			<-back
		}
		close(gate)
		for range 257 { // the one, and those that waited
			if ev := <-shown; ev.Lost != 0 {
				t.Fatalf("%s has lost %d", line(ev), ev.Lost)
			}
		}
		must(t, p.SendText("after"))
		ev := <-shown
		equal(t, "the next", line(ev), `in text 5 "after"`)
		equal(t, "lost", ev.Lost, 44)
	})
}

func TestRemovingATap(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		s, p := a.connect(t, nil, nil, nil)
		first, removeFirst := tapped(t, s)
		second, removeSecond := tapped(t, s)
		must(t, p.Ping([]byte("1")))
		first(isOpcode(frame.Pong, true))
		second(isOpcode(frame.Pong, true))
		removeFirst()
		removeFirst()
		must(t, p.Ping([]byte("2")))
		equal(t, "for the second", len(second(isOpcode(frame.Pong, true))), 2)
		removeSecond()
		third, _ := tapped(t, s)
		must(t, p.Ping([]byte("3")))
		all := third(isOpcode(frame.Pong, true))
		equal(t, "the third's last", line(all[len(all)-1]), `out pong 1 "3"`)
		s.Close(websocket.CloseNormal, "")
		third(isOpcode(frame.Close, false))
	})
}

func TestATapOfASocketThatHasEnded(t *testing.T) {
	s, c := wstest.Sockets(t, nil, nil, nil)
	ended := make(chan struct{})
	s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(ended) })
	c.Terminate()
	within(t, "the end", ended)
	s.Tap(func(websocket.TapEvent) { t.Error("a frame of a connection that has ended") })()
}

// A panic in a tap, and a Goexit, is none of the connection's business.
func TestATapThatPanicsEndsJustItself(t *testing.T) {
	for _, row := range []struct {
		name string
		f    func()
	}{{"panic", func() { panic("boom") }}, {"Goexit", runtime.Goexit}} {
		t.Run(row.name, func(t *testing.T) {
			silenceLog(t)
			s, c := wstest.Sockets(t, nil, nil, nil)
			calls := make(chan struct{}, 100)
			s.Tap(func(websocket.TapEvent) {
				calls <- struct{}{}
				row.f()
			})
			for range 3 {
				until, remove := tapped(t, s)
				must(t, c.Ping(nil))
				until(isOpcode(frame.Pong, true))
				remove()
			}
			within(t, "the tap", calls)
			equal(t, "further calls", len(calls), 0)
			equal(t, "state", s.ReadyState(), websocket.Open)
		})
	}
}

// While taps come and go, nothing of a conversation is lost, and no tap sees half a frame.
func TestTapsComeAndGoWhileMessagesMove(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		const messages = 300
		back := make(chan int64, messages)
		s, p := a.connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		}, func(p *websocket.Socket) {
			p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- m.Len() })
		})
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				remove := s.Tap(func(ev websocket.TapEvent) {
					if want := min(ev.Header.Length, 4096); int64(len(ev.Payload)) != want {
						t.Errorf("%s: %d octets, want %d", line(ev), len(ev.Payload), want)
					}
				})
				select {
				case <-stop:
					remove()
					return
				case <-time.After(100 * time.Microsecond):
				}
				remove()
			}
		}()
		for i := range messages {
			must(t, p.Send(make([]byte, i*i%9000)))
		}
		for i := range messages {
			equal(t, "size", <-back, int64(i*i%9000))
		}
		close(stop)
		<-stopped
	})
}

// TestNoAllocationAfterATap shows that nothing of one is left.
func TestNoAllocationAfterATap(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("the race detector allocates")
	}
	back := make(chan struct{}, 1)
	s, _ := wstest.Sockets(t, nil, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { back <- struct{}{} })
	}, func(p *websocket.Socket) {
		p.OnMessage(func(p *websocket.Socket, m websocket.Message) { p.SendMessage(m) })
	})
	s.Tap(func(websocket.TapEvent) {})()
	data := make([]byte, 64)
	if n := testing.AllocsPerRun(300, func() {
		s.Send(data)
		<-back
	}); n > 0 {
		t.Errorf("%v allocations per round trip", n)
	}
}

func ExampleSocket_Tap() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		if r.URL.Query().Get("debug") == "" {
			return
		}
		s.Tap(func(ev websocket.TapEvent) {
			way := "<"
			if ev.Sent {
				way = ">"
			}
			fmt.Fprintf(io.Discard, "%s %v fin=%v %d octets\n", way, ev.Header.Opcode, ev.Header.Fin, ev.Header.Length)
		})
	})
}
