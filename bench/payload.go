//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
)

// order is 1 KiB of JSON, as programs send it: names that recur and values that do not.
var order = func() []byte {
	const size = 1 << 10
	names := []string{"keyboard", "monitor", "cable", "adapter", "headphones", "mouse"}
	r := rand.New(rand.NewPCG(1, 2)) // the same one on every machine
	b := []byte(`{"items":[`)
	for len(b) < size {
		b = fmt.Appendf(b, `{"id":%d,"name":"%s","price":%.2f,"available":%t,"key":"%08x"},`,
			r.IntN(1e6), names[r.IntN(len(names))], 100*r.Float64(), r.IntN(2) == 0, r.Uint32())
	}
	end := []byte(`"}]}`)
	return append(b[:size-len(end)], end...) // cut where the last record happens to be: nobody parses it
}()
