package hub

import "errors"

// What the methods of a [Hub] return. Those of the context, if it ends first, come as they are.
var (
	// ErrTooOld is for a position at which nothing is kept any more, or that is of another epoch: what
	// came after it cannot be told without a gap.
	ErrTooOld = errors.New("hub: the position is too old: messages after it are not kept any more")

	// ErrUnavailable is for a broker that is out of reach, or has no majority. Errors that wrap it say more.
	// What was to be published may have been taken or not: publish it again with the same ID.
	ErrUnavailable = errors.New("hub: the broker is not available")

	// ErrNoHistory is for a question about the log of a room that has none.
	ErrNoHistory = errors.New("hub: the room keeps no history")

	// ErrNoPresence is for a question about the presence of a room that has none.
	ErrNoPresence = errors.New("hub: the room has no presence")

	// ErrRoomFull is for one more member than [RoomOptions.Members].
	ErrRoomFull = errors.New("hub: the room is full")

	// ErrRoomName is for a room's name or a pattern that is empty, is longer than 200 octets or is not UTF-8.
	ErrRoomName = errors.New("hub: a room's name is 1 to 200 octets of UTF-8")

	// ErrClosed is for a Hub that was closed, or a Socket that is not open.
	ErrClosed = errors.New("hub: closed")
)
