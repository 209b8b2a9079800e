package websocket

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// TestAHeaderAloneMakesNoRoom: memory is given for what has come, or for as much as came before.
func TestAHeaderAloneMakesNoRoom(t *testing.T) {
	const announced = 1 << 20
	for _, row := range []struct {
		name      string
		before    int // size of the message before
		most      int // room for the next
		atLeast   int
		announced int64
	}{
		{"nothing came before", 0, 128, 0, announced},
		{"a small message came before", 1000, 128, 0, announced},
		{"a message of half the size came before", announced / 2, 128, 0, announced},
		{"a message as large came before", announced, 2 * announced, announced, announced},
		{"a larger message came before", 2 * announced, 2 * announced, announced, announced},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSocket(protocol.Client, newSettings(Limits{MessageSize: -1}, Rates{}, Heartbeat{}, Queue{}), Open)
			s.takeArrival()
			s.receiver.Init(protocol.Client, &s.settings.receive)
			if row.before > 0 {
				s.prove(row.before)
			}
			piece := make([]byte, 100)
			in := frame.Header{Fin: true, Opcode: frame.Binary, Length: row.announced}.Append(nil)
			ev, _ := s.receiver.Next(append(in, piece...))
			s.data(&ev)
			if got := cap(s.assembly.buf.b); got > row.most || got < row.atLeast {
				t.Errorf("room for %d octets, want %d to %d", got, row.atLeast, row.most)
			}
			s.assembly.drop()
		})
	}
}

// While others wait, a turn ends when much has been done, also if nothing came of it.
func TestATurnEndsAfterMuchEffort(t *testing.T) {
	const blocks = 200
	s := newSocket(protocol.Client, newSettings(Limits{}, Rates{}, Heartbeat{}, Queue{}), Open)
	s.takeArrival()
	s.receiver.Init(protocol.Client, &s.settings.receive)
	s.receiver.Inflate(deflate.Params{ServerMaxWindowBits: 15, ServerNoContextTakeover: true})
	for _, content := range []string{"", strings.Repeat("x", 60)} {
		final := "\x01" + string([]byte{byte(len(content)), 0, ^byte(len(content)), 0xff}) + content
		padding := strings.Repeat("\x00\x00\x00\xff\xff", (65-len(final))/5) // there may be one final block for 64 octets
		message := strings.Repeat(padding+final, blocks) + "\x00"
		var got []string
		s.OnMessage(func(_ *Socket, m Message) { got = append(got, m.Text()) })
		h := frame.Header{Fin: true, Rsv: frame.Rsv1, Opcode: frame.Text, Length: int64(len(message))}
		s.in = append(h.Append(nil), message...)
		turns := 0
		for s.bound = portion; s.unread(); turns++ {
			s.made = 0
			for more := true; more; more = s.unread() && !s.sated() {
				s.input()
			}
		}
		if turns < blocks/10 {
			t.Errorf("%d final blocks in %d turns", blocks, turns)
		}
		if want := strings.Repeat(content, blocks); len(got) != 1 || got[0] != want {
			t.Errorf("got %.100q, want %.100q", got, want)
		}
	}
}
