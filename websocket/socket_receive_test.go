package websocket

import (
	"testing"

	"github.com/everwire/everwire/internal/protocol"
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
