package websocket

import (
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

// What a socket gives back has nothing of its last turn: the next one may have no turns.
func TestAnArrivalIsGivenBackBlank(t *testing.T) {
	s := newSocket(protocol.Server, &settings{}, Open)
	s.takeArrival()
	a := s.arrival
	s.made, s.bound = 10, 10
	if !s.sated() {
		t.Error("it is not sated")
	}
	s.restArrival()
	if s.arrival != &noArrival || a.made != 0 || a.bound != 0 {
		t.Errorf("it has %d of %d octets", a.made, a.bound)
	}
}
