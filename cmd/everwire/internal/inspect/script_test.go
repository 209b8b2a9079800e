package inspect

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// compressedRecording is one of a connection with permessage-deflate.
func compressedRecording(entries ...record.Entry) string {
	const extension = `["Sec-WebSocket-Extensions","permessage-deflate"],["X-`
	return strings.ReplaceAll(strings.ReplaceAll(recording(entries...), `["X-`, extension), `["x-`, extension)
}

func squeezed(messages ...string) (out []string) {
	var c deflate.Compressor
	c.Init(15, 1, true)
	for _, m := range messages {
		out = append(out, string(c.AppendFragment(nil, []byte(m), true)))
		c.Remember([]byte(m))
	}
	return out
}

func rsv1(e record.Entry) record.Entry {
	e.Frame.Rsv = frame.Rsv1
	return e
}

func TestScripts(t *testing.T) {
	packed := squeezed("hello hello", "hello hello")
	in := func(op frame.Opcode, payload string, more bool) record.Entry {
		return frameAt(time.Second, wire.FromClient, op, payload, more)
	}
	partly := in(frame.Text, "abc", false)
	partly.Frame.Length = 100
	for _, row := range []struct {
		name string
		text string
		want string // for each frame, its payload in plain or why it has none; for each message, =payload
	}{
		{"plain", recording(in(frame.Text, "he", true), in(frame.Ping, "x", false), in(frame.Continuation, "llo", false)),
			"he|x|llo|=hello"},
		{"inflated", compressedRecording(rsv1(in(frame.Text, packed[0], false)), rsv1(in(frame.Text, packed[1], false))),
			"hello hello|=hello hello|hello hello|=hello hello"},
		{"inflated, in fragments", compressedRecording(rsv1(in(frame.Text, packed[0][:3], true)), in(frame.Continuation, packed[0][3:], false)),
			"hello| hello|=hello hello"},
		{"corrupt, and what refers to it", compressedRecording(rsv1(in(frame.Text, "\xff\xff", false)), rsv1(in(frame.Text, packed[1], false))),
			"(a compressed message is corrupt)|=(a compressed message is corrupt)|(a compressed message refers to one that could not be inflated)|" +
				"=(a compressed message refers to one that could not be inflated)"},
		{"recorded in part", recording(partly), "(a frame of 100 octets was recorded only in part)|=(a frame of 100 octets was recorded only in part)"},
		{"not ended", recording(in(frame.Text, "a", true), in(frame.Text, "b", false)), "(a message was begun and not ended)|b|=b"},
		{"compressed and not ended, and what refers to it",
			compressedRecording(rsv1(in(frame.Text, packed[0], true)), rsv1(in(frame.Text, packed[1], false))),
			"(a message was begun and not ended)|(a compressed message refers to one that could not be inflated)|" +
				"=(a compressed message refers to one that could not be inflated)"},
		{"continuing nothing", recording(in(frame.Continuation, "a", false)), "(a continuation frame continues nothing)"},
		{"a bad Close frame", recording(in(frame.Close, "\x03", false)), "(a Close frame breaks the rules)|=\x03"},
		{"a control frame in fragments", recording(in(frame.Ping, "a", true)), "(a control frame breaks the rules)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, scripts, err := readScripts(strings.NewReader(row.text))
			if err != nil || len(scripts) != 1 {
				t.Fatalf("%d scripts, %v", len(scripts), err)
			}
			var got []string
			for _, turn := range scripts[0].turns {
				if turn.at != time.Second {
					t.Errorf("a frame is at %v", turn.at)
				}
				if turn.skip != "" {
					got = append(got, "("+turn.skip+")")
				} else {
					got = append(got, string(turn.frame.Payload))
				}
				if m := turn.ends; m != nil && m.unclear != "" {
					got = append(got, "=("+m.unclear+")")
				} else if m != nil {
					got = append(got, "="+string(m.payload))
				}
			}
			if got := strings.Join(got, "|"); got != row.want {
				t.Errorf("got\n%q\nwant\n%q", got, row.want)
			}
		})
	}
}

func FuzzScripts(f *testing.F) {
	packed := squeezed("hello hello")[0]
	f.Add(recording(frameAt(0, wire.FromClient, frame.Text, "he", true), frameAt(0, wire.FromClient, frame.Close, "", false)))
	f.Add(compressedRecording(rsv1(frameAt(0, wire.FromServer, frame.Text, packed[:3], true)), frameAt(0, wire.FromServer, frame.Continuation, packed[3:], false)))
	f.Fuzz(func(t *testing.T, text string) {
		_, scripts, _ := readScripts(strings.NewReader(text))
		for _, s := range scripts {
			for _, turn := range s.turns {
				if turn.skip == "" && int64(len(turn.frame.Payload)) != turn.frame.Length {
					t.Errorf("a frame of %d octets has %d", turn.frame.Length, len(turn.frame.Payload))
				}
			}
		}
	})
}
