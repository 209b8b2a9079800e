package nats

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
	natsgo "github.com/nats-io/nats.go"
)

func TestAMessageOfAForeignProgram(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, test := range []struct {
		name   string
		header natsgo.Header
		data   string
		want   hub.Message
	}{
		{"no headers, text", nil, "grüße", hub.Message{Type: websocket.Text}},
		{"no headers, no text", nil, "\xff", hub.Message{Type: websocket.Binary}},
		{"nothing at all", nil, "", hub.Message{Type: websocket.Text}},
		{"binary that could be text", natsgo.Header{headerType: {"binary"}}, "x", hub.Message{Type: websocket.Binary}},
		{"text that is none", natsgo.Header{headerType: {"text"}}, "\xff", hub.Message{Type: websocket.Binary}},
		{"an unknown type", natsgo.Header{headerType: {"json"}}, "{}", hub.Message{Type: websocket.Text}},
		{"a name", natsgo.Header{headerPublisher: {"100%"}}, "x", hub.Message{Type: websocket.Text, Publisher: "100%"}},
		{"JetStream's ID", natsgo.Header{headerMessageID: {"7"}}, "x", hub.Message{Type: websocket.Text, ID: "7"}},
		{"a tag that is none", natsgo.Header{headerTag: {"-1"}}, "x", hub.Message{Type: websocket.Text}},
		{"a name that is too long", natsgo.Header{headerPublisher: {string(make([]byte, maxField+1))}}, "x", hub.Message{Type: websocket.Text}},
		{"a time that is none", natsgo.Header{headerTime: {"soon"}, headerTimeStamp: {"late"}}, "x", hub.Message{Type: websocket.Text}},
		{"JetStream's time after one of its own", natsgo.Header{headerTimeStamp: {"2000-01-01T00:00:00Z", at.Format(time.RFC3339Nano)}}, "x",
			hub.Message{Type: websocket.Text, Time: at}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := time.Now()
			m := decode("blue", test.header, []byte(test.data))
			want := test.want
			if want.Time.IsZero() {
				if m.Time.Before(before) || m.Time.After(time.Now()) {
					t.Errorf("the time is %v, want that of now", m.Time)
				}
				want.Time = m.Time
			}
			if m.Room != "blue" || string(m.Data) != test.data || m.Type != want.Type || m.Publisher != want.Publisher || m.ID != want.ID ||
				m.Tag != 0 || m.Node != "" || !m.Time.Equal(want.Time) {
				t.Errorf("the message is %+v, want %+v", m, want)
			}
		})
	}
}

func TestSequenceIsThatOfJetStream(t *testing.T) {
	forged := natsgo.Header{headerSequence: {"999", "7"}}
	if n, ok := sequence(forged, headerSequence); n != 7 || !ok {
		t.Errorf("the sequence is %d, %v, want the one that was added last, 7", n, ok)
	}
	for _, v := range []string{"", "-1", "x", "18446744073709551616"} {
		if n, ok := sequence(natsgo.Header{headerSequence: {v}}, headerSequence); ok {
			t.Errorf("%q is taken for the sequence %d", v, n)
		}
	}
}

func TestOneIDInTwoRoomsIsTwoMessages(t *testing.T) {
	if a, b := messageID("x.a", "1"), messageID("x.b", "1"); a == b {
		t.Errorf("both are %q", a)
	}
	if a, b := messageID("x.a", "1"), messageID("x.a", "1"); a != b {
		t.Errorf("the same message is %q and %q", a, b)
	}
}

// FuzzFieldsArriveAsTheyWere sends messages the way a server sends them.
func FuzzFieldsArriveAsTheyWere(f *testing.F) {
	f.Add("Ada", "1", "node", uint64(1), []byte("x"), true, false)
	f.Add(" a\r\nNats-Sequence: 7", "%41", "ü", uint64(1<<64-1), []byte{0xff}, false, true)
	f.Fuzz(func(t *testing.T, publisher, id, node string, tag uint64, data []byte, text, logged bool) {
		m := &hub.Message{Publisher: publisher, ID: id, Node: node, Tag: tag, Data: data, Type: websocket.Binary, Time: time.Unix(0, 7)}
		if text {
			m.Type = websocket.Text
		}
		sent := encode("everwire.p.blue", m, logged)
		for key, values := range sent.Header {
			for _, v := range values {
				if len(v) > maxField || bytes.ContainsFunc([]byte(v), func(r rune) bool { return r <= ' ' || r > '~' }) {
					if len(v) <= maxField {
						t.Fatalf("%s is %q, which is no header", key, v)
					}
					return
				}
			}
		}
		got := decode("blue", maps.Clone(sent.Header), sent.Data)
		if got.Publisher != publisher || got.ID != id || got.Node != node || got.Tag != tag || !bytes.Equal(got.Data, data) {
			t.Fatalf("%+v became %+v", m, got)
		}
	})
}

// FuzzDecode reads what any program may have published.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("NATS/1.0\r\nEverwire-Publisher: %zz%\r\nNats-Sequence: 1\r\nNats-Sequence: 2\r\n\r\n"), []byte("x"))
	f.Add([]byte("NATS/1.0 204 EOB\r\nNats-UpTo-Sequence: 7\r\nEverwire-Type: text\r\n\r\n"), []byte("\xff"))
	f.Add([]byte("NATS/1.00\n\n"), []byte{})
	f.Add([]byte("NATS/1.0\r\n: x\r\n y\r\n"), []byte{})
	f.Fuzz(func(t *testing.T, header, data []byte) {
		h := storedHeader(header)
		m := decode("blue", h, data)
		if len(m.Publisher) > maxField || len(m.ID) > maxField || len(m.Node) > maxField {
			t.Fatalf("a field is longer than may be: %+v", m)
		}
		sequence(h, headerSequence)
		if unescape(escape(m.Publisher)) != m.Publisher {
			t.Fatalf("%q is not what it was", m.Publisher)
		}
	})
}
