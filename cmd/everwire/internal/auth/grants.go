package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// remembered has grants by what was asked for them. It keeps a hash of the question, so that tokens are not
// left in memory. A nil one remembers nothing.
type remembered struct {
	period time.Duration
	most   int

	mu     sync.Mutex
	grants map[[sha256.Size]byte]memory
	order  [][sha256.Size]byte // as they came; a ring once it is full
	oldest int                 // in order
}

type memory struct {
	grant *Grant
	until time.Time
}

func newRemembered(period time.Duration, most int) *remembered {
	return &remembered{period: period, most: most, grants: map[[sha256.Size]byte]memory{}}
}

// get returns the grant that is remembered for a question, or nil.
func (r *remembered) get(question []byte) *Grant {
	if r == nil {
		return nil
	}
	k := sha256.Sum256(question)
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.grants[k]
	if !ok || !now.Before(m.until) || m.grant.Expired(now) {
		return nil
	}
	return m.grant
}

// put remembers a grant, in place of the oldest if there are as many as may be.
func (r *remembered) put(question []byte, g *Grant) {
	if r == nil {
		return
	}
	k := sha256.Sum256(question)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.grants[k]; !ok {
		if len(r.order) < r.most {
			r.order = append(r.order, k)
		} else {
			delete(r.grants, r.order[r.oldest])
			r.order[r.oldest] = k
			r.oldest = (r.oldest + 1) % r.most
		}
	}
	r.grants[k] = memory{g, time.Now().Add(r.period)}
}
