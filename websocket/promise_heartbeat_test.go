package websocket_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestHeartbeatEndsAHalfOpenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line *wstest.FaultyConn
		opts := &wstest.PairOptions{}
		opts.Accept.Heartbeat = websocket.Heartbeat{Interval: 10 * time.Second, Timeout: 4 * time.Second}
		opts.Dial.Heartbeat.Interval = -1
		opts.Client = wrapFaulty(&line)
		j := newJournal()
		var cause error
		s, _ := wstest.Sockets(t, opts, func(s *websocket.Socket) {
			j.listen(s)
			s.OnError(func(_ *websocket.Socket, err error) { cause = err })
		}, nil)
		start := time.Now()
		time.Sleep(time.Minute) // pings are answered
		equal(t, "state", s.ReadyState(), websocket.Open)
		if n := count(j.now(), "pong"); n < 5 || n > 7 {
			t.Errorf("%d pongs in a minute", n)
		}
		if s.RTT() <= 0 {
			t.Error("no round trip was measured")
		}
		line.Reads().CutAfter(0, wstest.CutSilent)
		line.Writes().CutAfter(0, wstest.CutSilent)
		j.waitClose(t)
		// Silence began at a minute, an interval may just have begun, and another must pass in silence.
		if after := time.Since(start) - time.Minute; after < 4*time.Second || after > 26*time.Second {
			t.Errorf("noticed after %v", after)
		}
		e := j.now()
		equal(t, "close", e[len(e)-1], `close 1006 "" clean=false`)
		equal(t, "cause", cause, websocket.ErrHeartbeat)
		line.Reads().Clear()
		line.Writes().Clear()
	})
}

func TestAnythingReceivedCountsAsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Heartbeat = websocket.Heartbeat{Interval: 10 * time.Second, Timeout: 4 * time.Second}
		opts.Dial.Heartbeat.Interval = -1
		j := newJournal()
		s, c := wstest.Sockets(t, opts, j.listen, nil)
		for range 30 {
			time.Sleep(5 * time.Second)
			must(t, c.SendText("x"))
		}
		equal(t, "state", s.ReadyState(), websocket.Open)
		equal(t, "pongs, as none was needed", count(j.now(), "pong"), 0)
	})
}

func TestHeartbeatIsSuspendedWhileAListenerRunsOrReadingIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Heartbeat = websocket.Heartbeat{Interval: 10 * time.Second, Timeout: 4 * time.Second}
		opts.Dial.Heartbeat.Interval = -1
		s, c := wstest.Sockets(t, opts, func(s *websocket.Socket) {
			s.OnMessage(func(*websocket.Socket, websocket.Message) { time.Sleep(5 * time.Minute) })
		}, nil)
		must(t, c.SendText("x"))
		time.Sleep(6 * time.Minute)
		equal(t, "state after a long listener", s.ReadyState(), websocket.Open)
		s.Pause()
		time.Sleep(5 * time.Minute)
		s.Resume()
		time.Sleep(time.Minute)
		equal(t, "state after a long pause", s.ReadyState(), websocket.Open)
	})
}

// Who answers is sent a Ping each Interval, however long the answer may take.
func TestHeartbeatKeepsItsIntervalUnderALongerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Heartbeat = websocket.Heartbeat{Interval: time.Second, Timeout: time.Minute}
		var pings atomic.Int64
		wstest.Sockets(t, opts, nil, func(s *websocket.Socket) {
			s.OnPing(func(*websocket.Socket, []byte) { pings.Add(1) })
		})
		time.Sleep(20 * time.Second)
		if n := pings.Load(); n < 15 || n > 25 {
			t.Errorf("%d Pings in 20 s", n)
		}
	})
}
