package chat

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/websocket"
)

func TestTheTokenIsTheFirstMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := single(t, Options{Auth: people()})
		c := n.connect()
		c.say(`{"type":"auth","token":"ada"}`)
		c.say(`{"type":"join","room":"blue","name":"Mallory"}`) // need not wait
		if r := c.want("authenticated"); r.User != "u1" || r.Name != "Ada" || r.Expires != "" {
			t.Errorf("%s, want Ada", r.asWritten)
		}
		if r := c.want("joined"); r.Member.Name != "Ada" || r.Member.User != "u1" {
			t.Errorf("%s: the name is not the token's", r.asWritten)
		}
	})
}

func TestTheFirstMessageIsNoToken(t *testing.T) {
	tests := []struct {
		name, text string
		code       code
		retry      bool
		closed     websocket.CloseCode
	}{
		{"something else", `{"type":"join","room":"blue","name":"Ada"}`, unauthorized, false, auth.CloseExpired},
		{"nonsense", `hello`, unauthorized, false, auth.CloseExpired},
		{"a bad token", `{"type":"auth","token":"eve"}`, unauthorized, false, auth.CloseExpired},
		{"one that cannot be judged", `{"type":"auth","token":"down"}`, unavailable, true, websocket.CloseTryAgainLater},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // where the time for it does not pass
				c := single(t, Options{Auth: people()}).connect()
				c.say(tt.text)
				c.wantError(tt.code, tt.retry)
				c.wantClose(tt.closed)
			})
		})
	}
}

func TestNoFirstMessageComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := single(t, Options{Auth: people()})
		c := n.connect()
		began := time.Now()
		c.wantClose(auth.CloseExpired)
		if took := time.Since(began); took != firstMessageTime {
			t.Errorf("closed after %v, want %v", took, firstMessageTime)
		}
	})
}

// A token that expires can be renewed, before and during the grace time.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []string{">"}
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		n := single(t, Options{Grace: 10 * time.Second, Auth: tokens{
			"minute":  {User: "u1", Join: all, Publish: all, Expires: in(time.Minute)},
			"longer":  {User: "u1", Join: all, Publish: all, Expires: in(2 * time.Minute)},
			"less":    {User: "u1", Join: []string{"red"}, Expires: in(3 * time.Minute)},
			"another": {User: "u2", Join: all, Publish: all},
		}})
		began := time.Now()
		c := n.withToken("minute")
		c.join("blue", "")
		c.join("red", "")
		if r := c.wantError(expired, true); time.Since(began) != time.Minute {
			t.Errorf("%s after %v", r.asWritten, time.Since(began))
		}
		time.Sleep(9 * time.Second)
		c.say(`{"type":"auth","token":"another"}`)
		c.wantError(forbidden, false)
		c.say(`{"type":"auth","token":"nonsense"}`)
		c.wantError(unauthorized, false)
		c.say(`{"type":"auth","token":"longer"}`)
		if r := c.want("authenticated"); r.Expires != in(51*time.Second).UTC().Format(timeFormat) {
			t.Errorf("%s, at %v", r.asWritten, time.Now())
		}
		c.publish("blue", "1", `1`)
		c.wantMessage("blue", "u1", `1`)

		c.say(`{"type":"auth","token":"less"}`) // which does not allow blue
		if r := c.want("left"); r.Room != "blue" {
			t.Errorf("%s", r.asWritten)
		}
		c.want("authenticated")
		c.say(`{"type":"publish","room":"red","data":1}`)
		c.wantError(forbidden, false)

		c.wantError(expired, true)
		c.wantClose(auth.CloseExpired)
		if took := time.Since(began); took != 3*time.Minute+10*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestOpenServersTakeAnyToken(t *testing.T) {
	n := single(t, Options{})
	c := n.connect()
	c.say(`{"type":"auth","token":"whatever"}`)
	c.want("authenticated")
	c.join("blue", "Ada")
}
