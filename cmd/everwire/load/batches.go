package load

// A batch is some messages that were sent at the same time.
type batch struct {
	at int64
	n  int
}

// batches are those of one connection that are not answered, in order. The first is where there is room for it anyway.
type batches struct {
	batch
	rest *[]batch
}

func (b *batches) push(at int64, n int) {
	if b.n == 0 {
		b.batch = batch{at, n}
		return
	}
	if b.rest == nil {
		b.rest = new([]batch)
	}
	*b.rest = append(*b.rest, batch{at, n})
}

// pop takes up to n messages that were sent at the same time out, at least one. There must be one.
func (b *batches) pop(n int) (at int64, got int) {
	at, got = b.at, min(n, b.n)
	if b.n -= got; b.n == 0 && b.rest != nil && len(*b.rest) > 0 {
		rest := *b.rest
		b.batch = rest[0]
		*b.rest = rest[:copy(rest, rest[1:])] // seldom more than a few
	}
	return at, got
}
