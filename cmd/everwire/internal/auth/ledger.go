package auth

import (
	"container/list"
	"time"

	"golang.org/x/time/rate"
)

// bucket is what may be taken in a second, and at once.
type bucket struct {
	perSecond float64
	burst     int
}

func (b bucket) limiter() *rate.Limiter {
	if b.perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(b.perSecond), b.burst)
}

// full is how long an empty one takes to be full again.
func (b bucket) full() time.Duration {
	if b.perSecond <= 0 {
		return 0
	}
	return min(time.Duration(float64(b.burst)/b.perSecond*float64(time.Second)), maxIdle)
}

const (
	maxIdle     = 10 * time.Minute
	maxAccounts = 1 << 16 // of those that nobody holds
)

// account is what a ledger knows of one name.
type account struct {
	holds  int
	idle   *list.Element // in ledger.idle, while nobody holds it
	first  *rate.Limiter // nil: no limit
	second *rate.Limiter
}

// ledger has accounts of names. One that nobody holds is forgotten when its buckets are full again, for then
// it is as good as new: until then who leaves and comes back finds what is left. It needs no clockwork:
// whoever comes takes away up to two that are due, so that the ledger shrinks faster than it grows. Who uses
// it holds the Counter's lock.
type ledger struct {
	first, second bucket
	rest          time.Duration // how long an account is kept that nobody holds

	accounts map[string]*account
	idle     *list.List // of idler; who has been longest in front
}

// idler is an account that nobody holds.
type idler struct {
	name  string
	until time.Time
}

func newLedger(first, second bucket) *ledger {
	return &ledger{
		first: first, second: second,
		rest:     max(first.full(), second.full()),
		accounts: map[string]*account{},
		idle:     list.New(),
	}
}

// stranger returns an account without a name, which ends with who has it.
func (l *ledger) stranger() *account {
	return &account{first: l.first.limiter(), second: l.second.limiter()}
}

// get returns the account of a name, for who holds it, or takes from its buckets at once. One that is not held
// rests from now on.
func (l *ledger) get(name string) *account {
	l.forget()
	a := l.accounts[name]
	switch {
	case a == nil:
		a = l.stranger()
		l.accounts[name] = a
		l.rests(name, a)
	case a.idle != nil:
		l.idle.Remove(a.idle)
		l.rests(name, a)
	}
	return a
}

// hold counts one holder of an account that get returned.
func (l *ledger) hold(a *account) {
	if a.idle != nil {
		l.idle.Remove(a.idle)
		a.idle = nil
	}
	a.holds++
}

// release counts one holder out.
func (l *ledger) release(name string, a *account) {
	if a.holds--; a.holds == 0 {
		l.rests(name, a)
	}
	l.forget()
}

func (l *ledger) rests(name string, a *account) {
	a.idle = l.idle.PushBack(idler{name, time.Now().Add(l.rest)})
}

// forget drops up to two idle accounts that are due, and the oldest if there are too many.
func (l *ledger) forget() {
	for range 2 {
		e := l.idle.Front()
		if e == nil {
			return
		}
		i := e.Value.(idler)
		if l.idle.Len() <= maxAccounts && time.Now().Before(i.until) {
			return
		}
		l.idle.Remove(e)
		delete(l.accounts, i.name)
	}
}
