package chat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/everwire/everwire/hub"
)

func TestMembersAreToldWhoIsThere(t *testing.T) {
	a, b := pair(t)
	ada, bob := a.connect(), a.connect()
	if r := ada.join("blue", "Ada"); names(r.Members) != "Ada" || r.Count != 1 || r.Member.Name != "Ada" || r.Member.ID == "" {
		t.Errorf("%s, want Ada", r.asWritten)
	}
	if r := bob.join("blue", "Bob"); names(r.Members) != "Ada Bob" || r.Count != 2 {
		t.Errorf("%s, want Ada and Bob", r.asWritten)
	}
	bobsID := ada.wantMember("joined", "Bob", 2).Member.ID
	ada.isThere("blue")
	bob.isThere("blue")

	// Of another node: the first there is told at once who is on this one.
	eve := b.connect()
	if r := eve.join("blue", "Eve"); names(r.Members) != "Ada Bob Eve" || r.Count != 3 {
		t.Errorf("%s, want all three", r.asWritten)
	}
	ada.wantMember("joined", "Eve", 3)
	bob.wantMember("joined", "Eve", 3)
	eve.isThere("blue")

	bob.say(`{"type":"leave","room":"blue"}`)
	bob.want("left")
	for _, c := range []*client{ada, eve} {
		if r := c.wantMember("left", "Bob", 2); r.Member.ID != bobsID {
			t.Errorf("%s, want id %s", r.asWritten, bobsID)
		}
	}
	eve.Terminate()
	ada.wantMember("left", "Eve", 1)
}

func TestMembersOfANodeThatStopsLeave(t *testing.T) {
	a, b := pair(t)
	ada, bob := a.connect(), b.connect()
	bob.join("blue", "Bob")
	bob.isThere("blue")
	if r := ada.join("blue", "Ada"); names(r.Members) != "Ada Bob" {
		t.Errorf("%s", r.asWritten)
	}
	ada.isThere("blue")
	b.stop()
	ada.wantMember("left", "Bob", 1)
}

// Two of one name are two, and who comes back is another one than before.
func TestMembersAreKnownByTheirIDs(t *testing.T) {
	n := single(t, Options{})
	one, two := n.connect(), n.connect()
	first := one.join("blue", "Ada").Member.ID
	r := two.join("blue", "Ada")
	if names(r.Members) != "Ada Ada" || r.Member.ID == first {
		t.Errorf("%s, and the first is %s", r.asWritten, first)
	}
	one.say(`{"type":"leave","room":"blue"}`)
	one.want("left")
	if left := two.wantMember("left", "Ada", 1); left.Member.ID != first {
		t.Errorf("%s, want %s", left.asWritten, first)
	}
}

// What the broker says while it is asked for a list counts more than the list, which may be older.
func TestChangesDuringTheListing(t *testing.T) {
	tests := []struct {
		name   string
		listed []string // by the broker
		during []hub.PresenceEvent
		want   string
	}{
		{"none", []string{"Bob", "Eve"}, nil, "Ada Bob Eve"},
		{"one left", []string{"Bob", "Eve"}, []hub.PresenceEvent{gone("Eve")}, "Ada Bob"},
		{"one came", []string{"Bob"}, []hub.PresenceEvent{came("Eve")}, "Ada Bob Eve"},
		{"one came and left", []string{"Eve"}, []hub.PresenceEvent{came("Eve"), gone("Eve")}, "Ada"},
		{"one left and came", nil, []hub.PresenceEvent{gone("Eve"), came("Eve")}, "Ada Eve"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			broker := &staged{Broker: hub.NewMemory(nil), during: tt.during}
			for _, name := range tt.listed {
				broker.listed = append(broker.listed, other(name))
			}
			n := start(t, broker, Options{})
			broker.node = n
			ada := n.connect()
			ada.join("blue", "Ada")
			ada.isThere("blue")
			// All is told when the one who joins next is told.
			r := n.connect().join("blue", "Zoe")
			if got := names(r.Members); got != tt.want+" Zoe" {
				t.Errorf("%s are there, want %s and Zoe", got, tt.want)
			}
		})
	}
}

func other(name string) hub.Member {
	return hub.Member{ID: "id-" + name, Node: "other", Value: []byte(`{"name":"` + name + `"}`)}
}
func came(name string) hub.PresenceEvent { return hub.PresenceEvent{Room: "blue", Member: other(name)} }
func gone(name string) hub.PresenceEvent {
	return hub.PresenceEvent{Room: "blue", Member: other(name), Left: true}
}

// staged is a broker that lists what the test says, while something changes.
type staged struct {
	hub.Broker
	listed []hub.Member
	node   *node
	during []hub.PresenceEvent

	mu    sync.Mutex
	watch func(hub.PresenceEvent)
	times int
}

func (b *staged) Watch(room string, f func(hub.PresenceEvent)) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watch = f
	return b.Broker.Watch(room, f)
}

func (b *staged) Present(context.Context, string) ([]hub.Member, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watch != nil { // it is the second time
		for _, e := range b.during {
			b.watch(e)
		}
	}
	if b.times++; b.times > 2 {
		return nil, errors.New("asked a third time")
	}
	return b.listed, nil
}

// A crowd is not told of everybody's coming and going.
func TestCrowd(t *testing.T) {
	r := &roster{room: "blue", people: make(map[string]person)}
	for i := range crowd + 1 {
		r.enter(person{member{ID: fmt.Sprint(i), Name: "x"}, false})
	}
	if !r.crowded {
		t.Fatalf("%d are no crowd", len(r.people))
	}
	for i := range crowd/10 + 1 {
		if !r.crowded {
			t.Errorf("%d are no crowd any more", len(r.people))
		}
		r.exit(fmt.Sprint(i))
	}
	if r.crowded {
		t.Errorf("%d are still a crowd", len(r.people))
	}
}

func TestCrowdIsTold(t *testing.T) {
	n := single(t, Options{})
	ada := n.connect()
	ada.join("blue", "Ada")
	ada.isThere("blue")
	everybody := func(left bool) {
		for i := range crowd {
			e := came(fmt.Sprint(i))
			e.Left = left
			chatOf(n).rosters.told(e)
		}
	}
	everybody(false)
	for i := range crowd {
		ada.wantMember("joined", fmt.Sprint(i), i+2)
	}
	if r := ada.want("members"); r.Count != crowd+1 || r.Members != nil {
		t.Errorf("%s, want a number alone", r.asWritten)
	}
	bob := n.connect()
	if r := bob.join("blue", "Bob"); r.Count != crowd+2 || r.Members != nil {
		t.Errorf("%.200s, want a number alone", r.asWritten)
	}
	everybody(true)
	for _, c := range []*client{ada, bob} {
		if r := c.want("members"); r.Count != crowd*9/10 || len(r.Members) != r.Count {
			t.Errorf("%.200s, want all of them", r.asWritten)
		}
	}
	for left := crowd*9/10 - 1; left >= 2; left-- {
		if r := ada.want("member"); r.Event != "left" || r.Count != left {
			t.Fatalf("%s, want %d left", r.asWritten, left)
		}
	}
}

// chatOf returns the chat of a node that somebody is connected to.
func chatOf(n *node) *chat {
	v, _ := sessions.Get(n.srv.Clients().Members()[0])
	return v.chat
}
