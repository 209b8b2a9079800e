package websocket_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// The peer takes a large message, slowly. The Ping waits behind it.
func TestASocketsPeerThatReadsSlowlyIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		served := make(chan *websocket.Socket, 1)
		nc := rawServed(t, nil, func(s *websocket.Socket) { j.listen(s); served <- s })
		s := <-served
		const size = 3 << 20
		must(t, s.Send(make([]byte, size)))
		for octets := int64(0); octets < size+10; octets += 8 << 10 { // in all, more than six minutes
			discard(t, nc, min(8<<10, size+10-octets))
			time.Sleep(time.Second)
		}
		equal(t, "errors", count(j.now(), "error"), 0)
		equal(t, "state", s.ReadyState(), websocket.Open)
		nc.Close()
		j.waitClose(t)
	})
}

// With a negative Timeout Pings keep the way open, and silence proves nothing.
func TestAHeartbeatWithoutTimeoutOnlyPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		opts := &websocket.AcceptOptions{Heartbeat: websocket.Heartbeat{Interval: 10 * time.Second, Timeout: -1}}
		raw := &rawPeer{t: t, masks: true, nc: rawServed(t, opts, j.listen)}
		start := time.Now()
		for range 60 { // and answers none
			h, _, err := raw.read()
			must(t, err)
			equal(t, "opcode", h.Opcode, frame.Ping)
		}
		if took := time.Since(start); took < 9*time.Minute || took > 11*time.Minute {
			t.Errorf("60 Pings took %v, want about ten minutes", took)
		}
		equal(t, "errors", count(j.now(), "error"), 0)
		raw.nc.Close()
		j.waitClose(t)
	})
}

// While reading is paused the peer cannot go on with its message.
func TestAMessageThatAPauseHoldsUpMayGoOnAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		served := make(chan *websocket.Socket, 1)
		raw := &rawPeer{t: t, masks: true, nc: rawServed(t, nil, func(s *websocket.Socket) { j.listen(s); served <- s })}
		s := <-served
		raw.write(raw.frame(frame.Text, false, "be"))
		synctest.Wait()
		s.Pause()
		time.Sleep(10 * time.Minute)
		s.Resume()
		raw.write(raw.frame(frame.Continuation, true, "gun"))
		equal(t, "message", j.waitFor(t, "message")[1], "message begun")
		equal(t, "errors", count(j.now(), "error"), 0)
		raw.nc.Close()
		j.waitClose(t)
	})
}

// A peer that pings and does not read takes bounded memory, and in the end gets the answer to its last Ping
// (RFC 6455 §5.5.3).
func TestASocketAnswersTheLastPingOfAPeerThatDidNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		opts := &websocket.AcceptOptions{Limits: websocket.Limits{ControlFrames: -1}}
		raw := &rawPeer{t: t, masks: true, nc: rawServed(t, opts, func(s *websocket.Socket) {
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { j.note("close ") })
		})}
		const pings = 20_000
		for i := range pings {
			raw.write(raw.frame(frame.Ping, true, fmt.Sprintf("%0100d", i)))
		}
		synctest.Wait() // all were seen
		answered, last := 0, fmt.Sprintf("%0100d", pings-1)
		for payload := ""; payload != last; answered++ {
			h, octets, err := raw.read()
			must(t, err)
			equal(t, "opcode", h.Opcode, frame.Pong)
			payload = string(octets)
		}
		if answered > pings/4 {
			t.Errorf("%d of %d Pongs were kept for a peer that does not read", answered, pings)
		}
		raw.nc.Close()
		j.waitClose(t)
	})
}
