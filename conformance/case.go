package conformance

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Peer is what is tested.
type Peer uint8

const (
	Server Peer = 1 << iota // the suite connects to it
	Client                  // it connects to the suite
)

// A Case is one question that the suite asks a peer.
type Case struct {
	// ID is its number, such as 7.9.3: the family, and within that. Families 1 to 13 are the classic suite's.
	ID string

	// Name says in a line what it is about. Does says what the suite does, Expects what a peer must do in
	// return.
	Name, Does, Expects string

	// Section is where the rule stands, such as "RFC 6455 §5.5.2".
	Section string

	// Tags name the rules that it tests.
	Tags []Tag

	// Peers are the kinds of peer that it can be asked of.
	Peers Peer

	// Alone says that it measures time or moves much data, and runs when no other does.
	Alone bool

	// Timeout is how long it may take at most; zero means the suite's.
	Timeout time.Duration

	run func(s *session)
}

// registered are all cases; the files of the families add theirs.
var registered []*Case

func register(cases ...*Case) { registered = append(registered, cases...) }

// Cases returns all cases for a kind of peer, or for several, in the order of their numbers.
func Cases(peers Peer) []*Case {
	var found []*Case
	for _, c := range registered {
		if c.Peers&peers != 0 {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b *Case) int { return compareIDs(a.ID, b.ID) })
	return found
}

// Has reports whether the case tests a rule.
func (c *Case) Has(t Tag) bool { return slices.Contains(c.Tags, t) }

// Family returns the first part of the number.
func (c *Case) Family() int {
	first, _, _ := strings.Cut(c.ID, ".")
	n, _ := strconv.Atoi(first)
	return n
}

// compareIDs compares numbers by their parts: 1.2 comes before 1.10.
func compareIDs(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return slices.CompareFunc(x, y, func(p, q string) int {
		m, _ := strconv.Atoi(p)
		n, _ := strconv.Atoi(q)
		return cmp.Compare(m, n)
	})
}
