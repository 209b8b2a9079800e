package load

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestVariables(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)
	v := Variables{Connection: 3, Sequence: 7, Time: Timestamp{at}}
	tests := []struct{ template, want string }{
		{"{{.Connection}}/{{.Sequence}}", "3/7"},
		{"{{.Time}}", "2026-03-01T12:00:00.000000005Z"},
		{"{{.Time.UnixNano}}", "1772366400000000005"},
		{`{{.Time.Format "15:04"}}`, "12:00"},
		{"{{.Random 0}}{{.Random -1}}", ""},
		{"{{len (.Random 16)}}", "16"},
		{"{{len (.Random 9999999)}}", "1048576"},
	}
	for _, tt := range tests {
		p := Plan{Template: tt.template}
		render, err := p.renderer()
		if err != nil {
			t.Fatalf("%s: %v", tt.template, err)
		}
		if got, err := render(v); string(got) != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.template, got, err, tt.want)
		}
	}
	if a, b := v.Random(20), v.Random(20); a == b {
		t.Errorf("twice the same: %s", a)
	}
}

// A template that cannot be rendered shows before anything is connected.
func TestTemplateIsTried(t *testing.T) {
	for template, want := range map[string]string{
		"{{.Conection}}": "can't evaluate field Conection",
		"{{.Sequence":    "unclosed action",
		"{{.Random}}":    "wrong number of args for Random",
	} {
		_, err := Open(t.Context(), Plan{URL: "ws://127.0.0.1:1", Connections: 1, Template: template})
		if err == nil || !strings.Contains(err.Error(), "load: the template: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", template, err, want)
		}
	}
}

// A template that goes wrong later ends the connection, with what the template says.
func TestTemplateFailsLater(t *testing.T) {
	for _, transport := range transports {
		p := serve(t, transport, everwire(t, false))
		p.Connections, p.Duration = 1, time.Minute
		p.Template = `{{if gt .Sequence 3}}{{index "abc" .Sequence}}{{end}}`
		_, err := Run(t.Context(), p)
		if err == nil || !strings.Contains(err.Error(), "connection 0: rendering a message: ") || !strings.Contains(err.Error(), "out of range") {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

// Every connection counts its own messages, from 0 and without a gap, and leaves none out.
func TestSequences(t *testing.T) {
	type said struct{ Connection, Sequence int }
	for _, transport := range transports {
		var mu sync.Mutex
		heard := map[int][]int{}
		h := echo(func(k websocket.MessageType, b []byte) (websocket.MessageType, []byte) {
			var s said
			if err := json.Unmarshal(b, &s); err != nil {
				t.Errorf("%q: %v", b, err)
			}
			mu.Lock()
			defer mu.Unlock()
			heard[s.Connection] = append(heard[s.Connection], s.Sequence)
			return k, b
		})
		p := serve(t, transport, h)
		p.Text, p.InFlight, p.Duration = true, 4, brief
		p.Template = `{"Connection":{{.Connection}},"Sequence":{{.Sequence}}}`
		r, err := Run(t.Context(), p)
		if err != nil || r.Errors != 0 {
			t.Fatalf("%s: Run: %v, %d errors, %v", transport, err, r.Errors, r.FirstError)
		}
		if r.Checked < r.Messages {
			t.Errorf("%s: %d of %d messages were compared", transport, r.Checked, r.Messages)
		}
		mu.Lock()
		if len(heard) != 5 {
			t.Errorf("%s: messages from connections %v, want 5", transport, heard)
		}
		for c, sequence := range heard {
			for i, n := range sequence {
				if i != n {
					t.Errorf("%s: connection %d: message %d came as number %d", transport, c, n, i)
					break
				}
			}
		}
		mu.Unlock()
	}
}

// A server that answers with another connection's words, or in another order, is found out by every message.
func TestRenderedContentIsChecked(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(n int, b []byte) []byte
	}{
		{"the first one again", "wrong content at octet", func(n int, b []byte) []byte {
			if n == 5 {
				return bytes.Repeat([]byte("0"), len(b))
			}
			return b
		}},
		{"shorter", "of 7 octets, expected 8", func(n int, b []byte) []byte {
			if n == 5 {
				return b[:7]
			}
			return b
		}},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			n := -1
			p := serve(t, transport, echo(func(k websocket.MessageType, b []byte) (websocket.MessageType, []byte) {
				n++
				return k, tt.change(n, b)
			}))
			p.Connections, p.Duration = 1, time.Minute
			p.Message = func(v Variables) []byte { return []byte{'a', 'b', 'c', 'd', 'e', 'f', 'g', byte(v.Sequence)} }
			_, err := Run(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %s: %v, want %q", transport, tt.name, err, tt.want)
			}
		}
	}
}

// A message too many is found out even where nothing is on the way.
func TestSurplusOfRendered(t *testing.T) {
	for _, transport := range transports {
		p := serve(t, transport, conversation(func(ctx context.Context, c *websocket.Conn) {
			mt, b, _ := c.Read(ctx)
			for c.Write(ctx, mt, b) == nil {
			}
		}))
		p.Connections, p.Duration, p.Rate, p.Template = 1, time.Minute, 1, "hello"
		if _, err := Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), "more than were sent") {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

// What the socket takes in pieces is one message after another, and no more memory than that of what waits.
func TestOutbox(t *testing.T) {
	s := &setup{content: newContent(nil, true, false, 1), render: func(v Variables) ([]byte, error) {
		return bytes.Repeat([]byte{byte('a' + v.Sequence%26)}, 1000), nil
	}}
	s.plan.Expect = ExpectNone
	w := newWriter(s, 1)
	var b outbox
	var all []byte
	messages, most := 0, 0
	for round := range 500 {
		if err := w.put(&b, 0, 0); err != nil {
			t.Fatal(err)
		}
		n := min(len(b.frames)-b.pos, 900+200*(round%2)) // the average is a little less than a frame
		all = append(all, b.frames[b.pos:b.pos+n]...)
		messages += b.took(n)
		most = max(most, cap(b.frames)-(len(b.frames)-b.pos))
	}
	all = append(all, b.frames[b.pos:]...)
	messages += b.took(len(b.frames) - b.pos)
	if messages != 500 || !b.empty() {
		t.Errorf("%d messages left, want 500", messages)
	}
	if most > 64<<10 {
		t.Errorf("%d octets were kept for nothing", most)
	}
	for i := range 500 {
		frame := all[:1008] // 2+2 of header, 4 of masking key
		all = all[1008:]
		if frame[8]^frame[4] != byte('a'+i%26) {
			t.Fatalf("frame %d is not the message's", i)
		}
	}
	if len(all) != 0 {
		t.Errorf("%d octets more", len(all))
	}
}
