package engine

import "time"

var epoch = time.Now()

// Since returns the time since a moment before the program's first connection: what [Worker.Now] returns, right now.
func Since() time.Duration { return time.Since(epoch) }
