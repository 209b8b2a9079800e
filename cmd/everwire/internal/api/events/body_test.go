package events

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is midnight
		w := newWriter("n1")
		c := &Connection{ID: "c1", User: "ada", Name: "Ada", Address: "192.0.2.1", Path: "/chat", Origin: "https://a.example", Agent: "b", Subprotocol: "everwire.chat.v1"}
		const connection = `{"id":"c1","user":"ada","name":"Ada","address":"192.0.2.1","path":"/chat","origin":"https://a.example","agent":"b","subprotocol":"everwire.chat.v1"}`
		for i, tt := range []struct {
			name, kind string
			data       data
			want       string
		}{
			{"connect", typeConnect, data{}, `{"node":"n1","connection":` + connection + `,"number":1}`},
			{"message", typeMessage, data{Message: messageOf(&hub.Message{Room: "blue", ID: "7", Publisher: "Ada", Position: hub.Position{Epoch: "e", Offset: 3}, Data: []byte(`{"t":"<"}`)})},
				`{"node":"n1","connection":` + connection + `,"number":2,"message":{"room":"blue","id":"7","publisher":"Ada","position":{"epoch":"e","offset":3},"data":{"t":"<"}}}`},
			{"text without a position", typeMessage, data{Message: messageOf(&hub.Message{Room: "raw", Data: []byte(`hi`)})},
				`{"node":"n1","connection":` + connection + `,"number":3,"message":{"room":"raw","text":"hi"}}`},
			{"binary", typeMessage, data{Message: messageOf(&hub.Message{Room: "raw", Type: websocket.Binary, Data: []byte{0}})},
				`{"node":"n1","connection":` + connection + `,"number":4,"message":{"room":"raw","base64":"AA=="}}`},
			{"disconnect", typeDisconnect, data{Close: endingOf(websocket.CloseEvent{Code: 1001, Reason: "bye", WasClean: true})},
				`{"node":"n1","connection":` + connection + `,"number":5,"close":{"code":1001,"reason":"bye","clean":true}}`},
		} {
			e := w.write(tt.kind, c, tt.data)
			want := `{"type":"` + tt.kind + `","id":"` + e.id + `","timestamp":"2000-01-01T00:00:00Z","data":` + tt.want + `}`
			if string(e.body) != want || !json.Valid(e.body) {
				t.Errorf("%s:\n%s, want\n%s", tt.name, e.body, want)
			}
			if !regexp.MustCompile(`^ev_[A-Z2-7]{12}_[0-9a-z]+$`).MatchString(e.id) || !strings.HasSuffix(e.id, "_"+string(rune('1'+i))) {
				t.Errorf("%s: the id is %s", tt.name, e.id)
			}
		}
		if other := newWriter("n1").write(typeConnect, c, data{}); strings.HasPrefix(other.id, "ev_"+w.once) {
			t.Errorf("another process gives the same ids: %s", other.id)
		}
	})
}
