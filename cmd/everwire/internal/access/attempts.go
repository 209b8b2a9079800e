package access

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// What [Attempts.Try] says of a secret that does not count.
var (
	ErrWrong   = errors.New("that is not the right token")
	ErrTooMany = errors.New("too many wrong tokens; wait a minute")
)

// Attempts holds back who tries one secret after the other. Each network may be wrong [Burst] times at
// once, and once again each time that ten seconds have passed. While it may not, no secret of its is looked
// at, not even the right one. The zero value is ready, and safe for concurrent use.
type Attempts struct {
	mu    sync.Mutex
	wrong map[netip.Prefix]*bucket
}

// bucket is what a network has used up of its attempts.
type bucket struct {
	used float64 // at the time of last
	last time.Time
}

// Burst is how many wrong secrets a network may show at once.
const Burst = 5

const (
	wrongPause   = 10 * time.Second
	mostNetworks = 4096 // remembered at a time; all others share one bucket
)

func (b *bucket) at(now time.Time) float64 {
	return max(0, b.used-float64(now.Sub(b.last))/float64(wrongPause))
}

// Try says what comes of a secret from an address, which is right or not: nil, ErrWrong, or ErrTooMany for
// one that is not looked at. The zero address stands for all that have none, as over a Unix domain socket.
func (a *Attempts) Try(from netip.Addr, right bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.forget(now)
	place := a.place(from)
	b := a.wrong[place]
	switch {
	case b != nil && b.at(now) > Burst-1:
		return ErrTooMany
	case right:
		return nil
	case b == nil:
		if a.wrong == nil {
			a.wrong = make(map[netip.Prefix]*bucket)
		}
		b = &bucket{}
		a.wrong[place] = b
	}
	b.used, b.last = b.at(now)+1, now
	return ErrWrong
}

// forget makes room, if there is none for a network of its own: buckets that are empty again say nothing.
func (a *Attempts) forget(now time.Time) {
	if len(a.wrong) < mostNetworks {
		return
	}
	for network, b := range a.wrong {
		if b.at(now) == 0 {
			delete(a.wrong, network)
		}
	}
}

// place is where an address is counted: an address of IPv4, a /64 of IPv6, which is the least that a
// subscriber has.
func (a *Attempts) place(from netip.Addr) netip.Prefix {
	from = from.Unmap().WithZone("")
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	if _, ok := a.wrong[network]; !ok && len(a.wrong) >= mostNetworks {
		return netip.Prefix{}
	}
	return network
}
