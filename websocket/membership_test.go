package websocket

import (
	"math/rand/v2"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

// TestMembersKnowTheirPlaces has sockets join and leave groups at random, in all the forms that memberships have, and
// compares both sides with a model at each step.
func TestMembersKnowTheirPlaces(t *testing.T) {
	set := newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{})
	for _, row := range []struct {
		name            string
		groups, sockets int
	}{
		{"one group", 1, 40},
		{"one socket in many groups", 3 * membershipScan, 1},
		{"many of both", 2*membershipScan + 1, 5},
		{"few of both", 3, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			groups := make([]Group, row.groups)
			sockets := make([]*Socket, row.sockets)
			for i := range sockets {
				sockets[i] = newSocket(protocol.Server, set, Open)
			}
			type pair struct{ g, s int }
			model := map[pair]bool{}
			for step := range 5000 {
				p := pair{rnd.IntN(row.groups), rnd.IntN(row.sockets)}
				g, s := &groups[p.g], sockets[p.s]
				growing := step/500%2 == 0
				if growing == (rnd.IntN(4) > 0) {
					if got := g.Add(s); got != !model[p] {
						t.Fatalf("Add = %v", got)
					}
					model[p] = true
				} else {
					if got := g.Remove(s); got != model[p] {
						t.Fatalf("Remove = %v", got)
					}
					delete(model, p)
				}
				if g.Has(s) != model[p] {
					t.Fatalf("Has = %v", !model[p])
				}
				n := 0
				for i := range groups {
					n += groups[i].Len()
					for j, s := range groups[i].members {
						if s.placeIn(&groups[i]) != j {
							t.Fatalf("member %d knows its place as %d", j, s.placeIn(&groups[i]))
						}
					}
				}
				if n != len(model) {
					t.Fatalf("there are %d memberships, not %d", n, len(model))
				}
			}
			for _, s := range sockets {
				s.ended = true
				s.leaveGroups()
				if s.group != nil || s.groups != nil {
					t.Error("a socket that has ended is in a group")
				}
			}
			for i := range groups {
				if groups[i].Len() != 0 || groups[i].members != nil {
					t.Errorf("a group has %d members left", groups[i].Len())
				}
				if groups[i].Add(sockets[0]) {
					t.Error("a socket that has ended was added")
				}
			}
		})
	}
}
