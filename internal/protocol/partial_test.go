package protocol_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

func TestOnlyAHeaderOrControlFrameInPiecesIsKept(t *testing.T) {
	for _, row := range []struct {
		name  string
		parts []part
		kept  map[protocol.Role]int // octets; -1: no memory at all
	}{
		{"nothing arrived", nil, both(-1)},
		{"a message", []part{fr(0x81, "Hello")}, both(-1)},
		{"a ping", []part{fr(0x89, "Hello")}, both(-1)},
		{"inside a message", []part{cut(fr(0x81, "Hello"), 2)}, both(-1)},
		{"between fragments", []part{fr(0x01, "Hello")}, both(-1)},
		{"header of a message", []part{head(0x82, 1<<20)}, both(-1)},
		{"header of an empty message without its last octet", []part{cut(head(0x81, 0), 1)}, map[protocol.Role]int{protocol.Server: 5, protocol.Client: 1}},
		{"header without its last octet", []part{cut(head(0x82, 1<<20), 1)}, map[protocol.Role]int{protocol.Server: 13, protocol.Client: 9}},
		{"header of a ping", []part{head(0x89, 125)}, map[protocol.Role]int{protocol.Server: 6, protocol.Client: 2}},
		{"ping without its last octet", []part{cut(fr(0x89, k125), 1)}, map[protocol.Role]int{protocol.Server: 130, protocol.Client: 126}},
		{"behind a message", []part{fr(0x81, "Hello"), cut(fr(0x8A, "abc"), 1)}, map[protocol.Role]int{protocol.Server: 8, protocol.Client: 4}},
		{"between fragments, inside a ping", []part{fr(0x01, "a"), cut(fr(0x89, "abc"), 1)}, map[protocol.Role]int{protocol.Server: 8, protocol.Client: 4}},
		{"header of a ping that is too large", []part{head(0x89, 126)}, both(-1)},
		{"after Close", []part{fr(0x88, ""), cut(fr(0x89, "abc"), 1)}, both(-1)},
		{"after a failure", []part{fr(0x83, ""), cut(fr(0x89, "abc"), 1)}, both(-1)},
	} {
		for _, role := range roles {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				wire := join(role, row.parts)
				rec := record(t, role, protocol.Limits{})
				rec.feed(wire)
				if got := rec.receiver.Kept(); got != row.kept[role] {
					t.Errorf("in one piece, %d octets are kept, want %d", got, row.kept[role])
				}
				rec = record(t, role, protocol.Limits{})
				for i := range wire {
					rec.feed(wire[i : i+1])
				}
				if got := rec.receiver.Kept(); got != row.kept[role] {
					t.Errorf("octet by octet, %d octets are kept, want %d", got, row.kept[role])
				}
			})
		}
	}
}

func both(n int) map[protocol.Role]int {
	return map[protocol.Role]int{protocol.Server: n, protocol.Client: n}
}

func TestAControlFrameInPiecesIsOnLoanUntilTheNextCall(t *testing.T) {
	for _, role := range roles {
		for _, row := range []struct {
			name string
			next []byte
			want protocol.Kind
		}{
			{"call without octets", nil, protocol.None},
			{"call with a message", fr(0x81, "x")(role), protocol.Data},
			{"call with the first octet of a header", fr(0x81, "x")(role)[:1], protocol.None},
			{"call with another ping", fr(0x89, "x")(role), protocol.Ping},
		} {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				var r protocol.Receiver
				r.Init(role, &protocol.Limits{})
				wire := fr(0x89, "Hello")(role)
				r.Next(wire[:len(wire)-2])
				ev, rest := r.Next(wire[len(wire)-2:])
				if ev.Kind != protocol.Ping || string(ev.Payload) != "Hello" || len(rest) != 0 {
					t.Fatalf("%+v, %d octets are left", ev, len(rest))
				}
				clear(wire) // as the next read does
				if string(ev.Payload) != "Hello" {
					t.Errorf("the payload is now %q", ev.Payload)
				}
				ev, _ = r.Next(row.next)
				if ev.Kind != row.want {
					t.Errorf("the next event is %+v", ev)
				}
				if kept := r.Kept(); kept > 1 || kept >= 0 && len(row.next) != 1 {
					t.Errorf("%d octets are kept", kept)
				}
			})
		}
	}
}

// Not even until the next call, for there may be none.
func TestAFailureInPiecesKeepsNothing(t *testing.T) {
	for _, role := range roles {
		for _, row := range []struct {
			name string
			part part
		}{
			{"length not in its shortest form", headIn(16, 0x82, 5)},
			{"top bit", headIn(64, 0x82, 1<<63)},
			{"reserved opcode", fr(0x83, "")},
			{"fragmented ping", fr(0x09, "")},
			{"continuation of nothing", head(0x80, 200)},
		} {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				var r protocol.Receiver
				r.Init(role, &protocol.Limits{})
				wire := row.part(role)
				for i := range wire {
					ev, _ := r.Next(wire[i : i+1])
					if ev.Kind == protocol.Failure {
						if kept := r.Kept(); kept != -1 {
							t.Errorf("%d octets are kept", kept)
						}
						return
					}
				}
				t.Fatal("no failure")
			})
		}
	}
}

func TestStopGivesWhatIsKeptBackAtTheNextCall(t *testing.T) {
	rec := record(t, protocol.Server, protocol.Limits{})
	rec.feed(cut(fr(0x89, "Hello"), 1)(protocol.Server))
	if rec.receiver.Kept() < 0 {
		t.Fatal("nothing is kept")
	}
	rec.receiver.Stop()
	rec.over = true
	rec.feed([]byte{0})
	if kept := rec.receiver.Kept(); kept != -1 {
		t.Errorf("%d octets are kept", kept)
	}
}

// What one connection gives back another one gets, also on other goroutines.
func TestConnectionsDoNotSeeEachOthersOctets(t *testing.T) {
	const connections, rounds = 8, 40
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			role := roles[c%2]
			rec := record(t, role, protocol.Limits{})
			for n := range rounds {
				want := event{what: "ping", payload: fmt.Sprint("connection ", c, " round ", n)}
				wire := fr(0x89, want.payload)(role)
				for i := range wire {
					rec.feed(wire[i : i+1])
				}
				if got := rec.events[len(rec.events)-1]; got != want {
					t.Errorf("%v, want %v", got, want)
				}
			}
		})
	}
	wg.Wait()
}
