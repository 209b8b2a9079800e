package hub

import "github.com/everwire/everwire/websocket"

// slow returns the policy for messages of a room.
func (s *settings) slow() websocket.Policy {
	slow := s.Slow
	if slow == DefaultSlow {
		slow = DropOldest
		if s.History.Messages > 0 {
			slow = DisconnectSlow
		}
	}
	switch slow {
	case DropNewest:
		return websocket.RefuseNewest
	case DisconnectSlow:
		return websocket.CloseSlow
	case ConflateByKey:
		return websocket.Conflate
	}
	return websocket.DropOldest
}
