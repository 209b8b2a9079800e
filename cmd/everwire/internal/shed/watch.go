package shed

import "time"

// Limits are what a server may come to before it takes nobody in any more. Zero is no limit.
type Limits struct {
	// Connections is how many WebSockets there may be at once.
	Connections int

	// Memory is how many octets the program may have in use: what it has from the system, but for what it keeps only to use it again.
	Memory int64

	// Lag is how late things may happen: a timer, for half a second without a pause; or the look of an event loop for what has arrived
	// (websocket.LoopStats), for 12 s, since that is the longest of ten seconds, in which one pause shows all the time.
	Lag time.Duration
}

// A Cause is why nobody is taken in.
type Cause int

// The causes, in the order in which one of several is named.
const (
	Leaving     Cause = iota // the server is told to stop
	Connections              // there are as many as may be
	Memory
	Lag
	Causes
)

var causeNames = [Causes]string{"leaving", "connections", "memory", "lag"}

func (c Cause) String() string { return causeNames[c] }

// A watch follows a figure that is looked at again and again, and says whether it is too high. It says so when the figure is over high for
// so many looks without a pause as rise says, and no longer when it is at most low for so many as fall says.
type watch struct {
	high, low  float64
	rise, fall int

	over bool
	run  int // looks in a row that speak against over
}

// look takes the next value of the figure, and reports whether that is too high.
func (w *watch) look(value float64) (over bool) {
	against, needed := value > w.high, w.rise
	if w.over {
		against, needed = value <= w.low, w.fall
	}
	if !against {
		w.run = 0
	} else if w.run++; w.run == needed {
		w.over, w.run = !w.over, 0
	}
	return w.over
}
