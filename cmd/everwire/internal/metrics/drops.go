package metrics

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// drops are messages that were given up, by why.
type drops struct{ full, replaced atomic.Uint64 }

// count counts those of a Drop: most that it does not tell of will have had the same reason.
func (d *drops) count(dropped websocket.Drop) {
	n := 1 + uint64(dropped.Untold)
	if errors.Is(dropped.Reason, websocket.ErrReplaced) {
		d.replaced.Add(n)
		return
	}
	d.full.Add(n)
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
