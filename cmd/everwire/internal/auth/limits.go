package auth

import (
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what users, connections and rooms take of this process. Zero is no limit, in each field. Each
// process counts for itself: two have twice as much to give.
type Limits struct {
	ConnectionsPerUser int // at once
	RoomsPerConnection int // joined at once
	MembersPerRoom     int // connections that have joined it

	// PublishesPerSecond is how many messages a user may publish, on all connections together; Burst is how
	// many of them at once, after a rest. Burst's default is a second's worth, at least 1.
	PublishesPerSecond float64
	Burst              int

	// OctetsPerSecond is how many octets of messages a user may publish; OctetsBurst is how many of them at
	// once. A message larger than OctetsBurst is always refused. OctetsBurst's default is a second's worth,
	// at least 64 KiB.
	OctetsPerSecond int
	OctetsBurst     int

	// RoomPublishesPerSecond is how many messages all users together may publish to one room; RoomBurst is
	// how many of them at once. RoomBurst's default is a second's worth, at least 1.
	RoomPublishesPerSecond float64
	RoomBurst              int
}

// A LimitError is what a [Seat] refuses with.
type LimitError struct {
	Limit string  // such as "connections of one user"
	Most  float64 // what is allowed: so many, or so many in a second

	// After is how long it takes until there is room again; 0 when that depends on others, or never happens.
	After time.Duration

	// Never says that the same again is refused forever: a message larger than may be published in a burst.
	Never bool
}

func (e *LimitError) Error() string {
	return "too many " + e.Limit + ": at most " + strconv.FormatFloat(e.Most, 'f', -1, 64)
}

// A Counter keeps Limits. Its methods and those of its Seats take a constant time, but for [Seat.Leave], which
// takes one for each room, and are safe for concurrent use. A nil *Counter has no limits.
type Counter struct {
	limits Limits

	mu    sync.Mutex
	users *ledger
	rooms *ledger
}

// NewCounter returns a Counter of limits; nil if there are none.
func NewCounter(l Limits) *Counter {
	if l == (Limits{}) {
		return nil
	}
	if l.Burst <= 0 {
		l.Burst = max(1, int(l.PublishesPerSecond))
	}
	if l.RoomBurst <= 0 {
		l.RoomBurst = max(1, int(l.RoomPublishesPerSecond))
	}
	if l.OctetsBurst <= 0 {
		l.OctetsBurst = max(64<<10, l.OctetsPerSecond)
	}
	return &Counter{
		limits: l,
		users: newLedger(
			bucket{l.PublishesPerSecond, l.Burst},
			bucket{float64(l.OctetsPerSecond), l.OctetsBurst}),
		rooms: newLedger(bucket{l.RoomPublishesPerSecond, l.RoomBurst}, bucket{}),
	}
}

// A Seat is one connection as a [Counter] sees it. A nil *Seat has no limits.
type Seat struct {
	counter *Counter
	name    string // the user's
	user    *account

	mu    sync.Mutex
	rooms map[string]*account // those that were joined
	gone  bool
}

// Enter counts a connection of a user in, or refuses it with a [*LimitError]. [Seat.Leave] must be called
// when it ends. Connections of the user "" count as one user each, because nobody knows who they are.
func (c *Counter) Enter(user string) (*Seat, error) {
	if c == nil {
		return nil, nil
	}
	s := &Seat{counter: c, name: user, rooms: map[string]*account{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if user == "" {
		s.user = c.users.stranger()
		return s, nil
	}
	a := c.users.get(user)
	if most := c.limits.ConnectionsPerUser; most > 0 && a.holds >= most {
		return nil, &LimitError{Limit: "connections of one user", Most: float64(most)}
	}
	c.users.hold(a)
	s.user = a
	return s, nil
}

// Join counts the connection into a room, or refuses with a [*LimitError]. A room that it is in already, and
// a seat that was left, change nothing.
func (s *Seat) Join(room string) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.rooms[room] != nil {
		return nil
	}
	l := &s.counter.limits
	if l.RoomsPerConnection > 0 && len(s.rooms) >= l.RoomsPerConnection {
		return &LimitError{Limit: "rooms on one connection", Most: float64(l.RoomsPerConnection)}
	}
	c := s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.rooms.get(room)
	if l.MembersPerRoom > 0 && a.holds >= l.MembersPerRoom {
		return &LimitError{Limit: "members of the room", Most: float64(l.MembersPerRoom)}
	}
	c.rooms.hold(a)
	s.rooms[room] = a
	return nil
}

// Part counts the connection out of a room. One that it is not in changes nothing.
func (s *Seat) Part(room string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.rooms[room]; a != nil {
		delete(s.rooms, room)
		s.counter.mu.Lock()
		defer s.counter.mu.Unlock()
		s.counter.rooms.release(room, a)
	}
}

// Publish counts a message of so many octets to a room, or refuses it with a [*LimitError]. The room need not
// have been joined. A refused message counts too, for those limits that had room for it, so that who tries
// again and again gets no further.
func (s *Seat) Publish(room string, octets int) error {
	if s == nil {
		return nil
	}
	c, l, now := s.counter, &s.counter.limits, time.Now()
	if err := take(s.user.first, now, 1, "messages of one user in a second", l.PublishesPerSecond); err != nil {
		return err
	}
	if err := take(s.user.second, now, octets, "octets of one user in a second", float64(l.OctetsPerSecond)); err != nil {
		return err
	}
	if l.RoomPublishesPerSecond <= 0 {
		return nil
	}
	return take(c.roomBucket(s, room), now, 1, "messages to the room in a second", l.RoomPublishesPerSecond)
}

// roomBucket returns what is left of a room's messages; with the Counter's lock only for one who has not
// joined it.
func (c *Counter) roomBucket(s *Seat, room string) *rate.Limiter {
	s.mu.Lock()
	a := s.rooms[room]
	s.mu.Unlock()
	if a == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		a = c.rooms.get(room)
	}
	return a.first
}

// Leave counts the connection out, and out of all rooms that it is in. Again changes nothing.
func (s *Seat) Leave() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return
	}
	s.gone = true
	c := s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	for room, a := range s.rooms {
		c.rooms.release(room, a)
	}
	s.rooms = nil
	if s.name != "" {
		c.users.release(s.name, s.user)
	}
}

// take takes n from a bucket, or nothing. A nil one has enough.
func take(b *rate.Limiter, now time.Time, n int, limit string, most float64) error {
	switch {
	case b == nil || b.AllowN(now, n):
		return nil
	case n > b.Burst():
		return &LimitError{Limit: "octets in one message", Most: float64(b.Burst()), Never: true}
	}
	missing := float64(n) - b.TokensAt(now)
	return &LimitError{Limit: limit, Most: most, After: time.Duration(missing / float64(b.Limit()) * float64(time.Second))}
}
