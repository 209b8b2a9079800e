package interop

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// The scenarios of this file send many MiB to an end that first reads a few of the messages only. What it does
// not read must wait with the sender, but for what the kernel's buffers on the way hold. A message is as large as may be
// by default, and compressed it is a little larger.
const (
	flowSize    = 1 << 20
	flowAtFirst = 4
	flowWaiting = 8 << 20 // at the least
)

var (
	flowCount   = flowAtFirst + (kernelBuffers()+flowWaiting)/flowSize + 1
	flowPart    = noise(64 << 10)
	flowData    = strings.Repeat(flowPart, flowSize/len(flowPart))
	flowMessage = message(websocket.Binary, flowData)
)

// kernelBuffers is how much the two buffers of a TCP connection hold when they have grown as far as they may.
func kernelBuffers() (octets int) {
	for _, setting := range []string{"tcp_wmem", "tcp_rmem"} {
		var least, initial, most int
		text, _ := os.ReadFile("/proc/sys/net/ipv4/" + setting)
		if _, err := fmt.Sscan(string(text), &least, &initial, &most); err != nil {
			most = 6 << 20 // where it is not known: the larger default of Linux
		}
		octets += most
	}
	return octets
}

// theyReadSlowly what we send.
func theyReadSlowly(t *testing.T, p pairing) {
	tm := terms{}
	tm.queue(websocket.Queue{Bytes: int64(flowCount) * flowSize})
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
	left.Store(int64(flowCount) * flowSize)
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
