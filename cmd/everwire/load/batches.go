package load

// A batch is some messages that were sent, or due, at the same time.
type batch struct {
	at int64
	n  int
}

// batches are those of one connection that are not answered, in order. The first is where there is room for it anyway.
type batches struct {
	batch
	rest *later
}

// later are the others, from list[first] on.
type later struct {
	list  []batch
	first int
}

func (b *batches) push(at int64, n int) {
	if b.n == 0 {
		b.batch = batch{at, n}
		return
	}
	if b.rest == nil {
		b.rest = new(later)
	}
	r := b.rest
	if r.first > 0 && len(r.list) == cap(r.list) && r.first >= len(r.list)/2 {
		r.list, r.first = r.list[:copy(r.list, r.list[r.first:])], 0
	}
	r.list = append(r.list, batch{at, n})
}

// pop takes up to n messages that were sent at the same time out, at least one. There must be one.
func (b *batches) pop(n int) (at int64, got int) {
	at, got = b.at, min(n, b.n)
	if b.n -= got; b.n == 0 && b.rest != nil {
		b.batch = b.rest.pop()
	}
	return at, got
}

// pop returns an empty batch where there is none.
func (r *later) pop() (next batch) {
	if r.first < len(r.list) {
		next = r.list[r.first]
		r.first++
	}
	if r.first == len(r.list) {
		r.list, r.first = r.list[:0], 0
	}
	return next
}

// all calls f for each.
func (b *batches) all(f func(at int64, n int)) {
	if b.n == 0 {
		return
	}
	f(b.at, b.n)
	if b.rest != nil {
		for _, next := range b.rest.list[b.rest.first:] {
			f(next.at, next.n)
		}
	}
}
