package chat

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
)

func TestRequestsThatCannotBeDone(t *testing.T) {
	tests := []struct {
		name, request string
		code          code
		room, id      string
	}{
		{"join twice", `{"type":"join","room":"blue","name":"Ada"}`, badRequest, "blue", ""},
		{"join without a name", `{"type":"join","room":"red"}`, badRequest, "red", ""},
		{"leave where one is not", `{"type":"leave","room":"red"}`, notJoined, "red", ""},
		{"publish where one is not", `{"type":"publish","room":"red","id":"7","data":1}`, notJoined, "red", "7"},
		{"from another epoch", `{"type":"join","room":"red","name":"Ada","from":{"epoch":"gone","offset":3}}`, tooOld, "red", ""},
		{"a message too large", `{"type":"publish","room":"blue","id":"8","data":"` + strings.Repeat("x", 40_000) + `"}`, tooLarge, "", ""},
		{"data too large", `{"type":"publish","room":"blue","id":"8","data":"` + strings.Repeat("x", 16<<10-1) + `"}`, tooLarge, "blue", "8"},
		{"not JSON", `hello`, badRequest, "", ""},
		{"of no type", `{"room":"blue"}`, badRequest, "blue", ""},
	}
	n := single(t, Options{})
	c := n.connect()
	c.join("blue", "Ada")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.say(tt.request)
			if r := c.wantError(tt.code, false); r.Room != tt.room || r.ID != tt.id || r.Text == "" {
				t.Errorf("%s, want room %q, id %q and a text", r.asWritten, tt.room, tt.id)
			}
		})
	}
	c.publish("blue", "still", `1`) // the connection goes on
}

// The broker's trouble is the client's to know of, so that it can publish again.
func TestBrokerOutOfReach(t *testing.T) {
	broker := &shaky{Broker: hub.NewMemory(nil)}
	n := start(t, broker, Options{})
	c := n.connect()
	c.join("blue", "Ada")
	broker.fails.Store(true)
	c.say(`{"type":"publish","room":"blue","id":"x","data":1}`)
	if r := c.wantError(unavailable, true); r.Room != "blue" || r.ID != "x" || r.Request != doPublish {
		t.Errorf("%s", r.asWritten)
	}
	broker.fails.Store(false)
	c.publish("blue", "x", `1`)
	c.wantMessage("blue", "Ada", `1`)
}

// Who waits as long as it is told to has room then.
func TestTheTimeToWaitIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := single(t, Options{Limits: auth.Limits{PublishesPerSecond: 3, Burst: 1}}) // a third of a second is no whole number of ms
		c := n.connect()
		c.join("blue", "Ada")
		c.publish("blue", "1", `1`)
		c.say(`{"type":"publish","room":"blue","id":"2","data":2}`)
		time.Sleep(time.Duration(c.wantError(tooMany, true).AfterMS) * time.Millisecond)
		c.publish("blue", "2", `2`)
	})
}
