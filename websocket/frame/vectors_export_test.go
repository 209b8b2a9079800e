//go:build (amd64 || arm64) && !purego

package frame

// HasVectors tells whether there is assembly, and a processor for it.
var HasVectors = vectors

// AtOnce is how many octets one call to assembly gets at most.
const AtOnce = atOnce

// SetVectors switches the assembly on or off, and returns what it was.
func SetVectors(on bool) (was bool) {
	was, vectors = vectors, on
	return was
}
