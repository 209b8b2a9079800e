package websocket_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// What a hostile peer's frames come to: the code that the RFC gives them, at once and for little memory.
func TestHostileFramesEndWithTheirCode(t *testing.T) {
	const deflated = "permessage-deflate"
	for _, row := range []struct {
		name       string
		extensions string
		wire       func(a *attacker) string
		code       websocket.CloseCode
	}{
		{"2^62 octets announced", "", func(a *attacker) string { return a.announce(0x82, 1<<62) }, 1009},
		{"2^62 octets of text announced", "", func(a *attacker) string { return a.announce(0x81, 1<<62) }, 1009},
		{"2^62 octets announced by a second fragment", "", func(a *attacker) string {
			return a.frame(0x02, "x") + a.announce(0x00, 1<<62)
		}, 1009},
		{"2^63-1 octets announced by each of two fragments", "", func(a *attacker) string {
			return a.announce(0x02, 1<<63-1) + a.announce(0x00, 1<<63-1)
		}, 1009},
		{"2^63 octets announced", "", func(a *attacker) string { return a.announce(0x82, 1<<63) }, 1002},
		{"2^64-1 octets announced", "", func(a *attacker) string { return a.announce(0x82, 1<<64-1) }, 1002},
		{"2^62 octets announced, compressed", deflated, func(a *attacker) string { return a.announce(0xC2, 1<<62) }, 1009},
		{"2^63 octets announced, compressed", deflated, func(a *attacker) string { return a.announce(0xC2, 1<<63) }, 1002},
		{"2^62 octets announced by a second compressed fragment", deflated, func(a *attacker) string {
			return a.frame(0x42, "x") + a.announce(0x00, 1<<62)
		}, 1009},
		{"a Ping of 2^62 octets", "", func(a *attacker) string { return a.announce(0x89, 1<<62) }, 1002},
		{"a Close frame of 126 octets", "", func(a *attacker) string { return a.frame(0x88, strings.Repeat("\x03", 126)) }, 1002},
		{"a length that is not the shortest", "", func(a *attacker) string { return a.announce(0x82, 1) }, 1002},
	} {
		t.Run(row.name, func(t *testing.T) {
			check := watchHeap(t)
			besieged(t, demands{}, func(t *testing.T, s *siege) {
				a := s.connect(row.extensions)
				_, err := io.WriteString(a, row.wire(a))
				must(t, err)
				a.wantCode(row.code)
				wantFailed(t, s, row.code)
			})
			check()
		})
	}
}

// wantFailed waits until our end has failed the connection with code.
func wantFailed(t *testing.T, s *siege, code websocket.CloseCode) {
	t.Helper()
	e := s.ended(t)
	var broken *websocket.ProtocolError
	if !errors.As(e.err, &broken) || broken.Code != code || e.code != websocket.CloseAbnormal || e.clean {
		t.Fatalf("our end: %v, close %d clean=%t; want a ProtocolError of %d and 1006", e.err, e.code, e.clean, code)
	}
}

// patient are demands for floods that are not about lingering: our end sees at once that the attacker has left.
var patient = demands{limits: websocket.Limits{LingerBytes: -1}}

func TestAMillionEmptyFragmentsEndWith1009(t *testing.T) {
	for _, row := range []struct {
		name, extensions string
		first            byte
	}{{"plain", "", 0x02}, {"text", "", 0x01}, {"compressed", "permessage-deflate", 0x42}} {
		t.Run(row.name, func(t *testing.T) {
			besieged(t, patient, func(t *testing.T, s *siege) {
				a := s.connect(row.extensions)
				go a.keepWriting(a.frame(row.first, ""), a.frame(0x00, ""), 6<<20)
				a.wantCode(websocket.CloseMessageTooBig)
				wantFailed(t, s, websocket.CloseMessageTooBig)
			})
		})
	}
}

// Without a limit a million fragments cost memory and time by the octet, as any others do.
func TestAMillionEmptyFragmentsAreAMessageWithoutALimit(t *testing.T) {
	for _, row := range []struct {
		name, extensions string
		first            byte
		last             string
	}{{"plain", "", 0x02, "x"}, {"compressed", "permessage-deflate", 0x42, "\xab\x00\x00"}} {
		t.Run(row.name, func(t *testing.T) {
			check := watchHeap(t)
			besieged(t, demands{limits: websocket.Limits{Fragments: -1}, where: serversOverTCP}, func(t *testing.T, s *siege) {
				a := s.connect(row.extensions)
				fragment := a.frame(0x00, "")
				a.keepWriting(a.frame(row.first, ""), fragment, int64(len(fragment))*1_000_000)
				must(t, second(io.WriteString(a, a.frame(0x80, row.last)+a.frame(0x88, "\x03\xe8"))))
				a.wantCode(websocket.CloseNormal)
				e := s.ended(t)
				equal(t, "messages and octets", []any{e.messages, e.octets, e.clean}, []any{1, 1, true})
			})
			check()
		})
	}
}

func second[A any](_ A, err error) error { return err }

// A flood of Pings or Pongs ends with 1008.
func TestAFloodOfPingsOrPongsEndsWith1008(t *testing.T) {
	for name, first := range map[string]byte{"Pings": 0x89, "Pongs": 0x8A} {
		t.Run(name, func(t *testing.T) {
			besieged(t, patient, func(t *testing.T, s *siege) {
				a := s.connect("")
				go a.keepWriting("", a.frame(first, strings.Repeat("p", 125)), 8<<20)
				a.wantCode(websocket.ClosePolicyViolation)
				wantFailed(t, s, websocket.ClosePolicyViolation)
			})
		})
	}
}

// Who pings and reads nothing makes no queue of Pongs, also where control frames are not counted.
func TestAPingerThatDoesNotReadMakesNoQueue(t *testing.T) {
	flood := int64(48 << 20) // of whose Pongs the kernel takes some 4 MiB
	if websocket.PoisonBuffers {
		flood = 2 << 20 // the race detector makes each Ping cost tenfold; memory is judged without it
	}
	d := demands{limits: websocket.Limits{ControlFrames: -1, CloseTimeout: time.Second}, where: atServers}
	besieged(t, d, func(t *testing.T, s *siege) {
		a := s.connect("")
		ping := a.frame(0x89, strings.Repeat("p", 125))
		var e ending
		octets := allocated(func() {
			equal(t, "all was taken", a.keepWriting(a.frame(0x82, "before"), ping, flood) >= flood, true)
			must(t, second(io.WriteString(a, a.frame(0x82, "behind"))))
			a.tcp.CloseWrite()
			e = s.ended(t)
		})
		equal(t, "messages", e.messages, 2) // our end has read it all, and waited for nobody
		equal(t, "code", e.code, websocket.CloseAbnormal)
		if octets > 96<<20 { // what the kernel takes may cost ten times as much; a queue would have cost five floods
			t.Errorf("%d KiB were allocated for Pongs that nobody reads", octets>>10)
		}
	})
}

// After its Close frame a peer may say what it likes: nothing of it counts, and the answer arrives.
func TestWhatComesAfterACloseFrameIsNothing(t *testing.T) {
	for _, row := range []struct {
		name  string
		flood func(a *attacker) string
	}{
		{"Close frames", func(a *attacker) string { return a.frame(0x88, "\x03\xe9") }},
		{"messages", func(a *attacker) string { return a.frame(0x82, "more") }},
		{"garbage", func(*attacker) string { return "\xff\xff\xff\xff" }},
		{"Pings", func(a *attacker) string { return a.frame(0x89, "p") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // each waits for our end to give up a peer that stays
			besieged(t, demands{}, func(t *testing.T, s *siege) {
				a := s.connect("")
				written := inBackground(func() int64 {
					return a.keepWriting(a.frame(0x81, "hello")+a.frame(0x88, "\x03\xe8"), row.flood(a), 512<<10)
				})
				o := a.hear()
				equal(t, "code", o.code, websocket.CloseNormal)
				equal(t, "frames", o.frames, 1)
				<-written
				a.Close()
				e := s.ended(t)
				equal(t, "the end", []any{e.code, e.clean, e.err, e.messages}, []any{websocket.CloseNormal, true, nil, 1})
			})
		})
	}
}

// A message that was accepted before the peer broke a rule is not lost: the Close frame waits for it.
func TestWhatWasSentBeforeAViolationStillArrives(t *testing.T) {
	d := demands{
		where: func(s *siege) bool { return !s.conn },
		setup: func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		},
	}
	besieged(t, d, func(t *testing.T, s *siege) {
		a := s.connect("")
		io.WriteString(a, a.frame(0x81, "hello")+a.frame(0xF2, ""))
		h, payload, err := a.readFrame()
		if err != nil || h.Opcode != frame.Text || string(payload) != "hello" {
			t.Fatalf("a frame %v with %q came first, error %v", h.Opcode, payload, err)
		}
		a.wantCode(websocket.CloseProtocolError)
	})
}
