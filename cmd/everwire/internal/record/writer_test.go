package record

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(micros int) time.Time { return start.Add(time.Duration(micros) * time.Microsecond) }

var (
	asked = &wire.Head{Line: "GET /a?secret HTTP/1.1", Fields: []wire.Field{
		{Name: "Host", Value: "x"}, {Name: "Cookie", Value: "secret"}, {Name: "Sec-WebSocket-Protocol", Value: "secret"},
	}}
	answered = &wire.Head{Line: "HTTP/1.1 101 Yes", Fields: []wire.Field{{Name: "X", Value: "<&>"}}}
)

func sawFrame(micros int, from wire.Direction, op frame.Opcode, payload string, change func(*wire.Frame)) wire.Event {
	f := &wire.Frame{Header: frame.Header{Fin: true, Opcode: op, Length: int64(len(payload))}, Payload: []byte(payload)}
	if change != nil {
		change(f)
	}
	return wire.Event{Time: at(micros), From: from, Frame: f}
}

func saw() []wire.Event {
	return []wire.Event{
		{Time: at(1), Head: asked},
		{Time: at(2), From: wire.FromServer, Head: &wire.Head{Line: "HTTP/1.1 103 Early Hints"}},
		{Time: at(3), From: wire.FromServer, Head: answered},
		sawFrame(1_500_000, wire.FromClient, frame.Text, "Hällo\n<&>\u2028", func(f *wire.Frame) { f.Masked, f.Key = true, 0x3d21fa37 }),
		sawFrame(1_500_001, wire.FromServer, frame.Binary, "\x00\xff", func(f *wire.Frame) { f.Fin, f.Rsv = false, frame.Rsv1 }),
		sawFrame(1_500_002, wire.FromServer, 3, "\xff", func(f *wire.Frame) { f.Length = 10 }),
		{Time: at(1_500_003), From: wire.FromServer, Violation: errors.New("wrong")},
		sawFrame(2_000_000, wire.FromServer, frame.Close, "\x03\xe8bye", nil),
		sawFrame(2_000_001, wire.FromClient, frame.Text, "", func(f *wire.Frame) { f.Length, f.Cut = 5, true }),
		{Time: at(2_000_002), From: wire.FromServer, End: &wire.End{Octets: 10}},
		{Time: at(2_000_003), From: wire.FromClient, End: &wire.End{Octets: 11, Undecoded: 2, Err: io.ErrUnexpectedEOF}},
	}
}

const recorded = `{"type":"recording","version":1,"start":"2026-01-02T03:04:05Z","target":"ws://x","redacted":true}
{"type":"open","conn":1,"t":0.000003,"peer":"1.2.3.4:5","request":{"line":"GET /a?… HTTP/1.1","fields":[["Host","x"],["Cookie","…"],["Sec-WebSocket-Protocol","…"]]},"response":{"line":"HTTP/1.1 101 Yes","fields":[["X","<&>"]]}}
{"type":"frame","conn":1,"t":1.500000,"dir":"client","op":"text","fin":true,"mask":"37fa213d","len":13,"text":"Hällo\n<&>\u2028"}
{"type":"frame","conn":1,"t":1.500001,"dir":"server","op":"binary","fin":false,"rsv":4,"len":2,"data":"AP8="}
{"type":"frame","conn":1,"t":1.500002,"dir":"server","op":"0x3","fin":true,"len":10,"data":"/w=="}
{"type":"violation","conn":1,"t":1.500003,"dir":"server","error":"wrong"}
{"type":"frame","conn":1,"t":2.000000,"dir":"server","op":"close","fin":true,"len":5,"data":"A+hieWU=","code":1000,"reason":"bye"}
{"type":"frame","conn":1,"t":2.000001,"dir":"client","op":"text","fin":true,"len":5,"text":"","cut":true}
{"type":"close","conn":1,"t":2.000003,"client":{"octets":11,"undecoded":2,"error":"unexpected EOF"},"server":{"octets":10}}
`

func TestEventsAreRecorded(t *testing.T) {
	var b strings.Builder
	c := NewWriter(&b, Header{Start: start, Target: "ws://x", Redacted: true}).Connection("1.2.3.4:5")
	for _, e := range saw() {
		c.See(e)
	}
	if b.String() != recorded {
		t.Errorf("got\n%s\nwant\n%s", b.String(), recorded)
	}
}

func TestSecretsAreRecordedWhereThatIsAsked(t *testing.T) {
	var b strings.Builder
	c := NewWriter(&b, Header{Start: start}).Connection("")
	for _, e := range saw() {
		c.See(e)
	}
	if n := strings.Count(b.String(), "secret"); n != 3 {
		t.Errorf("%d of 3 are there:\n%s", n, b.String())
	}
}

func TestWhatIsRecordedIsReadBack(t *testing.T) {
	r, err := NewReader(strings.NewReader(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Header{Version: 1, Start: start, Target: "ws://x", Redacted: true}); r.Header() != want {
		t.Errorf("the header is %+v, want %+v", r.Header(), want)
	}
	var b strings.Builder
	w := NewWriter(&b, r.Header())
	var entries []Entry
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
		w.write(lineOf(e))
	}
	if b.String() != recorded {
		t.Errorf("written again it is\n%s\nnot\n%s", b.String(), recorded)
	}
	want := Entry{Conn: 1, T: 1500 * time.Millisecond, Frame: &Frame{
		Header: frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Key: 0x3d21fa37, Length: 13}, Payload: []byte("Hällo\n<&>\u2028"),
	}}
	if !reflect.DeepEqual(entries[1], want) {
		t.Errorf("the second entry is %+v, want %+v", entries[1], want)
	}
	if entries[1].Frame.Whole() != true || entries[3].Frame.Whole() != false {
		t.Error("which frames are whole is wrong")
	}
}

func TestAConnectionThatWasNeverAnsweredIsRecorded(t *testing.T) {
	var b strings.Builder
	c := NewWriter(&b, Header{Start: start}).Connection("")
	c.See(wire.Event{Time: at(1), Head: asked})
	c.See(wire.Event{Time: at(2), From: wire.FromServer, End: &wire.End{Err: io.EOF}})
	c.See(wire.Event{Time: at(3), End: &wire.End{}})
	if lines := strings.Split(b.String(), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], `{"type":"open"`) || strings.Contains(lines[1], "response") {
		t.Errorf("got\n%s", b.String())
	}
}

func TestARequestThatBreaksARuleIsRecordedWithItsAnswer(t *testing.T) {
	var b strings.Builder
	c := NewWriter(&b, Header{Start: start}).Connection("")
	c.See(wire.Event{Time: at(1), Head: asked})
	c.See(wire.Event{Time: at(1), Violation: errors.New("wrong")})
	c.See(wire.Event{Time: at(2), From: wire.FromServer, Head: answered})
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "HTTP/1.1 101 Yes") || !strings.Contains(lines[2], `"t":0.000002,"dir":"client","error":"wrong"`) {
		t.Errorf("got\n%s", b.String())
	}
}

// failing fails from the second Write on.
type failing struct{ writes int }

func (f *failing) Write(b []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestAnErrorEndsTheRecordingAndIsKept(t *testing.T) {
	f := &failing{}
	w := NewWriter(f, Header{})
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	c := w.Connection("")
	for _, e := range saw() {
		c.See(e)
	}
	if w.Err() != io.ErrShortWrite || f.writes != 2 {
		t.Errorf("after %d writes: %v", f.writes, w.Err())
	}
}
