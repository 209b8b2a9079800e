package engine

import "time"

// Figures are those of a loop at a moment.
type Figures struct {
	Connections int
	Lag         time.Duration // see peak; or the time since the last look, if that is more
}

// peakTime is how long a peak stands.
const peakTime = 10 * time.Second
