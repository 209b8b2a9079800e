package status

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// tapped has a connection tapped, and returns what comes of that.
func tapped(t *testing.T, c *Collector, p *fakePeer, conn *connection) (*tap, func() []Event, *bool) {
	t.Helper()
	var events []Event
	busy := new(bool)
	tap, err := conn.tap(func(e Event) bool {
		if !*busy {
			events = append(events, e)
		}
		return !*busy
	})
	if err != nil {
		t.Fatal(err)
	}
	return tap, func() []Event {
		time.Sleep(tapPause)
		synctest.Wait()
		defer func() { events = nil }()
		return events
	}, busy
}

func text(payload string) websocket.TapEvent {
	return websocket.TapEvent{
		Time: time.UnixMicro(1_700_000_000_000_001), Header: frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Length: int64(len(payload))},
		Payload: []byte(payload),
	}
}

func TestTapSendsFramesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		p, conn := add(c, 7, "192.0.2.1:1", "", "")
		_, events, _ := tapped(t, c, p, conn)
		if !conn.describe().Tapped {
			t.Error("it does not say that it is tapped")
		}
		long := websocket.TapEvent{
			Time: time.UnixMicro(1_700_000_000_000_002), Sent: true, Compressed: true,
			Header:  frame.Header{Opcode: frame.Binary, Rsv: frame.Rsv1, Length: 70000},
			Payload: bytes.Repeat([]byte("x"), 4096),
		}
		p.show(text("hello"))
		p.show(long)
		got := events()
		want := []Frame{
			{Time: 1_700_000_000_000_001, Opcode: 1, Fin: true, Masked: true, Length: 5, Start: []byte("hello")},
			{Time: 1_700_000_000_000_002, Sent: true, Opcode: 2, RSV: 4, Length: 70000, Compressed: true, Start: long.Payload[:256]},
		}
		if len(got) != 1 || got[0].Is != IsFrames || got[0].Frames.Socket != 7 || got[0].Frames.Missed != 0 ||
			!slices.EqualFunc(got[0].Frames.Frames, want, func(a, b Frame) bool {
				return string(encode(Event{Frames: &Frames{Frames: []Frame{a}}})) == string(encode(Event{Frames: &Frames{Frames: []Frame{b}}}))
			}) {
			t.Errorf("got %s", encode(got[0]))
		}
		if got := events(); got != nil {
			t.Errorf("and then %+v", got)
		}
	})
}

// Nobody is held up: what is too much is counted, where it is too much.
func TestTapCountsWhatItLeavesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		p, conn := add(c, 7, "192.0.2.1:1", "", "")
		_, events, busy := tapped(t, c, p, conn)
		for range tapBatch + 30 {
			p.show(text("x"))
		}
		if got := events(); len(got) != 1 || len(got[0].Frames.Frames) != tapBatch || got[0].Frames.Missed != 30 {
			t.Errorf("at once: %s", encode(got[0]))
		}

		*busy = true
		p.show(text("x"))
		p.show(text("x"))
		events()
		*busy = false
		lost := text("x")
		lost.Lost = 5
		p.show(lost)
		if got := events(); len(got) != 1 || len(got[0].Frames.Frames) != 1 || got[0].Frames.Missed != 2+5 {
			t.Errorf("after the operator was slow: %s", encode(got[0]))
		}
		p.show(lost)
		if got := events(); got[0].Frames.Missed != 0 {
			t.Errorf("counted again: %s", encode(got[0]))
		}
	})
}

func TestTapStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		p, conn := add(c, 7, "192.0.2.1:1", "", "")
		tap, events, _ := tapped(t, c, p, conn)
		p.show(text("x"))
		tap.stop()
		if n := p.show(text("x")); n != 0 {
			t.Errorf("%d still listen", n)
		}
		if got := events(); got != nil {
			t.Errorf("after its end: %+v", got)
		}
		if !tap.over() || conn.describe().Tapped {
			t.Error("it is still there")
		}
		c.closed(conn, websocket.CloseEvent{})
		if got := events(); got != nil {
			t.Errorf("after the connection's end: %+v", got)
		}
	})
}

func TestTapEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		p, conn := add(c, 7, "192.0.2.1:1", "", "")
		tap, events, _ := tapped(t, c, p, conn)
		c.closed(conn, websocket.CloseEvent{Code: 4001, Reason: "bye", WasClean: true})
		p.show(text("the last")) // which a Socket's tap shows after its close event
		got := events()
		if len(got) != 2 || got[0].Is != IsFrames || got[1].Is != IsGone || *got[1].Gone != (Gone{7, 4001, "bye", true}) {
			t.Errorf("%+v", got)
		}
		if !tap.over() {
			t.Error("it is still there")
		}
		if c.find(7) != nil || len(c.connections()) != 0 {
			t.Error("the connection is still there")
		}
		if _, err := conn.tap(nil); err != errNoSocket {
			t.Errorf("tapping it again: %v", err)
		}
	})
}
