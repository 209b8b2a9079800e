package websocket

// A Key names a value of type T that a program attaches to its sockets: who the user is, what room
// they are in. Make one with [NewKey], usually in a package-level variable:
//
//	var user = websocket.NewKey[*User]()
//
//	user.Set(s, u)
//	u, ok := user.Get(s)
type Key[T any] struct {
	_ byte // so that each Key has an address of its own
}

// NewKey returns a new Key, different from all others.
func NewKey[T any]() *Key[T] { return new(Key[T]) }

// value is what a Socket keeps for a Key, in a list: there are few, so they are searched one by one.
type value struct {
	next *value
	key  any
	v    any
}

// Set attaches v to s, in place of what was attached with this Key before. It is safe for concurrent
// use.
func (k *Key[T]) Set(s *Socket, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for x := s.values; x != nil; x = x.next {
		if x.key == k {
			x.v = v
			return
		}
	}
	s.more().values = &value{s.values, k, v}
}

// Get returns what was attached to s, and whether anything was. It is safe for concurrent use.
func (k *Key[T]) Get(s *Socket) (v T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for x := s.values; x != nil; x = x.next {
		if x.key == k {
			v, _ = x.v.(T) // fails only for the nil of an interface type
			return v, true
		}
	}
	return v, false
}
