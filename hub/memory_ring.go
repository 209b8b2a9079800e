package hub

// A ring is a queue in one slice.
type ring[T any] struct {
	items []T
	first int
	n     int
}

func (r *ring[T]) len() int { return r.n }

// at returns the item that has i before it.
func (r *ring[T]) at(i int) T { return r.items[r.index(i)] }

func (r *ring[T]) index(i int) int {
	i += r.first
	if i >= len(r.items) {
		i -= len(r.items)
	}
	return i
}

func (r *ring[T]) push(v T) {
	if r.n == len(r.items) {
		r.resize(max(4, 2*r.n))
	}
	r.n++
	r.items[r.index(r.n-1)] = v
}

func (r *ring[T]) pop() T {
	v := r.items[r.first]
	var none T
	r.items[r.first] = none
	r.first = r.index(1)
	r.n--
	if len(r.items) > 16 && r.n <= len(r.items)/4 {
		r.resize(len(r.items) / 2)
	}
	return v
}

func (r *ring[T]) resize(size int) {
	items := make([]T, size)
	for i := range r.n {
		items[i] = r.at(i)
	}
	r.items, r.first = items, 0
}
