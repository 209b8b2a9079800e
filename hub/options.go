package hub

import (
	"log/slog"

	"github.com/everwire/everwire/websocket"
)

// Options are for a [Hub]. The zero value, and nil, is a Hub of one process with plain rooms.
type Options struct {
	// Broker joins this Hub with those of other processes. It is closed with the Hub, so that each Hub needs
	// one of its own; see [Memory.Node]. Default: a [Memory] that no other Hub has.
	Broker Broker

	// Room says how a room is run. It is asked when a room begins to be used in this process, and again when
	// it is used after nobody was in it; all processes must give the same answer. It runs on the goroutine of
	// who uses the room, and must not call the Hub. Default: the zero RoomOptions for all.
	Room func(name string) RoomOptions

	// Node names this Hub among those of its broker, and must be the name of no other of them: in a plain room
	// messages of its name are taken for its own, which members have had already. Default: random.
	Node string

	// Tail is how many octets of history all rooms together may keep in this process, beside what the broker
	// keeps, so that members who come back do not have to ask the broker. Default 64 MiB; negative: none.
	Tail int64

	// Log is told what goes wrong with no caller to tell. Default: slog.Default().
	Log *slog.Logger
}

// RoomOptions say how a room is run. The zero value is a plain room: what is published is passed on at once,
// to whoever is there, at most once, and messages of different publishers may reach members in different
// orders.
type RoomOptions struct {
	// History has the room keep its last messages. Each has a position then, members all see the same order,
	// and who comes back with a position gets what it missed. Default: none.
	History History

	// Ordered has members on all nodes see messages in the same order, without a history that could be asked
	// for. Rooms with history have that anyway.
	Ordered bool

	// Presence has the broker know who is in the room, on all nodes. See [Hub.Present]. Default: only each
	// Hub knows of its own members.
	Presence bool

	// Encode makes of a message what members are sent, such as JSON with the message's position. It is called
	// once for each message in each process, however many are sent it, and again where it is read from the
	// broker for who comes back. It is called on different goroutines, with the room locked, so that it must
	// be quick and must not call the Hub; nor may it change the message. For a Text message it must return
	// UTF-8. If it does not, or panics, that is logged, and members are not sent the message. Default: Data,
	// as it is.
	Encode func(m *Message) []byte

	// Slow says what happens with a message for a member whose queue is full. Default [DisconnectSlow] in a
	// room with history, where a client can come back and miss nothing; else [DropOldest].
	Slow Slow

	// Key names what a message is about, for [ConflateByKey]. What holds for Encode holds for it. An empty
	// key conflates nothing.
	Key func(m *Message) string

	// Members is how many sockets of one process may be in the room; one more is [ErrRoomFull]. Default: no limit.
	Members int
}

// Slow says what happens with a message for a member who reads too slowly, so that its socket's
// [websocket.Queue] is full. What happens is counted in [Stats].
type Slow uint8

const (
	// DefaultSlow is DisconnectSlow in a room with history, else DropOldest.
	DefaultSlow Slow = iota

	// DropOldest drops messages of this room that wait, oldest first.
	DropOldest

	// DropNewest drops the new message.
	DropNewest

	// DisconnectSlow closes the socket with code 1013, try again later.
	DisconnectSlow

	// ConflateByKey has the new message take the place of those of this room with the same key that wait,
	// also when the queue is not full; if none does and the queue is full, the new one is dropped.
	ConflateByKey
)

// JoinOptions are for [Hub.JoinWith].
type JoinOptions struct {
	// From has the socket be sent what was published after a position, and then what is published from now
	// on, without a gap and without a repeat. It is honoured only while the message at that position is still
	// kept; else JoinWith returns ErrTooOld, and the socket has not joined. (So it is, and the socket may have
	// been sent some, if the next ones are dropped from the log before it has taken them.) The zero Position
	// is before all that is kept. In a room without a history it is [ErrNoHistory]. Default: only what is
	// published from now on.
	From *Position

	// Recent has the socket be sent so many of the last messages that are kept. From goes before it. Default: none.
	Recent int

	// ID names the member in presence, and Value is what it shows of itself. ID's default is random.
	ID    string
	Value []byte

	// Joined is called right before the socket is sent the first message of the room, or becomes a member
	// without one, on the goroutine that calls JoinWith: to send it a word about the room first. It must not
	// call the Hub, and is not called for who is a member already. Default: nothing.
	Joined func(s *websocket.Socket, j Joined)
}

// Joined is what [Hub.JoinWith] has done.
type Joined struct {
	Position Position // of the last message before what the socket is sent; zero in a room without a log
	Missed   int      // how many messages of before it is sent, as From and Recent ask
	ID       string   // the member's in presence
}

// A Member is one of a room's presence.
type Member struct {
	ID    string `json:"id"`
	Node  string `json:"node"`
	Value []byte `json:"value,omitempty"`
}

// A PresenceEvent is a change of a room's presence.
type PresenceEvent struct {
	Room   string
	Member Member
	Left   bool // else it has joined, or its value has changed
}
