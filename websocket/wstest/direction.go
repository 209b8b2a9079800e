package wstest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Direction is what happens to the bytes that go one way through a [FaultyConn]: what its Reads return or
// what its Writes send. As made it lets everything through unchanged.
//
// The methods may be called from any goroutine, before and during Reads and Writes: what they set holds for
// every byte that has not yet passed, and for calls that wait now. They return the Direction so that calls
// can be chained. Each replaces what it set before and leaves the other settings alone. All that is set holds
// together: of several ways to split, the shortest piece wins.
//
// An offset is the number of bytes that have passed in this direction since [Faulty]; the first byte is at
// offset 0. A setting for an offset that has passed does nothing, except for CutAfter.
type Direction struct {
	conn  *FaultyConn // its mutex guards all that follows
	split splitting
	delay time.Duration
	masks map[int64]byte
	spoil func(offset int64, b []byte)
	cut   Cut
	cutAt int64

	flow flow
}

// splitting is where a direction's pieces end.
type splitting struct {
	every   int     // no piece is longer, if positive
	offsets []int64 // no piece crosses one of these, ascending

	random *rand.Rand // no piece crosses next, which is at most max further each time; nil for none
	max    int64
	next   int64
}

// Split makes pieces of at most n bytes: a Read returns no more, a Write becomes as many Writes to the
// wrapped connection as it takes. With n of 0 or less, the default, there is no such bound.
//
// The receiver of split Writes may see them joined again, as on any stream; for certainty split its Reads.
func (d *Direction) Split(n int) *Direction {
	return d.change(func() { d.split.every = n })
}

// SplitAt ends a piece at each of the given offsets: no Read returns bytes from both sides of one. Without
// arguments, the default, there are no such offsets.
func (d *Direction) SplitAt(offsets ...int64) *Direction {
	offsets = slices.Sorted(slices.Values(offsets))
	return d.change(func() { d.split.offsets = offsets })
}

// SplitRandom ends a piece after a random number of bytes from 1 to max, again and again, starting at the
// byte that comes next. The same seed gives the same offsets, whatever the sizes of the Reads and Writes, so
// a failure can be repeated. With max of 0 or less, the default, there is no random splitting.
func (d *Direction) SplitRandom(seed uint64, max int) *Direction {
	return d.change(func() {
		d.split.random = nil
		if max > 0 {
			d.split.random = rand.New(rand.NewPCG(seed, 0))
			d.split.max = int64(max)
			d.split.next = d.flow.passed
		}
	})
}

// Delay waits for the given time before each piece: before the wrapped connection is read (data that arrives
// after that is returned at once) or written. The deadline and Close end the wait, and a new Delay holds for
// the wait that is going on. It keeps to the bubble's clock under testing/synctest. The default is 0.
func (d *Direction) Delay(each time.Duration) *Direction {
	return d.change(func() { d.delay = each })
}

// Corrupt flips the bits of mask in the byte at offset as it passes; a mask of 0 takes that back. Any number
// of offsets can be corrupted. The caller's slice of a Write is not changed.
func (d *Direction) Corrupt(offset int64, mask byte) *Direction {
	return d.change(func() {
		if d.masks == nil {
			d.masks = make(map[int64]byte)
		}
		d.masks[offset] = mask
	})
}

// CorruptFunc has every piece changed in place by fn, which gets the offset of its first byte. Fn is called
// by the Read or Write at hand, one call at a time. It must not keep b, nor read or write the connection, but
// it may change settings, such as to cut where it finds something; bytes that then cannot pass, as those that
// a Write could not send, come again as they were in a later piece. Nil, the default, is none.
func (d *Direction) CorruptFunc(fn func(offset int64, b []byte)) *Direction {
	return d.change(func() { d.spoil = fn })
}

// CutAfter ends the direction in the way how says when n bytes have passed: as soon as the nth byte has,
// without waiting for a further Read or Write, or now if it already has; so n of 0 is now. A Write of more
// than was left returns how many bytes went, and the error.
//
// There is one cut in a direction: a further CutAfter replaces it, and a zero Cut removes it. But a CutEOF
// or CutReset that has taken effect is final.
func (d *Direction) CutAfter(n int64, how Cut) *Direction {
	return d.change(func() { d.cutAt, d.cut = n, how })
}

// Clear puts every setting back to its default. A CutSilent ends: Reads go on with the byte that comes next,
// and a CloseWrite or Close that the peer did not learn of is done now.
func (d *Direction) Clear() *Direction {
	return d.change(func() {
		d.split, d.delay, d.masks, d.spoil, d.cut, d.cutAt = splitting{}, 0, nil, nil, 0, 0
	})
}

// Bytes returns how many bytes have passed: those that Reads returned, or that the wrapped connection took.
// What was written into a CutSilent is not among them.
func (d *Direction) Bytes() int64 {
	d.conn.mu.Lock()
	defer d.conn.mu.Unlock()
	return d.flow.passed
}

// change applies one setting. A Read or Write that waits looks again, also from within the wrapped
// connection, so that the setting holds for every byte that has not passed.
func (d *Direction) change(set func()) *Direction {
	f := d.conn
	f.mu.Lock()
	set()
	d.settle()
	d.interrupt()
	f.wake()
	f.unlock()
	return d
}

// piece returns how many of n bytes, the next of which is at offset at, may pass at once. It is at least 1,
// unless n is 0.
func (s *splitting) piece(at int64, n int) int {
	if s.every > 0 {
		n = min(n, s.every)
	}
	if i, _ := slices.BinarySearch(s.offsets, at+1); i < len(s.offsets) {
		n = atMost(n, s.offsets[i]-at)
	}
	if s.random != nil {
		for s.next <= at {
			s.next += 1 + s.random.Int64N(s.max)
		}
		n = atMost(n, s.next-at)
	}
	return n
}

func atMost(n int, limit int64) int {
	return int(min(int64(n), limit))
}
