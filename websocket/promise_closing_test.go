package websocket_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestCloseEventFiresExactlyOnceAndIsTheLast(t *testing.T) {
	endings := map[string]func(s, p *websocket.Socket){
		"close here":      func(s, p *websocket.Socket) { s.Close(1000, "") },
		"close there":     func(s, p *websocket.Socket) { p.Close(1000, "") },
		"close both":      func(s, p *websocket.Socket) { go s.Close(1000, ""); p.Close(1000, "") },
		"close twice":     func(s, p *websocket.Socket) { s.Close(1000, ""); s.Close(1001, "") },
		"terminate here":  func(s, p *websocket.Socket) { s.Terminate() },
		"terminate there": func(s, p *websocket.Socket) { p.Terminate() },
		"close then cut":  func(s, p *websocket.Socket) { s.Close(1000, ""); s.Terminate(); s.Terminate() },
	}
	promise(t, func(t *testing.T, a arrangement) {
		for name, end := range endings {
			t.Run(name, func(t *testing.T) {
				j := newJournal()
				s, p := a.connect(t, nil, j.listen, func(p *websocket.Socket) {
					p.OnMessage(func(p *websocket.Socket, m websocket.Message) { p.SendMessage(m) })
				})
				for range 20 {
					s.SendText("x")
					s.Ping(nil)
				}
				end(s, p)
				j.waitClose(t)
				s.SendText("late")
				s.Ping(nil)
				s.Close(1000, "late")
				s.Terminate()
				p.Terminate()
				<-p.Context().Done()
				e := j.now()
				if last := e[len(e)-1]; !strings.HasPrefix(last, "close") || count(e, "close") != 1 || count(e, "error") > 1 {
					t.Errorf("events: %q", e)
				}
			})
		}
	})
}

func TestCloseEndsAPause(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, _ := a.connect(t, nil, j.listen, nil)
		s.Pause()
		must(t, s.Close(1000, "done"))
		e := j.waitClose(t)
		equal(t, "close", e[len(e)-1], `close 1000 "" clean=true`)
	})
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, _ := a.connect(t, nil, j.listen, nil)
		s.Pause()
		s.Terminate()
		j.waitClose(t)
	})
}

func TestMessagesSentBeforeCloseArrive(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, _ := a.connect(t, nil, nil, j.listen)
		for range 20 {
			must(t, s.Send(make([]byte, 100<<10)))
		}
		must(t, s.Close(3000, "all sent"))
		e := j.waitClose(t)
		equal(t, "messages", count(e, "message"), 20)
		equal(t, "close", e[len(e)-1], `close 3000 "all sent" clean=true`)
	})
}

func TestCloseTakesEveryCodeThatMayBeSent(t *testing.T) {
	s, _ := wstest.Sockets(t, nil, nil, nil)
	for code := range 1 << 16 {
		ok := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
		if ok {
			continue // it would close; see below
		}
		if err := s.Close(websocket.CloseCode(code), "x"); err != websocket.ErrInvalidClose {
			t.Fatalf("code %d: %v", code, err)
		}
	}
	equal(t, "reason of 124 octets", s.Close(1000, strings.Repeat("x", 124)), websocket.ErrInvalidClose)
	equal(t, "reason not UTF-8", s.Close(1000, "\xFF"), websocket.ErrInvalidClose)
	equal(t, "state", s.ReadyState(), websocket.Open)
	for _, code := range []websocket.CloseCode{0, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		j := newJournal()
		s, _ := wstest.Sockets(t, nil, nil, j.listen)
		reason := strings.Repeat("é", 61)
		want := fmt.Sprintf("close %d %q clean=true", code, reason)
		if code == 0 {
			reason, want = "", `close 1005 "" clean=true`
		}
		must(t, s.Close(code, reason))
		e := j.waitClose(t)
		equal(t, "close", e[len(e)-1], want)
	}
}

func TestCloseTimeoutCutsAPeerThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line *wstest.FaultyConn
		opts := &wstest.PairOptions{Client: wrapFaulty(&line)}
		opts.Accept.Limits.CloseTimeout = 7 * time.Second
		j := newJournal()
		s, _ := wstest.Sockets(t, opts, j.listen, nil)
		line.Reads().CutAfter(0, wstest.CutSilent)
		start := time.Now()
		must(t, s.Close(1000, ""))
		equal(t, "events", j.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
		equal(t, "after", time.Since(start), 7*time.Second)
		line.Reads().Clear()
	})
}

func TestCloseTimeoutCutsAPeerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Limits.CloseTimeout = 7 * time.Second
		j := newJournal()
		s, c := wstest.Sockets(t, opts, j.listen, nil)
		c.Pause()
		must(t, s.Send(make([]byte, 1<<20)))
		start := time.Now()
		must(t, s.Close(1000, ""))
		equal(t, "events", j.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
		equal(t, "after", time.Since(start), 7*time.Second)
		c.Resume()
	})
}

func TestAQueueThatMovesIsNotCutByClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line *wstest.FaultyConn
		opts := &wstest.PairOptions{Client: wrapFaulty(&line)}
		opts.Accept.Limits.CloseTimeout = 5 * time.Second
		opts.Dial.Limits.CloseTimeout = time.Hour
		opts.Dial.Heartbeat.Interval, opts.Accept.Heartbeat.Interval = -1, -1
		j := newJournal()
		s, _ := wstest.Sockets(t, opts, nil, j.listen)
		line.Reads().Split(4 << 10).Delay(100 * time.Millisecond) // 40 KiB a second
		must(t, s.Send(make([]byte, 900<<10)))                    // no single message may take too long either
		for range 39 {
			must(t, s.Send(make([]byte, 40<<10)))
		}
		start := time.Now()
		must(t, s.Close(1000, "slow but sure"))
		e := j.waitClose(t)
		equal(t, "messages", count(e, "message"), 40)
		equal(t, "close", e[len(e)-1], `close 1000 "slow but sure" clean=true`)
		if took := time.Since(start); took < 30*time.Second {
			t.Errorf("took %v: not slow enough to test anything", took)
		}
	})
}

func TestLingeringAfterTheLastCloseFrameIsBounded(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			// The peer answers the Close frame and then leaves its stream open.
			nc, j := rawClient(t, nil)
			nc.Write([]byte{0x88, 0x80, 0, 0, 0, 0})
			start := time.Now()
			equal(t, "close", j.waitClose(t)[1], `close 1005 "" clean=true`)
			equal(t, "after", time.Since(start), 2*time.Second)
			nc.Close()
		})
	})
	t.Run("in octets", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			nc, j := rawClient(t, nil)
			nc.Write([]byte{0x88, 0x80, 0, 0, 0, 0})
			_, err := io.ReadFull(nc, make([]byte, 2)) // the answer
			must(t, err)
			synctest.Wait() // the socket lingers from here on, and counts
			n, start, most := 0, time.Now(), time.Duration(0)
			for {
				m, err := nc.Write(make([]byte, 10<<10))
				n += m
				if err != nil {
					break
				}
				most = time.Since(start)
			}
			if most < 200*time.Millisecond || most > time.Second {
				t.Errorf("it took %v to take them, not some 20 ms for each 64 KiB", most)
			}
			if n < 1<<20 || n > 1<<20+200<<10 {
				t.Errorf("%d octets were taken after the last Close frame", n)
			}
			equal(t, "close", j.waitClose(t)[1], `close 1005 "" clean=true`)
			nc.Close()
		})
	})
}

func TestBytesAfterCloseAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, j := rawClient(t, nil)
		closing := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8}
		nc.Write(append(closing, "\x81\x82\x00\x00\x00\x00hi and then garbage \xFF\xFF"...))
		nc.(*wstest.PipeConn).CloseWrite()
		equal(t, "events", j.waitClose(t), []string{"open", `close 1000 "" clean=true`})
		answer, err := io.ReadAll(nc)
		must(t, err)
		equal(t, "answer", answer, []byte{0x88, 0x02, 0x03, 0xE8})
		nc.Close()
	})
}

func TestAViolationIsAnsweredAndEndsWith1006(t *testing.T) {
	for _, row := range []struct {
		name string
		wire string
		code uint16
	}{
		{"unmasked", "\x81\x02hi", 1002},
		{"reserved opcode", "\x83\x80\x00\x00\x00\x00", 1002},
		{"invalid UTF-8 inside a frame that has not fully arrived", "\x81\xFE\x10\x00\x00\x00\x00\x00ab\xFF", 1007},
		{"too big", "\x82\xFF\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009},
		{"close code 1006", "\x88\x82\x00\x00\x00\x00\x03\xEE", 1002},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var cause error
				nc, j := rawClient(t, func(s *websocket.Socket) {
					s.OnError(func(_ *websocket.Socket, err error) { cause = err })
				})
				nc.Write([]byte(row.wire))
				answer, err := io.ReadAll(nc) // our Close frame, then FIN
				must(t, err)
				nc.Close()
				equal(t, "code on the wire", uint16(answer[2])<<8|uint16(answer[3]), row.code)
				equal(t, "events", j.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
				var broken *websocket.ProtocolError
				if !errors.As(cause, &broken) || uint16(broken.Code) != row.code {
					t.Errorf("cause: %v", cause)
				}
				equal(t, "is too big", errors.Is(cause, websocket.ErrMessageTooBig), row.code == 1009)
			})
		})
	}
}

func TestAStreamThatEndsWithoutCloseIs1006(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, j := rawClient(t, nil)
		nc.Write([]byte("\x81\x82\x00\x00\x00\x00hi\x81"))
		nc.Close()
		equal(t, "events", j.waitClose(t), []string{"open", "message hi", `close 1006 "" clean=false`})
	})
}
