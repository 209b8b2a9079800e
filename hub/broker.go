package hub

import (
	"context"
	"time"
)

// A Broker joins Hubs with each other, and keeps what rooms with history keep. [NewMemory] makes one that
// joins those of one process; package hub/nats has one on NATS JetStream. All methods are safe for concurrent
// use.
//
// A room is plain or logged. In a plain one messages go to whoever follows it at the moment, at most once. A logged
// one has a log: what was appended has a position, and those who follow get all of it, in the order of the log.
type Broker interface {
	// Publish gives a message to a room. In a logged one it appends it, waits until it is kept as safely as
	// the broker promises, and returns its position; the result is the same if a message with this ID was
	// appended not long ago, which then is not appended again. After an error the message may have been
	// appended or not: who publishes it again with its ID has it appended once. In a plain one it does not
	// wait, and the position is zero.
	Publish(ctx context.Context, r Room, m *Message) (Position, error)

	// Follow has f told of the messages of a room from now on, until the Feed is stopped. For a logged one it
	// returns the last position that the room's log had at the beginning; what f is told of is all that is
	// appended after that, once and in order. For a plain one the position is zero, and f is told of each
	// publisher's messages in their order.
	Follow(ctx context.Context, r Room, f Follower) (Feed, Position, error)

	// Read returns messages of a logged room that were appended after a position, oldest first: those that
	// are kept, as many as one answer holds, at least one if there is any. The zero Position is before all
	// that is kept. It returns [ErrTooOld] if the message at that position is kept no more, or the epoch is
	// not the log's.
	Read(ctx context.Context, r Room, after Position) ([]*Message, error)

	// Listen calls f with the messages of all rooms that a pattern matches, from now on, at most once, until
	// stop is called.
	Listen(pattern string, f func(*Message)) (stop func(), err error)

	// Enter adds a member to a room's presence, or changes its value; Exit removes it. Members are of a node, and
	// go with it when it is closed, or has died.
	Enter(ctx context.Context, room string, m Member) error
	Exit(ctx context.Context, room, id string) error

	// Present returns who is in a room, on all nodes.
	Present(ctx context.Context, room string) ([]Member, error)

	// Watch calls f with changes of a room's presence from now on, until stop is called.
	Watch(room string, f func(PresenceEvent)) (stop func(), err error)

	// Err returns why the broker is out of reach at the moment, or nil.
	Err() error

	// Close ends all feeds, takes this node's members out of presence, and gives back what the broker has.
	Close(ctx context.Context) error
}

// A Room is what a Broker knows of one.
type Room struct {
	Name    string
	Logged  bool // with History, or Ordered
	History History
}

// History is what a room keeps of its messages: the last so many, and none that is older than Age. Zero
// Messages is no history; zero Age is no bound.
type History struct {
	Messages int
	Age      time.Duration
}

// A Follower is told what is published in a room, on a goroutine of the broker, one call at a time: it must
// be quick.
type Follower interface {
	// Message is a message. It must not be changed, and may be kept.
	Message(m *Message)

	// Lost says that messages between were published and can not be had any more, because they were dropped
	// from the log while the broker was out of reach; what follows comes after p.
	Lost(p Position)
}

// A Feed is what [Broker.Follow] has begun.
type Feed interface {
	// Stop ends it. The Follower may be in a call meanwhile, and is not called after that one.
	Stop()
}
