package protocol_test

import (
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// A recorder feeds a Receiver as a driver does, and writes down what comes of it. On the way it checks
// what is promised of every single event.
type recorder struct {
	t         testing.TB
	role      protocol.Role
	limits    protocol.Limits
	receiver  protocol.Receiver
	events    []event
	what      string // the type of the message in progress, or ""
	message   []byte // its pieces
	over      bool   // Close or Failure came
	violation *frame.Violation
	arrived   []byte // all that was fed
}

func record(t testing.TB, role protocol.Role, limits protocol.Limits) *recorder {
	rec := &recorder{t: t, role: role, limits: limits}
	rec.receiver.Init(role, &rec.limits)
	return rec
}

// feed hands the Receiver a copy of octets, which it may overwrite.
func (rec *recorder) feed(octets []byte) {
	rec.t.Helper()
	rec.arrived = append(rec.arrived, octets...)
	in := slices.Clip(slices.Clone(octets))
	for {
		pending := rec.receiver.Pending()
		ev, rest := rec.receiver.Next(in)
		if ev.Kind == protocol.None {
			if len(rest) != 0 {
				rec.t.Fatalf("no event, yet %d octets are left", len(rest))
			}
			return
		}
		if rec.over {
			rec.t.Fatalf("an event of kind %d after the last", ev.Kind)
		}
		if pending && len(rest) != len(in) && ev.Kind == protocol.Data {
			rec.t.Fatal("an event that needed no input took some")
		}
		if len(rest) >= len(in) && !pending {
			rec.t.Fatalf("an event of kind %d took no octet", ev.Kind)
		}
		if len(rest) > 0 && &rest[0] != &in[len(in)-len(rest)] {
			rec.t.Fatal("what is left is not the end of the input")
		}
		rec.note(ev)
		// Whatever is done to a payload, also by append, must not reach the octets that are left.
		if rec.receiver.InPlace() { // else it is read-only
			for i := range ev.Payload[:cap(ev.Payload)] {
				ev.Payload[:cap(ev.Payload)][i] = 0xDB
			}
		}
		rec.receiver.Release()
		in = rest
	}
}

func (rec *recorder) note(ev protocol.Event) {
	rec.t.Helper()
	if ev.Kind != protocol.Data && (ev.First || ev.Last || ev.Opcode != 0) {
		rec.t.Fatalf("an event of kind %d has fields of a message: %+v", ev.Kind, ev)
	}
	if (ev.Kind == protocol.Failure) != (ev.Failure != nil) {
		rec.t.Fatalf("an event of kind %d has Failure %v", ev.Kind, ev.Failure)
	}
	switch ev.Kind {
	case protocol.Data:
		rec.data(ev)
	case protocol.Ping:
		rec.events = append(rec.events, event{what: "ping", payload: string(ev.Payload)})
	case protocol.Pong:
		rec.events = append(rec.events, event{what: "pong", payload: string(ev.Payload)})
	case protocol.Close:
		rec.over = true
		rec.events = append(rec.events, event{what: "close", payload: string(ev.Payload)})
	case protocol.Failure:
		rec.over = true
		rec.what = ""
		rec.violation = ev.Failure
		rec.events = append(rec.events, failure(ev.Failure.Code, ev.Failure.Section))
	default:
		rec.t.Fatalf("an event of kind %d", ev.Kind)
	}
}

func (rec *recorder) data(ev protocol.Event) {
	rec.t.Helper()
	what := messageType(byte(ev.Opcode))
	switch {
	case ev.First != (rec.what == ""):
		rec.t.Fatalf("First is %v, yet the message in progress is %q", ev.First, rec.what)
	case len(ev.Payload) == 0 && !ev.First && !ev.Last:
		rec.t.Fatal("a piece of nothing in the middle of a message")
	case ev.First:
		rec.what = what
		rec.message = nil
	case rec.what != what:
		rec.t.Fatalf("a piece of a %s message has opcode %v", rec.what, ev.Opcode)
	}
	rec.message = append(rec.message, ev.Payload...)
	if ev.Last {
		rec.events = append(rec.events, event{what: what, payload: string(rec.message)})
		rec.what = ""
	}
}

// soFar returns what has come.
func (rec *recorder) soFar() []event {
	if rec.what != "" {
		return append(slices.Clip(rec.events), event{rec.what, string(rec.message), true})
	}
	return rec.events
}

// check compares what has come with what the naive reader makes of the same octets: it must be all of
// it, and no more, and leave the Receiver in the same place.
func (rec *recorder) check() {
	rec.t.Helper()
	want, at := naive(rec.arrived, rec.role, rec.limits)
	if got := rec.soFar(); !slices.Equal(got, want) {
		rec.t.Fatalf("to a %v with limits %+v, % x gives\n%v, want\n%v", rec.role, rec.limits, rec.arrived, got, want)
	}
	got := place{uint64(rec.receiver.Remaining()), rec.receiver.Final(), rec.receiver.InMessage()}
	if rec.over {
		got.inMessage = false // means nothing any more
	}
	if got != at {
		rec.t.Fatalf("after % x a %v is at %+v, want %+v", rec.arrived, rec.role, got, at)
	}
}
