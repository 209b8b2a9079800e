package load

// lateness is how much of the rhythm of new connections is made up for by who comes late, in nanoseconds.
const lateness = int64(50e6)

// A loss is a connection that failed, and when it is replaced.
type loss struct {
	i  int
	at int64
}

// changes are what a driver, or a loop of one, knows of the connections that come and go. Connections are numbered from
// 0, and those before upTo are wanted.
type changes struct {
	period int64 // from one new connection to the next one; 0: there is no rate
	reopen int64 // from a failure to the new connection; 0: there is none
	upTo   int
	lost   []loss
	dialAt int64 // when the next one may be started, with a period
}

// A changer makes the changes.
type changer interface {
	dismiss(i int)      // lets a connection go when what is on the way was answered
	resume(i int) bool  // opens one; false: it must wait
	replace(i int) bool // opens one in the place of one that failed, if that is still so; false: it must wait
}

// newChanges are those of one among some that do the same.
func newChanges(p *Plan, among int) changes {
	c := changes{reopen: int64(p.Reopen)}
	if p.ConnectRate > 0 {
		c.period = int64(1e9 / p.ConnectRate * float64(among))
	}
	return c
}

// restart lets the first connection start when it is due, by an index among those that do the same.
func (c *changes) restart(now int64, index, among int) {
	c.dialAt = now + c.period*int64(index)/int64(among)
}

// may says whether a connection may be started, which it then must be.
func (c *changes) may(now int64) bool {
	if c.period == 0 {
		return true
	}
	if now < c.dialAt {
		return false
	}
	c.dialAt = max(c.dialAt, now-lateness) + c.period
	return true
}

// miss takes note of a failure, to be made good at a time.
func (c *changes) miss(i int, at int64) {
	if c.reopen > 0 {
		c.lost = append(c.lost, loss{i, at})
	}
}

// follow makes the connections as many as are wanted, and replaces those that failed.
func (c *changes) follow(now int64, want int, who changer) {
	for c.upTo > want {
		c.upTo--
		who.dismiss(c.upTo)
	}
	for c.upTo < want && who.resume(c.upTo) {
		c.upTo++
	}
	for len(c.lost) > 0 && c.lost[0].at <= now && who.replace(c.lost[0].i) {
		c.lost = c.lost[1:]
	}
}

// nextChange is when follow has something to do, with want connections wanted then.
func (c *changes) nextChange(now int64, m *measure, want int) int64 {
	next := now + lookEvery
	if offset := m.offset(now); offset >= 0 {
		next = min(next, m.measured+int64(m.profile.next(offset)))
	}
	if len(c.lost) > 0 {
		next = min(next, c.lost[0].at)
	}
	if c.period > 0 && c.upTo < want {
		next = min(next, c.dialAt)
	}
	return max(next, now+int64(shortestInterval)) // what it waits for may be something else
}
