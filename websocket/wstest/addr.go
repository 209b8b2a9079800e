package wstest

import (
	"strconv"
	"sync/atomic"
)

// Addr is the address of one end of a [Pipe] or of a [Listener]: "pipe:" and a number that nothing else in
// this process has. It splits with [net.SplitHostPort] and fits in a URL, so that programs which log
// addresses, count connections per host or dial what a listener announces need no special case.
type Addr string

// Network returns "pipe".
func (Addr) Network() string { return "pipe" }

// String returns the address itself.
func (a Addr) String() string { return string(a) }

var lastAddr atomic.Uint64

func newAddr() Addr {
	return Addr("pipe:" + strconv.FormatUint(lastAddr.Add(1), 10))
}
