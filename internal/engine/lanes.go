//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import "time"

// A heavyLane is what a loop has to do for connections that cost much: it does so in portions, and before each it sees to all
// others. So who costs little does not wait for who costs much, however many these are.
//
// A connection that was accepted begins in the heavy lane, because thousands may come at once, and leaves it when a spell
// has passed in which it cost little. It comes back when it costs much. What it costs is counted in octets.
//
// Where other goroutines keep the processors busy, a loop waits 10 ms or more for each of its turns. There a portion is a whole
// turn: with 50 µs of work for each such wait, who costs much would get nowhere.
//
// The poller has a set for each lane: what is ready in the light one never stands in a queue behind the other. Where a
// poller has one set only, that is the light lane, and nothing is in the heavy one.
type heavyLane struct {
	ready     bool // the poller has said that something is
	events    [heavyAtOnce]event
	next, n   int     // as the loop's
	attending []*Conn // posted for later, from at on not yet attended to
	at        int

	company bool          // somebody of the light lane had something to do since the last portion
	metAt   time.Duration // when that was seen last
	hurry   bool          // the last portion was a short one
}

// What the poller reports besides connections' ids. Slot 0 is the loop's own.
const (
	wakeID  uint64 = 0
	heavyID uint64 = 1 << 32
)

const (
	spellBits = 26      // a spell has 2^26 ns, 67 ms
	costUnit  = 1 << 10 // octets
	heavyCost = 100     // units in a spell are much
	lightCost = 32      // fewer are little

	heavyAtOnce = 32
	portionTime = 50 * time.Microsecond
	portionRoom = 2 << 10                // octets that a connection may read of them into the worker's buffer
	companyTime = 100 * time.Millisecond // after it nobody is taken to be there who should not wait
)

// meets notes that a connection has something to do, if it is one of the light lane.
func (h *heavyLane) meets(c *Conn) {
	if c.cost&inHeavy == 0 {
		h.company = true
	}
}

// waits reports whether there is something to do.
func (h *heavyLane) waits() bool { return h.ready || h.next < h.n || h.at < len(h.attending) }

// handleHeavy does a portion of what there is to do in the heavy lane; all of it if the light lane is not in use.
func (w *Worker) handleHeavy() bool {
	l := w.loop
	h := &l.heavy
	if !h.waits() {
		h.hurry = false
		return true
	}
	if h.next == h.n && h.ready {
		h.next, h.n, h.ready = 0, l.poller.pollHeavy(h.events[:]), false
	}
	began := l.clock()
	if h.company {
		h.company, h.metAt = false, began
	}
	met := h.metAt != 0 && began-h.metAt < companyTime
	h.hurry = met && !l.pressed
	if h.hurry {
		w.room = portionRoom
	}
	for h.at < len(h.attending) || h.next < h.n {
		if !w.handleOneHeavy() {
			return false
		}
		if met {
			if now := l.clock(); h.hurry && now-began > portionTime || l.lasts(now) {
				break
			}
		}
		w.breathe()
	}
	w.room = bufferSize
	return true
}

// handleOneHeavy handles an event of the heavy lane, and attends to one connection.
func (w *Worker) handleOneHeavy() bool {
	l := w.loop
	h := &l.heavy
	if h.at < len(h.attending) {
		c := h.attending[h.at]
		h.attending[h.at] = nil
		h.at++
		if !w.attendTo(c, deferred) {
			return false
		}
	}
	if h.next < h.n {
		ev := &h.events[h.next]
		h.next++
		if c := l.slots.find(ev.id()); c != nil {
			return w.handle(c, ev.readable(), ev.writable())
		}
	}
	return true
}

// cost is what the visits of a connection cost in a spell, in units of costUnit, and the lane as the worker knows it.
type cost uint8

const (
	inHeavy  cost = 1 << 7
	mostCost      = inHeavy - 1
)

// place puts a connection that is not yet watched into a lane.
func (c *Conn) place(lane interest) {
	if lane&heavy != 0 {
		c.interest |= heavy
		c.cost = inHeavy
		c.spell = spellAt(time.Since(epoch))
	}
}

// spellAt returns the spell at a time; they come round after 17 s.
func spellAt(t time.Duration) uint8 { return uint8(t >> spellBits) }

// weigh has a connection change lanes by what its visits cost. Full says that there was more to read.
func (w *Worker) weigh(c *Conn, octets int, full bool) {
	lane, sum := c.cost&inHeavy, int(c.cost&mostCost)
	want := lane
	if spell := spellAt(w.Now()); spell != c.spell {
		if sum < lightCost {
			want = 0
		}
		c.spell, sum = spell, 0
	}
	sum += octets / costUnit
	if full {
		sum = heavyCost
	}
	if sum >= heavyCost {
		want = inHeavy
	}
	if want != lane {
		lane = c.change()
	}
	c.cost = lane | cost(min(sum, int(mostCost)))
}

// change has the connection change to the other lane, and returns the one it is in then. If the system lacks memory for that it
// stays.
func (c *Conn) change() cost {
	c.handler.Lock()
	defer c.handler.Unlock()
	lane := c.cost & inHeavy
	if c.fd < 0 {
		return lane
	}
	before, after := c.interest, c.interest^heavy
	if before&watched != 0 {
		p := &c.loop.poller
		if p.control(int(c.fd), c.id(), after&heavy, after) != nil {
			return lane
		}
		p.control(int(c.fd), c.id(), before, before&heavy)
	}
	c.interest = after
	return lane ^ inHeavy
}
