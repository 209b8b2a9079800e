package websocket

import (
	"log/slog"
	"runtime/debug"
	"slices"
)

// memberships are the Groups that a socket is in, besides the first one, which the Socket has room for.
type memberships struct {
	list []membership
	at   map[*Group]int // where in list; nil while they are few
}

// A membership is a Group and where among its members the socket is. The Group's mutex guards the index from being wrong,
// the socket's the memory it is in.
type membership struct {
	group *Group
	index int
}

// membershipScan is how many memberships are found faster by looking than by hashing.
const membershipScan = 16

// find returns where in the list a Group is, or -1. M may be nil.
func (m *memberships) find(g *Group) int {
	if m == nil {
		return -1
	}
	if m.at != nil {
		if i, ok := m.at[g]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(m.list, func(x membership) bool { return x.group == g })
}

func (m *memberships) add(x membership) {
	m.list = append(m.list, x)
	switch n := len(m.list); {
	case m.at != nil:
		m.at[x.group] = n - 1
	case n > membershipScan:
		m.at = make(map[*Group]int, 2*n)
		for i := range m.list {
			m.at[m.list[i].group] = i
		}
	}
}

// remove removes the one at i, and gives back what was grown to if there are few again.
func (m *memberships) remove(i int) {
	last := len(m.list) - 1
	if m.at != nil {
		delete(m.at, m.list[i].group)
		if i != last {
			m.at[m.list[last].group] = i
		}
	}
	m.list[i] = m.list[last]
	m.list[last] = membership{}
	m.list = m.list[:last]
	if m.at != nil && last <= membershipScan/2 {
		m.list, m.at = slices.Clone(m.list), nil
	}
}

// placeIn returns where among a Group's members the socket is, or -1. Call with mu held.
func (s *Socket) placeIn(g *Group) int {
	if s.group == g {
		return int(s.groupIndex)
	}
	if i := s.groups.find(g); i >= 0 {
		return s.groups.list[i].index
	}
	return -1
}

// setPlace notes that the socket was moved among a Group's members. Call with both mutexes held.
func (s *Socket) setPlace(g *Group, index int) {
	if s.group == g {
		s.groupIndex = uint32(index)
		return
	}
	s.groups.list[s.groups.find(g)].index = index
}

// joined notes a new membership. Call with both mutexes held.
func (s *Socket) joined(g *Group, index int) {
	if s.group == nil {
		s.group, s.groupIndex = g, uint32(index)
		return
	}
	x := s.more()
	if x.groups == nil {
		x.groups = &memberships{}
	}
	x.groups.add(membership{g, index})
}

// left notes that a membership has ended. Call with both mutexes held.
func (s *Socket) left(g *Group) {
	if s.group == g {
		s.group = nil
		return
	}
	m := s.groups
	m.remove(m.find(g))
	if len(m.list) == 0 {
		s.extra.groups = nil
		s.restExtra()
	}
}

// leaveGroups ends the memberships of a socket that has ended, and so gets no new ones.
func (s *Socket) leaveGroups() {
	for {
		s.mu.Lock()
		g := s.group
		if g == nil && s.groups != nil {
			g = s.groups.list[len(s.groups.list)-1].group
		}
		s.mu.Unlock()
		if g == nil {
			return
		}
		if g.Remove(s) && g.Left != nil {
			s.tellLeft(g)
		}
	}
}

// tellLeft tells a Group's owner that a member has gone.
func (s *Socket) tellLeft(g *Group) {
	defer func() {
		if v := recover(); v != nil {
			slog.Error("websocket: panic in Group.Left", "value", v, "stack", string(debug.Stack()))
		}
	}()
	g.Left(s)
}
