//go:build !purego

package frame

// vectors tells whether the processor has what the assembly needs: every arm64 that Go runs on does.
// It is a variable for the tests.
var vectors = true

// vector is how many octets a register holds.
const vector = 16

// The lengths from which assembly is called. They are those of amd64. The first two must not be less than
// vector, nor the last less than twice that.
const (
	maskFrom   = 40
	utf8From   = 32  // with other octets than ASCII
	asciiFrom  = 256 // whatever the octets are
	unmaskFrom = 256
)

// maskVectors masks the n octets at b, which are at least 16, and returns the key for the octet behind
// them.
//
//go:noescape
func maskVectors(b *byte, n int, key uint32) uint32

// validVectors reports whether the n octets at b begin a valid text; n is 16, or 19 or more. A character
// that is not whole at their end is looked at only as far as pairs of octets go.
//
//go:noescape
func validVectors(b *byte, n int) bool

// unmaskVectors is maskVectors, and validVectors of what comes out; n is 32 or more.
//
//go:noescape
func unmaskVectors(b *byte, n int, key uint32) (next uint32, ok bool)
