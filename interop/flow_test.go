package interop

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// The scenarios of this file send 32 MiB to an end that first reads a few of the messages only. What it does
// not read must wait with the sender, but for what the kernel's buffers on the way hold. A message is as large as may be
// by default, and compressed it is a little larger.
const (
	flowSize    = 1 << 20
	flowCount   = 32
	flowAtFirst = 4
	flowWaiting = 8 << 20 // at the least: the buffers have some 4 MiB, and may grow
)

var (
	flowPart    = noise(64 << 10)
	flowData    = strings.Repeat(flowPart, flowSize/len(flowPart))
	flowMessage = message(websocket.Binary, flowData)
)

// theyReadSlowly what we send.
func theyReadSlowly(t *testing.T, p pairing) {
	tm := terms{}
	tm.queue(websocket.Queue{Bytes: flowCount * flowSize})
	us, they := p.connect(t, tm)
	they.do(t, "pause", nil)
	they.wantAny(t, "paused")

	waiting, done := us.pour(t)
	they.do(t, "read", args{"messages": flowAtFirst})
	for range flowAtFirst {
		they.want(t, flowMessage)
	}
	if n := waiting(); n < flowWaiting {
		t.Errorf("%s: %d octets wait while nobody reads; want at least %d", us.whose, n, flowWaiting)
	}
	if s, ok := us.connection.(socketEnd); ok {
		if err := s.ping(); err != nil {
			t.Fatalf("%s: Ping: %v", us.whose, err)
		}
	}
	they.do(t, "read", nil)
	pinged := false
	for n := flowAtFirst; n < flowCount; {
		e := they.next(t, "a message")
		if e.Event == "ping" {
			pinged = true
			continue
		}
		they.compare(t, e, flowMessage)
		n++
	}
	if pinged != us.seesControl() {
		t.Errorf("%s: a Ping came before the last message: %t; want it of a Socket", they.whose, pinged)
	}
	if err := <-done; err != nil {
		t.Errorf("%s cannot send all: %v", us.whose, err)
	}
	if n := waiting(); n != 0 {
		t.Errorf("%s: %d octets wait after all was sent", us.whose, n)
	}
}

// pour sends all of a scenario's messages, and returns what tells how many octets of them wait, and a
// channel of what came of it.
func (e *end) pour(t *testing.T) (waiting func() int64, done <-chan error) {
	t.Helper()
	result := make(chan error, 1)
	if s, ok := e.connection.(socketEnd); ok { // it has a queue, which takes all at once
		for range flowCount {
			e.send(t, websocket.Binary, flowData)
		}
		go func() { result <- s.Flush(context.Background()) }()
		return s.BufferedAmount, result
	}
	var left atomic.Int64
	left.Store(flowCount * flowSize)
	go func() {
		for range flowCount {
			if err := e.write(websocket.Binary, flowData); err != nil {
				result <- err
				return
			}
			left.Add(-flowSize)
		}
		result <- nil
	}()
	return left.Load, result
}

// weReadSlowly what they send.
func weReadSlowly(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{slow: true})
	for range flowCount {
		they.do(t, "send", args{"data": []byte(flowPart), "times": flowSize / len(flowPart)})
	}
	us.take(flowAtFirst)
	for range flowAtFirst {
		us.want(t, flowMessage)
	}
	they.do(t, "buffered", nil)
	if e := they.wantAny(t, "buffered"); e.Size < flowWaiting {
		t.Errorf("%s: %d octets wait while nobody reads; want at least %d", they.whose, e.Size, flowWaiting)
	}
	us.take(flowCount - flowAtFirst)
	for range flowCount - flowAtFirst {
		us.want(t, flowMessage)
	}
}
