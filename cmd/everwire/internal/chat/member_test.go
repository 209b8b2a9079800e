package chat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestMembersGetWhatIsPublishedWithItsPosition(t *testing.T) {
	n := single(t, Options{})
	ada, bob := n.connect(), n.connect()
	ada.join("blue", "Ada")
	bob.join("blue", "Bob")
	done := ada.publish("blue", "a-1", `{"text": "<b> & \u2028 ж", "n": 12345678901234567890}`)
	const data = `{"text":"<b> & \u2028 ж","n":12345678901234567890}`
	for _, c := range []*client{ada, bob} {
		r := c.wantMessage("blue", "Ada", data)
		if r.Position != done.Position || r.ID != "a-1" || r.Time.IsZero() {
			t.Errorf("%s, want position %v", r.asWritten, done.Position)
		}
	}
}

func TestRoomsAreApart(t *testing.T) {
	n := single(t, Options{})
	ada, bob := n.connect(), n.connect()
	ada.join("blue", "Ada")
	ada.join("größe 😀.*", "Ada")
	bob.join("größe 😀.*", "Bob")
	ada.publish("blue", "1", `1`)
	ada.wantMessage("blue", "Ada", `1`)
	ada.publish("größe 😀.*", "2", `2`)
	bob.wantMessage("größe 😀.*", "Ada", `2`)
	ada.wantMessage("größe 😀.*", "Ada", `2`)
}

func TestJoiningSendsTheLastMessages(t *testing.T) {
	tests := []struct {
		name, field string
		want        []string
	}{
		{"none", `"recent":0`, nil},
		{"some", `"recent":2`, []string{"4", "5"}},
		{"more than there are", `"recent":1000`, []string{"1", "2", "3", "4", "5"}},
		{"from the beginning", after(hub.Position{}), []string{"1", "2", "3", "4", "5"}},
		{"from goes before recent", after(hub.Position{}) + `,"recent":1`, []string{"1", "2", "3", "4", "5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := single(t, Options{})
			ada, bob := n.connect(), n.connect()
			ada.join("blue", "Ada")
			for i := 1; i <= 5; i++ {
				ada.publish("blue", strconv.Itoa(i), strconv.Itoa(i))
				ada.wantMessage("blue", "Ada", strconv.Itoa(i)) // so the node has it
			}
			if r := bob.join("blue", "Bob", tt.field); r.Missed != len(tt.want) {
				t.Errorf("%s, want %d missed", r.asWritten, len(tt.want))
			}
			for _, data := range tt.want {
				bob.wantMessage("blue", "Ada", data)
			}
			bob.publish("blue", "now", `"now"`)
			bob.wantMessage("blue", "Bob", `"now"`) // and nothing in between
		})
	}
}

// The page's promise: who comes back to another node with the last position misses nothing and gets nothing
// twice.
func TestComingBackToAnotherNodeMissesNothing(t *testing.T) {
	a, b := pair(t)
	ada, bob := a.connect(), b.connect()
	last := ada.join("blue", "Ada").Position
	bob.join("blue", "Bob")
	for i := range 10 {
		bob.publish("blue", fmt.Sprint("early-", i), strconv.Itoa(i))
	}
	for i := range 10 {
		last = ada.wantMessage("blue", "Bob", strconv.Itoa(i)).Position
	}
	a.stop()
	for i := 10; i < 20; i++ {
		bob.publish("blue", fmt.Sprint("meanwhile-", i), strconv.Itoa(i))
	}
	for i := range 20 { // so that his node has them all
		bob.wantMessage("blue", "Bob", strconv.Itoa(i))
	}
	ada = b.connect()
	if r := ada.join("blue", "Ada", after(last)); r.Missed != 10 || r.Position != last {
		t.Errorf("%s, want 10 missed after %v", r.asWritten, last)
	}
	bob.publish("blue", "late-20", "20")
	for i := 10; i <= 20; i++ {
		ada.wantMessage("blue", "Bob", strconv.Itoa(i))
	}
}

func TestPublishingAgainWithTheSameIDPublishesOnce(t *testing.T) {
	a, b := pair(t)
	ada, bob := a.connect(), b.connect()
	ada.join("blue", "Ada")
	bob.join("blue", "Bob")
	first := ada.publish("blue", "once", `1`)
	second := ada.publish("blue", "once", `1`)
	third := bob.publish("blue", "once", `1`)
	if first.Position != second.Position || first.Position != third.Position {
		t.Errorf("positions %v, %v and %v", first.Position, second.Position, third.Position)
	}
	ada.publish("blue", "twice", `2`)
	bob.wantMessage("blue", "Ada", `1`)
	bob.wantMessage("blue", "Ada", `2`)
}

func TestPublishingKeepsItsOrder(t *testing.T) {
	n := single(t, Options{InFlight: 4}) // so that reading pauses, and goes on
	ada := n.connect()
	ada.join("blue", "Ada")
	const messages = 300
	go func() {
		for i := range messages {
			ada.Write(t.Context(), websocket.Text, fmt.Appendf(nil, `{"type":"publish","room":"blue","id":"o-%d","data":%d}`, i, i))
		}
	}()
	for i := range messages {
		ada.wantMessage("blue", "Ada", strconv.Itoa(i))
	}
	for i := range messages {
		if r := ada.want("published"); r.ID != fmt.Sprint("o-", i) {
			t.Fatalf("%s, want o-%d", r.asWritten, i)
		}
	}
}

func TestTooManyRooms(t *testing.T) {
	n := single(t, Options{})
	c := n.connect()
	for i := range 32 {
		c.join(fmt.Sprint("room", i), "Ada")
	}
	c.say(`{"type":"join","room":"one more","name":"Ada"}`)
	c.wantError(tooMany, true)
	c.say(`{"type":"leave","room":"room7"}`)
	c.want("left")
	c.join("one more", "Ada")
}

func TestLeavingEndsMessages(t *testing.T) {
	n := single(t, Options{})
	ada, bob := n.connect(), n.connect()
	ada.join("blue", "Ada")
	bob.join("blue", "Bob")
	bob.join("red", "Bob")
	bob.say(`{"type":"leave","room":"blue"}`)
	if r := bob.want("left"); r.Room != "blue" {
		t.Errorf("%s", r.asWritten)
	}
	ada.publish("blue", "1", `"not for Bob"`)
	bob.publish("red", "2", `"for Bob"`)
	bob.wantMessage("red", "Bob", `"for Bob"`)
}

// A member that does not read is asked to come back, and then misses nothing. In a bubble, for it is cut if it does not
// read for as long as a closing connection may stand still.
func TestSlowMembersComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := single(t, Options{})
		ada, slow := n.connect(), n.connect()
		ada.join("blue", "Ada")
		last := slow.join("blue", "Slow").Position
		noise := make([]byte, 12<<10-3) // that no compression makes much shorter
		rand.Read(noise)
		data := `"` + base64.StdEncoding.EncodeToString(noise) + `"`
		const messages = 200 // of 16 KiB: more than the queue and the stream hold
		for i := range messages {
			ada.publish("blue", strconv.Itoa(i), data)
			ada.wantMessage("blue", "Ada", data)
		}
		got := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			_, text, err := slow.Conn.Read(ctx)
			cancel()
			if err != nil {
				if code := websocket.CloseCodeOf(err); code != websocket.CloseTryAgainLater {
					t.Fatalf("%v, want code 1013", err)
				}
				break
			}
			var r reply
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			if r.Type == "message" {
				if r.ID != strconv.Itoa(got) {
					t.Fatalf("message %s, want %d", r.ID, got)
				}
				last, got = r.Position, got+1
			}
		}
		again := n.connect()
		if r := again.join("blue", "Slow", after(last)); r.Missed != messages-got {
			t.Errorf("%d missed, want %d", r.Missed, messages-got)
		}
		for ; got < messages; got++ {
			if r := again.wantMessage("blue", "Ada", data); r.ID != strconv.Itoa(got) {
				t.Fatalf("message %s, want %d", r.ID, got)
			}
		}
	})
}

// late is a broker whose Follow waits.
type late struct {
	hub.Broker
	asked, open chan struct{}
}

func (b *late) Follow(ctx context.Context, r hub.Room, f hub.Follower) (hub.Feed, hub.Position, error) {
	if r.Name == "slow" {
		close(b.asked)
		<-b.open
	}
	return b.Broker.Follow(ctx, r, f)
}

// A grant that is narrowed while a room is being joined counts for that room.
func TestAGrantThatIsNarrowedDuringAJoin(t *testing.T) {
	all := []string{">"}
	broker := &late{hub.NewMemory(nil), make(chan struct{}), make(chan struct{})}
	n := start(t, broker, Options{Auth: tokens{
		"all":  {User: "u1", Join: all, Publish: all},
		"less": {User: "u1", Join: []string{"red"}, Publish: all},
	}})
	c := n.withToken("all")
	c.say(`{"type":"join","room":"slow"}`)
	<-broker.asked
	c.say(`{"type":"auth","token":"less"}`)
	c.want("authenticated")
	close(broker.open)
	c.say(`{"type":"publish","room":"slow","id":"after","data":1}`) // in the lane of the room, so done after the join
	c.want("published")
	if got := n.hub.Len("slow"); got != 0 {
		t.Errorf("%d sockets are in a room that their token does not allow", got)
	}
}
