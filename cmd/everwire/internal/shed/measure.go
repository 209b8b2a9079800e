package shed

import (
	"runtime/metrics"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A meter measures.
type meter struct {
	memory func() int64
	late   func(due time.Time) time.Duration
	loops  func() time.Duration
}

func newMeter(any *websocket.Server) meter {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	return meter{
		memory: func() int64 {
			metrics.Read(samples)
			// In this order, since they are not of one moment.
			return int64(samples[0].Value.Uint64()) - int64(samples[1].Value.Uint64()) - int64(samples[2].Value.Uint64())
		},
		late: func(due time.Time) time.Duration { return max(time.Since(due), 0) },
		loops: func() (longest time.Duration) {
			for _, l := range any.Stats().Loops {
				longest = max(longest, l.Lag)
			}
			return longest
		},
	}
}
