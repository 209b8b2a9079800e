package deflate

// SetGatherSize changes from which size on messages are inflated while they arrive.
func SetGatherSize(n int) { gatherSize = n }
