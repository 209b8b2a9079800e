// Package hub gets one message to everybody in a room: on one machine or, through a broker, on many, with the
// same program. It imposes no protocol: what is published is what members are sent, unless a room says
// otherwise.
//
//	h := hub.New(nil)
//	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
//		h.Join(s, "lobby")
//		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
//			h.Publish(s.Context(), "lobby", hub.Message{Type: m.Type(), Data: m.Bytes()}, hub.Except(s))
//		})
//	})
//
// A room needs no making: it is there while somebody is in it. [RoomOptions] say how it is run. There are two
// kinds.
//
// In a plain room a message goes at once to the members of this process, and by the broker, if there are
// other nodes, to those of theirs: at most once, in the order of each publisher. It goes on while the broker
// is out of reach.
//
// A logged room, one with History or Ordered, has a log at the broker. [Hub.Publish] returns when the broker
// has the message, with its position. Members are sent only what the log tells, so that all of them see one
// order, and who comes back with the position of what it had last is sent what it missed, without a gap and
// without a repeat. While the broker is out of reach, publishing is an error that says so, and nothing is
// lost that was taken.
//
// # Members that come back
//
// A client that is to miss nothing has to know the position of what it had last, so such rooms have an Encode
// that puts it into what is sent. When it has connected again, on whatever node, its socket joins From that
// position:
//
//	_, err := h.JoinWith(ctx, s, "orders", hub.JoinOptions{From: &position})
//
// If the broker keeps no message at that position any more, that is [ErrTooOld], and the client has to begin anew.
//
// # Members that are slow
//
// A member that reads more slowly than is published gets a queue in its socket. When that is full,
// [RoomOptions.Slow] says what happens, for the messages of this room only, and [Stats] count it. A client of
// a logged room is best disconnected: it comes back and misses nothing.
//
// # Costs
//
// A message is encoded once and shared by all who are sent it. A plain room of one process takes some 150
// octets, and each membership in addition what its [websocket.Group] needs, some 10 to 60 octets. Joining and
// leaving do not depend on how many rooms or members there are, and rooms do not wait for each other.
//
// # Files
//
//   - hub.go: the Hub, its making and closing; options.go, errors.go, message.go, stats.go: what it is told, returns and counts
//   - table.go, room.go: rooms, found by name, made and dropped
//   - join.go, leave.go: memberships; catchup.go: those that begin with what was before
//   - publish.go, encode.go, deliver.go, except.go, slow.go: a message's way from the caller, and to the members' queues
//   - live.go: what a room has that a broker tells of; tail.go, fill.go: the end of its log in memory
//   - presence.go: who is there; history.go: questions about the log; subscribe.go: what is published, for the program itself
//   - broker.go: what a Broker is; memory.go and its like: the one in memory
//
// Package hub/nats has a Broker for many machines, and package hub/brokertest the tests that each has to pass.
package hub
