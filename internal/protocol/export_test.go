package protocol

// Kept returns how many octets r keeps of what has not arrived whole, or -1 if it keeps nothing and has
// no memory for it.
func (r *Receiver) Kept() int {
	if r.partial == nil {
		return -1
	}
	return r.partial.n
}
