package protocol_test

import (
	"fmt"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// FuzzReceiver feeds any octets in any pieces, and holds what comes of them after every piece against
// the naive reader. Then it answers as an endpoint would, and reads the answers.
func FuzzReceiver(f *testing.F) {
	patterns := [][]byte{nil, {1}, {3, 0, 7, 2}, {200, 9}}
	add := func(limits protocol.Limits, parts []part) {
		for i, pattern := range patterns {
			to := roles[i%2]
			wire := join(to, parts)
			if len(wire) > 4<<10 {
				continue // the fuzzer would spend minutes on making a variation of it smaller
			}
			f.Add(to == protocol.Client, uint16(limits.MessageSize), uint8(limits.Fragments), pattern, wire)
		}
	}
	for _, s := range classicSessions(f) {
		add(protocol.Limits{}, s.parts)
	}
	for _, row := range rules {
		add(row.limits, row.parts)
	}
	for _, s := range sessions {
		add(s.limits, append(slices.Clip(talk), s.end...))
	}
	add(protocol.Limits{}, []part{misdirected(fr(0x81, "Hello"))})
	add(protocol.Limits{MessageSize: 5, Fragments: 2}, []part{fr(0x01, "ab"), fr(0x80, "cde"), head(0x02, 6)})

	f.Fuzz(func(t *testing.T, client bool, size uint16, fragments uint8, pattern, stream []byte) {
		role := protocol.Server
		if client {
			role = protocol.Client
		}
		rec := record(t, role, protocol.Limits{MessageSize: int64(size), Fragments: int(fragments)})
		n := 0
		for piece := range pieces(stream, pattern) {
			rec.feed(piece)
			if n++; n <= 64 { // all of a long stream would take the square of its length
				rec.check()
			}
		}
		rec.check()
		checkAnswers(t, rec)
	})
}

// pieces cuts a stream by a pattern of sizes that is repeated: each octet is a size of up to 191
// octets, or from 192 on a multiple of 512. Nothing but zeros cuts nothing.
func pieces(stream, pattern []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		if !slices.ContainsFunc(pattern, func(c byte) bool { return c != 0 }) {
			yield(stream)
			return
		}
		for i := 0; len(stream) > 0; i++ {
			n := int(pattern[i%len(pattern)])
			if n >= 192 {
				n = (n - 191) * 512
			}
			n = min(n, len(stream))
			if !yield(stream[:n]) {
				return
			}
			stream = stream[n:]
		}
	}
}

// checkAnswers echoes the messages and answers the control frames and failures, and checks that the
// peer understands.
func checkAnswers(t *testing.T, rec *recorder) {
	var (
		sender  protocol.Sender
		closing protocol.Closing
		answers []byte
		want    []event
		outcome = "1006 abnormal closure false"
	)
	sender.Init(rec.role)
	for _, ev := range rec.soFar() {
		switch ev.what {
		case "text", "binary":
			opcode := map[string]frame.Opcode{"text": frame.Text, "binary": frame.Binary}[ev.what]
			if sender.Closed() {
				break // a Close frame came inside of it
			}
			answers = sender.AppendFragment(answers, opcode, 0, []byte(ev.payload), !ev.open)
			want = append(want, ev)
		case "ping":
			answers = sender.AppendControl(answers, frame.Pong, []byte(ev.payload))
			want = append(want, event{what: "pong", payload: ev.payload})
		case "close":
			code, reason, err := frame.ParseClose([]byte(ev.payload))
			if err != nil {
				t.Fatalf("a Close frame was let through: %v", err)
			}
			closing.Receive(code)
			answers = sender.AppendClose(answers, code, reason)
			closing.Send()
			want = append(want, ev)
			outcome = fmt.Sprintf("%v true", code)
		case "failure":
			v := rec.violation
			if len(v.Detail) > frame.MaxCloseReason || !utf8.ValidString(v.Detail) {
				t.Fatalf("%q does not fit into a Close frame", v.Detail)
			}
			if got, want := v.Error(), fmt.Sprintf("%s (%s, close code %d)", v.Detail, v.Section, v.Code); got != want {
				t.Fatalf("the failure says %q, want %q", got, want)
			}
			closing.Fail()
			answers = sender.AppendClose(answers, v.Code, v.Detail)
			closing.Send()
			want = append(want, event{what: "close", payload: string([]byte{byte(v.Code >> 8), byte(v.Code)}) + v.Detail})
		}
	}
	if got, _ := naive(answers, opposite(rec.role), protocol.Limits{}); !slices.Equal(got, want) {
		t.Fatalf("the answers of a %v say %v, want %v", rec.role, got, want)
	}
	if sender.Closed() != rec.over || closing.Started() != rec.over || closing.Sent() != rec.over ||
		closing.Failed() != (rec.violation != nil) || closing.Complete() != (rec.over && rec.violation == nil) {
		t.Fatalf("after %v the closing handshake is at %+v", rec.soFar(), closing)
	}
	code, clean := closing.Outcome()
	if got := fmt.Sprintf("%v %v", code, clean); got != outcome {
		t.Fatalf("the outcome is %s, want %s", got, outcome)
	}
}
