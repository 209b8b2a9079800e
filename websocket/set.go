package websocket

import (
	"iter"
	"slices"
)

// set is a set that costs little while it is small, as nearly all are: a slice up to a few members,
// and an index beside it beyond that. The order changes when a member leaves. The zero value is empty.
type set[T comparable] struct {
	members []T
	index   map[T]int // nil while there are few
}

// setScan is how many members are found faster by looking than by hashing.
const setScan = 16

func (s *set[T]) find(x T) int {
	if s.index != nil {
		if i, ok := s.index[x]; ok {
			return i
		}
		return -1
	}
	for i, m := range s.members {
		if m == x {
			return i
		}
	}
	return -1
}

// add reports whether x was not there before.
func (s *set[T]) add(x T) bool {
	if s.find(x) >= 0 {
		return false
	}
	s.members = append(s.members, x)
	switch n := len(s.members); {
	case s.index != nil:
		s.index[x] = n - 1
	case n > setScan:
		s.index = make(map[T]int, 2*n)
		for i, m := range s.members {
			s.index[m] = i
		}
	}
	return true
}

// remove reports whether x was there.
func (s *set[T]) remove(x T) bool {
	i := s.find(x)
	if i < 0 {
		return false
	}
	last := len(s.members) - 1
	moved := s.members[last]
	s.members[i] = moved
	var zero T
	s.members[last] = zero
	s.members = s.members[:last]
	if s.index != nil {
		s.index[moved] = i
		delete(s.index, x)
	}
	switch {
	case last == 0:
		*s = set[T]{}
	case s.index != nil && last <= setScan/2: // small again: what it was grown to is given back
		*s = set[T]{members: slices.Clone(s.members)}
	}
	return true
}

func (s *set[T]) len() int { return len(s.members) }

func (s *set[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, m := range s.members {
			if !yield(m) {
				return
			}
		}
	}
}
