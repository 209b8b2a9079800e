package websocket

import "runtime"

// A turn is what a goroutine has read since it last let others run. A peer that sends without end never leaves its
// reader waiting, and the scheduler would stop that only after 10 ms: a few such peers, and all others wait for
// each of them in turn.
type turn int

const turnSize = 16 << 10

// read counts octets, and lets others run when there were enough of them.
func (t *turn) read(n int) {
	if *t += turn(n); *t >= turnSize {
		*t = 0
		runtime.Gosched()
	}
}
