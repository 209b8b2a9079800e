//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"math/bits"
	"sync"
	"time"
)

// A wheel knows whose time comes when, coarsely. A connection has at most one valid entry, at or before its time: when
// that is reached and the time is later by now, the entry moves on. So setting a timer to a later time, as happens
// most, costs nothing.
type wheel struct {
	loop *Loop

	mu       sync.Mutex // guards what follows
	tick     uint32     // those up to it have expired
	slots    [wheelSize][]wheelEntry
	occupied [wheelSize / 64]uint64
	entries  int
}

type wheelEntry struct{ slot, gen uint32 }

const (
	tickBits  = 24 // a tick has 2^24 ns, 17 ms
	wheelSize = 4096
)

func (w *wheel) init(l *Loop) {
	w.loop = l
	w.tick = tickAt(time.Since(epoch))
}

// tickAt returns the first tick after a time; never 0, which is no tick.
func tickAt(t time.Duration) uint32 { return max(uint32(t>>tickBits)+1, 1) }

// watch makes an entry for a connection whose time was set, unless it has an earlier one.
func (w *wheel) watch(c *Conn) {
	w.mu.Lock()
	due := c.due.Load()
	at := tickAt(time.Duration(due))
	if due == 0 || c.wheeled != 0 && int32(at-c.wheeled) >= 0 {
		w.mu.Unlock()
		return
	}
	before := w.earliest()
	w.insert(c, at)
	sooner := w.earliest() != before
	w.mu.Unlock()
	if sooner {
		w.loop.wake() // to wait for less long
	}
}

// insert adds an entry at a tick, or as far ahead as the wheel reaches.
func (w *wheel) insert(c *Conn, at uint32) {
	switch ahead := int32(at - w.tick); {
	case ahead < 1:
		at = w.tick + 1
	case ahead >= wheelSize:
		at = w.tick + wheelSize - 1
	}
	c.wheeled = at
	i := at % wheelSize
	w.slots[i] = append(w.slots[i], wheelEntry{c.slot, c.gen})
	w.occupied[i/64] |= 1 << (i % 64)
	w.entries++
}

// earliest returns how many ticks ahead the next entry is, 0 if there is none.
func (w *wheel) earliest() uint32 {
	if w.entries == 0 {
		return 0
	}
	for ahead := uint32(1); ahead < wheelSize; {
		i := (w.tick + ahead) % wheelSize
		if word := w.occupied[i/64] >> (i % 64); word != 0 {
			return ahead + uint32(bits.TrailingZeros64(word))
		}
		ahead += 64 - i%64
	}
	return wheelSize
}

// next returns when the next entry is due by the engine's clock, 0 if there is none.
func (w *wheel) next() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	ahead := w.earliest()
	if ahead == 0 {
		return 0
	}
	now := w.loop.now.Load() >> tickBits
	return time.Duration(now+int64(int32(w.tick+ahead-uint32(now)))) << tickBits // ticks overflow after 2 years
}

// expire appends the connections whose time has come.
func (w *wheel) expire(dst []*Conn, now time.Duration) []*Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	for until := uint32(now >> tickBits); int32(until-w.tick) > 0; {
		if w.entries == 0 {
			w.tick = until
			break
		}
		w.tick++
		i := w.tick % wheelSize
		if w.occupied[i/64]&(1<<(i%64)) == 0 {
			continue
		}
		entries := w.slots[i]
		w.slots[i] = nil
		w.occupied[i/64] &^= 1 << (i % 64)
		w.entries -= len(entries)
		for _, e := range entries {
			c := w.loop.slots.find(uint64(e.gen)<<32 | uint64(e.slot))
			if c == nil || c.wheeled != w.tick {
				continue
			}
			c.wheeled = 0
			switch due := c.due.Load(); {
			case due == 0:
			case due > int64(now):
				w.insert(c, tickAt(time.Duration(due)))
			case c.due.CompareAndSwap(due, 0):
				dst = append(dst, c)
			}
		}
	}
	return dst
}
