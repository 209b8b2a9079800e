package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestRoom(t *testing.T) {
	if o := Room(Raw); o.History.Messages != 0 || o.Presence || o.Encode != nil {
		t.Errorf("the raw chat is %+v", o)
	}
	if o := Room("blue"); o.History != (hub.History{Messages: 1000, Age: 24 * time.Hour}) || !o.Presence {
		t.Errorf("a room is %+v", o)
	}
	if o := Rooms(hub.History{Messages: 7})("blue"); o.History.Messages != 7 || !o.Presence {
		t.Errorf("a room with another history is %+v", o)
	}
}

// What backends publish comes from anywhere, and is a message of the protocol nevertheless.
func TestEncode(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 678_900_000, time.FixedZone("", 3600))
	const head = `{"type":"message","room":"blue","position":{"epoch":"e","offset":7},`
	const tail = `,"time":"2026-01-02T03:04:05.678Z"}`
	tests := []struct {
		name string
		m    hub.Message
		want string
	}{
		{"a client's", hub.Message{ID: "i", Publisher: "Ada", Data: []byte(`{"a":"<&>"}`)}, `"id":"i","from":"Ada","data":{"a":"<&>"}`},
		{"of nobody", hub.Message{Data: []byte(`null`)}, `"data":null`},
		{"text that is not JSON", hub.Message{Data: []byte("say \"hi\"\n")}, `"data":"say \"hi\"\n"`},
		{"nothing", hub.Message{}, `"data":""`},
		{"octets", hub.Message{Type: websocket.Binary, Data: []byte{0, 255}}, `"data":"AP8=","encoding":"base64"`},
		{"octets that could be JSON", hub.Message{Type: websocket.Binary, Data: []byte("1")}, `"data":"MQ==","encoding":"base64"`},
		{"text that is not UTF-8", hub.Message{Data: []byte("\"\xff\"")}, `"data":"Iv8i","encoding":"base64"`},
		{"names that are not UTF-8", hub.Message{ID: "\xff", Publisher: "a\xffb", Data: []byte("1")}, `"id":"` + "\uFFFD" + `","from":"a` + "\uFFFD" + `b","data":1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.m.Room, tt.m.Position, tt.m.Time = "blue", hub.Position{Epoch: "e", Offset: 7}, at
			if got, want := string(encode(&tt.m)), head+tt.want+tail; got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
		})
	}
}

// Whatever is in the log is a message of the protocol on the wire.
func TestBackendsMessagesReachMembers(t *testing.T) {
	n := single(t, Options{})
	c := n.connect()
	c.join("blue", "Ada")
	for _, m := range []hub.Message{
		{Data: []byte(`{"total":3}`)},
		{Data: []byte("plain " + strings.Repeat("text ", 3))},
		{Type: websocket.Binary, Data: []byte{1, 2, 3}},
	} {
		if _, err := n.hub.Publish(t.Context(), "blue", m); err != nil {
			t.Fatal(err)
		}
	}
	c.wantMessage("blue", "", `{"total":3}`)
	c.wantMessage("blue", "", `"plain text text text "`)
	if r := c.wantMessage("blue", "", `"AQID"`); r.Encoding != "base64" {
		t.Errorf("%s", r.asWritten)
	}
}
