package metrics

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// drops are messages that were given up, by why.
type drops struct{ full, replaced atomic.Uint64 }

func (d *drops) count(reason error) {
	if errors.Is(reason, websocket.ErrReplaced) {
		d.replaced.Add(1)
		return
	}
	d.full.Add(1)
}

// throttled is how often peers had to wait for their rate, and how long altogether.
type throttled struct {
	times atomic.Uint64
	waits atomic.Int64 // nanoseconds
}

func (t *throttled) count(d time.Duration) {
	t.times.Add(1)
	t.waits.Add(int64(d))
}
