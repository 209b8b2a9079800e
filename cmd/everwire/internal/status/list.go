package status

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Orders are what a Listing can be sorted by.
var Orders = []string{"id", "address", "path", "agent", "since", "received", "sent", "queued", "rtt"}

// rank is where a connection stands in an order: by its number, or by its text where that is the order.
type rank struct {
	conn   *connection
	number int64
	text   string
}

var ranks = map[string]func(c *connection) rank{
	"id":       func(c *connection) rank { return rank{conn: c} },
	"address":  func(c *connection) rank { return rank{conn: c, text: c.address} },
	"path":     func(c *connection) rank { return rank{conn: c, text: c.path} },
	"agent":    func(c *connection) rank { return rank{conn: c, text: c.agent} },
	"since":    func(c *connection) rank { return rank{conn: c, number: c.since.UnixNano()} },
	"received": func(c *connection) rank { return rank{conn: c, number: int64(c.received.messages.Load())} },
	"sent":     func(c *connection) rank { return rank{conn: c, number: int64(c.sent.messages.Load())} },
	"queued":   func(c *connection) rank { return rank{conn: c, number: c.peer.BufferedAmount()} },
	"rtt":      func(c *connection) rank { return rank{conn: c, number: int64(c.peer.RTT())} },
}

// list returns those connections that the command picks, in its order. Those of which nothing tells which is first
// are in the order in which they came. How a connection is now is asked only of those that are returned.
func (c *Collector) list(command Command) *Listing {
	all := c.connections()
	words := strings.Fields(strings.ToLower(command.Search))
	order, reverse := strings.CutPrefix(command.Sort, "-")
	rankOf := ranks[order]
	var found []rank
	for _, conn := range all {
		if conn.matches(words) {
			found = append(found, rankOf(conn))
		}
	}
	slices.SortFunc(found, func(a, b rank) int {
		if reverse {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text), cmp.Compare(a.conn.id, b.conn.id))
	})
	l := &Listing{Total: len(all), Found: len(found), Offset: command.Offset, Sockets: []Socket{}}
	if l.Offset >= len(found) { // the page that was last, when it was asked for, may be gone
		l.Offset = max(len(found)-1, 0) / command.Limit * command.Limit
	}
	for _, r := range found[l.Offset:min(l.Offset+command.Limit, len(found))] {
		l.Sockets = append(l.Sockets, r.conn.describe())
	}
	return l
}

// matches reports whether each of the words, in lower case, is somewhere in what is said of a connection.
func (c *connection) matches(words []string) bool {
	for _, word := range words {
		if !strings.Contains(c.searched, word) && !strings.HasPrefix(strconv.FormatInt(c.id, 10), word) {
			return false
		}
	}
	return true
}
