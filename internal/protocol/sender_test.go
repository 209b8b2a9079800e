package protocol_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

func newSender(role protocol.Role) *protocol.Sender {
	var s protocol.Sender
	s.Init(role)
	return &s
}

// checkSent reads what a sender of the given role appended, as the peer's Receiver and as the naive
// reader.
func checkSent(t testing.TB, role protocol.Role, wire []byte, want ...event) {
	t.Helper()
	rec := record(t, opposite(role), protocol.Limits{})
	rec.feed(wire)
	if got := rec.soFar(); !slices.Equal(got, want) {
		t.Errorf("what the %v sent is read as %.200v, want %.200v", role, got, want)
	}
	rec.check()
}

func TestSenderIsReadBack(t *testing.T) {
	for _, role := range roles {
		for _, opcode := range []frame.Opcode{frame.Text, frame.Binary} {
			for _, size := range []int{0, 1, 5, 125, 126, 127, 65535, 65536, 1 << 20} {
				t.Run(fmt.Sprintf("%v/%v of %d octets", role, opcode, size), func(t *testing.T) {
					payload := bytes.Repeat([]byte("k"), size)
					s := newSender(role)
					want := event{what: opcode.String(), payload: string(payload)}

					wire := s.AppendMessage([]byte("before"), opcode, 0, payload)
					if !bytes.HasPrefix(wire, []byte("before")) {
						t.Error("what was in dst is gone")
					}
					if string(payload) != want.payload {
						t.Error("the caller's payload was changed")
					}
					checkSent(t, role, wire[len("before"):], want)

					half := size / 2
					wire = s.AppendFragment(nil, opcode, 0, payload[:half], false)
					wire = s.AppendControl(wire, frame.Ping, []byte("between"))
					wire = s.AppendFragment(wire, opcode, 0, payload[half:], false)
					wire = s.AppendControl(wire, frame.Pong, nil)
					wire = s.AppendFragment(wire, opcode, 0, nil, true)
					checkSent(t, role, wire, event{what: "ping", payload: "between"}, event{what: "pong"}, want)
				})
			}
		}
		for _, size := range []int{0, 1, 124, 125} {
			t.Run(fmt.Sprintf("%v/control frames of %d octets", role, size), func(t *testing.T) {
				payload := bytes.Repeat([]byte("k"), size)
				s := newSender(role)
				wire := s.AppendControl(nil, frame.Ping, payload)
				wire = s.AppendControl(wire, frame.Pong, payload)
				checkSent(t, role, wire, event{what: "ping", payload: string(payload)}, event{what: "pong", payload: string(payload)})
			})
		}
	}
}

func TestSenderClose(t *testing.T) {
	long := octets("r", frame.MaxCloseReason)
	for _, role := range roles {
		for _, row := range []struct {
			name   string
			code   frame.CloseCode
			reason string
			want   string
		}{
			{"code 0", 0, "", ""},
			{"code 1005", frame.CloseNoStatus, "", ""},
			{"code alone", frame.CloseNormal, "", "\x03\xe8"},
			{"reason", 4000, "Пока", "\x0f\xa0Пока"},
			{"reason of 123 octets", frame.CloseGoingAway, long, "\x03\xe9" + long},
		} {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				s := newSender(role)
				wire := s.AppendMessage(nil, frame.Text, 0, []byte("x"))
				if s.Closed() {
					t.Error("closed before Close")
				}
				wire = s.AppendClose(wire, row.code, row.reason)
				if !s.Closed() {
					t.Error("not closed after Close")
				}
				checkSent(t, role, wire, event{what: "text", payload: "x"}, event{what: "close", payload: row.want})
			})
		}
	}
}

func TestSenderAppendsNothingAfterClose(t *testing.T) {
	for _, role := range roles {
		for _, inMessage := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/in a message %v", role, inMessage), func(t *testing.T) {
				s := newSender(role)
				var wire []byte
				if inMessage {
					wire = s.AppendFragment(wire, frame.Text, 0, []byte("Hel"), false)
				}
				wire = s.AppendClose(wire, frame.CloseNormal, "")
				for name, appended := range map[string][]byte{
					"AppendMessage":           s.AppendMessage(wire, frame.Text, 0, []byte("x")),
					"AppendFragment":          s.AppendFragment(wire, frame.Text, 0, []byte("x"), false),
					"AppendFragment with fin": s.AppendFragment(wire, frame.Text, 0, []byte("x"), true),
					"AppendControl":           s.AppendControl(wire, frame.Ping, []byte("x")),
					"AppendClose":             s.AppendClose(wire, frame.CloseGoingAway, "again"),
				} {
					if !bytes.Equal(appended, wire) {
						t.Errorf("%s appended % x", name, appended[len(wire):])
					}
				}
				if s.InMessage() != inMessage {
					t.Errorf("InMessage is now %v", s.InMessage())
				}
				s.Init(role)
				if s.Closed() || s.InMessage() {
					t.Error("Init does not open again")
				}
			})
		}
	}
}

// Frame by frame: opcode, FIN and InMessage.
func TestSenderKeepsFragmentsInOrder(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			s := newSender(role)
			if s.Role() != role {
				t.Errorf("Role = %v", s.Role())
			}
			for i, step := range []struct {
				opcode frame.Opcode
				fin    bool
				want   frame.Opcode
			}{
				{frame.Text, true, frame.Text},
				{frame.Binary, false, frame.Binary},
				{frame.Binary, false, frame.Continuation},
				{frame.Ping, true, frame.Ping},
				{frame.Binary, true, frame.Continuation},
				{frame.Pong, true, frame.Pong},
				{frame.Text, false, frame.Text},
				{frame.Text, true, frame.Continuation},
				{frame.Binary, true, frame.Binary},
			} {
				before := s.InMessage()
				var wire []byte
				if step.opcode.Control() {
					wire = s.AppendControl(nil, step.opcode, []byte("abc"))
				} else {
					wire = s.AppendFragment(nil, step.opcode, 0, []byte("abc"), step.fin)
				}
				var h frame.Header
				n, err := h.Parse(wire)
				if err != nil || n != len(wire)-3 {
					t.Fatalf("step %d: % x is no frame: %d, %v", i, wire, n, err)
				}
				if h.Opcode != step.want || h.Fin != step.fin || h.Rsv != 0 || h.Masked != (role == protocol.Client) {
					t.Errorf("step %d: %+v", i, h)
				}
				want := !step.fin
				if step.opcode.Control() {
					want = before
				}
				if s.InMessage() != want {
					t.Errorf("step %d: InMessage = %v, want %v", i, s.InMessage(), want)
				}
			}
		})
	}
}

func TestSenderMasksEachFrameWithAnotherKey(t *testing.T) {
	const frames = 300
	s := newSender(protocol.Client)
	keys := map[uint32]bool{}
	for i := range frames {
		payload := []byte("the same payload")
		var wire []byte
		switch i % 4 {
		case 0:
			wire = s.AppendMessage(nil, frame.Binary, 0, payload)
		case 1:
			wire = s.AppendFragment(nil, frame.Binary, 0, payload, false)
		case 2:
			wire = s.AppendControl(nil, frame.Ping, payload)
		case 3:
			wire = s.AppendFragment(nil, frame.Binary, 0, payload, true)
		}
		var h frame.Header
		n, err := h.Parse(wire)
		if err != nil || !h.Masked {
			t.Fatalf("%+v, %v", h, err)
		}
		keys[h.Key] = true
		if frame.Mask(wire[n:], h.Key); !bytes.Equal(wire[n:], payload) {
			t.Fatalf("the payload unmasked is %q", wire[n:])
		}
	}
	// One pair alike among 300 keys of 32 bits is seen once in 95,000 runs; two never.
	if len(keys) < frames-1 {
		t.Errorf("%d keys for %d frames", len(keys), frames)
	}
}

// A message that is not copied: the driver writes the header, and the payload from where it lies.
func TestSenderBeginLeavesThePayloadToTheCaller(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			s := newSender(role)
			var wire []byte
			for _, fragment := range []struct {
				payload string
				fin     bool
			}{{"Hel", false}, {"", false}, {"lo", true}} {
				h := s.Begin(frame.Text, 0, int64(len(fragment.payload)), fragment.fin)
				if h.Masked != (role == protocol.Client) || !h.Masked && h.Key != 0 {
					t.Errorf("%+v", h)
				}
				payload := []byte(fragment.payload)
				if h.Masked {
					frame.Mask(payload, h.Key)
				}
				wire = append(h.Append(wire), payload...)
			}
			checkSent(t, role, wire, event{what: "text", payload: "Hello"})
			if h := s.Begin(frame.Binary, 0, 1<<40, true); h.Length != 1<<40 || h.Opcode != frame.Binary {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestSenderUndo(t *testing.T) {
	for _, role := range roles {
		for _, fin := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/a message/fin %v", role, fin), func(t *testing.T) {
				s := newSender(role)
				was := s.InMessage()
				s.Begin(frame.Text, 0, 5, fin)
				s.Undo(was)
				checkSent(t, role, s.AppendMessage(nil, frame.Binary, 0, []byte("x")), event{what: "binary", payload: "x"})
			})
			t.Run(fmt.Sprintf("%v/a fragment/fin %v", role, fin), func(t *testing.T) {
				s := newSender(role)
				wire := s.AppendFragment(nil, frame.Text, 0, []byte("Hel"), false)
				was := s.InMessage()
				s.Begin(frame.Text, 0, 5, fin)
				s.Undo(was)
				wire = s.AppendFragment(wire, frame.Text, 0, []byte("lo"), true)
				checkSent(t, role, wire, event{what: "text", payload: "Hello"})
			})
		}
	}
}

func TestSenderDoesNotAllocate(t *testing.T) {
	payload := bytes.Repeat([]byte("k"), 125)
	reason := octets("r", frame.MaxCloseReason)
	dst := make([]byte, 0, 1024)
	for _, role := range roles {
		s := newSender(role)
		for name, f := range map[string]func(){
			"AppendMessage": func() { s.AppendMessage(dst, frame.Text, 0, payload) },
			"fragments": func() {
				s.AppendFragment(s.AppendFragment(dst, frame.Text, 0, payload, false), frame.Text, 0, payload, true)
			},
			"AppendControl": func() { s.AppendControl(dst, frame.Ping, payload) },
			"Begin":         func() { h := s.Begin(frame.Text, 0, 5, true); h.Append(dst) },
			"AppendClose":   func() { s.AppendClose(dst, frame.CloseNormal, reason); s.Init(role) },
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%v: %s allocates %v times", role, name, n)
			}
		}
	}
}

// FuzzSender does what a script of two octets a step says, and reads it back. Sizes are at both sides
// of where the header changes its form.
func FuzzSender(f *testing.F) {
	f.Add(false, []byte{})
	for op := range byte(10) {
		f.Add(false, []byte{op, 2, 1, 3, op, 4, 0, 5, op, 1})
		f.Add(true, []byte{op, 7, 0, 0, op, 6, op, 2})
	}
	f.Add(true, []byte{1, 1, 3, 2, 2, 0, 6, 4, 1, 9, 5, 5, 4, 8, 0, 1, 8, 3, 0, 2, 9, 1})
	f.Fuzz(func(t *testing.T, client bool, script []byte) {
		if len(script) > 200 {
			script = script[:200]
		}
		role := protocol.Server
		if client {
			role = protocol.Client
		}
		s := newSender(role)
		var (
			wire    []byte
			want    []event
			message = event{open: true} // in progress, if what is not empty
			sizes   = []int{0, 1, 2, 5, 124, 125, 126, 127, 65535, 65536}
		)
		for ; len(script) >= 2; script = script[2:] {
			op, n := script[0]%10, int(script[1])
			payload := bytes.Repeat([]byte("k"), sizes[n%len(sizes)])
			opcode := frame.Text + frame.Opcode(n%2)
			if message.what == frame.Text.String() {
				opcode = frame.Text
			} else if message.what != "" {
				opcode = frame.Binary
			}
			before, closed := len(wire), s.Closed()
			fragment := func(fin bool) {
				if closed {
					return
				}
				message.what = opcode.String()
				message.payload += string(payload)
				if fin {
					message.open = false
					want = append(want, message)
					message = event{open: true}
				}
			}
			control := func(what string, payload string) {
				if !closed {
					want = append(want, event{what: what, payload: payload})
				}
			}
			small := payload[:min(len(payload), frame.MaxControlPayload)]
			switch op {
			case 0:
				wire = s.AppendMessage(wire, opcode, 0, payload)
				fragment(true)
			case 1, 2:
				wire = s.AppendFragment(wire, opcode, 0, payload, false)
				fragment(false)
			case 3:
				wire = s.AppendFragment(wire, opcode, 0, payload, true)
				fragment(true)
			case 4:
				wire = s.AppendControl(wire, frame.Ping, small)
				control("ping", string(small))
			case 5:
				wire = s.AppendControl(wire, frame.Pong, small)
				control("pong", string(small))
			case 6, 7:
				if closed {
					break
				}
				h := s.Begin(opcode, 0, int64(len(payload)), op == 7)
				wire = h.Append(wire)
				at := len(wire)
				wire = append(wire, payload...)
				frame.Mask(wire[at:], h.Key)
				fragment(op == 7)
			case 8:
				was := s.InMessage()
				s.Begin(opcode, 0, int64(len(payload)), n%2 == 0)
				s.Undo(was)
			case 9:
				small = small[:min(len(small), frame.MaxCloseReason)]
				wire = s.AppendClose(wire, frame.CloseNormal, string(small))
				control("close", "\x03\xe8"+string(small))
			}
			if closed && len(wire) != before {
				t.Fatal("octets after Close")
			}
			if s.InMessage() != (message.what != "") {
				t.Fatalf("InMessage = %v", s.InMessage())
			}
		}
		if message.what != "" {
			want = append(want, message)
		}
		checkSent(t, role, wire, want...)
	})
}
