//go:build !purego

package frame

import "golang.org/x/sys/cpu"

// vectors tells whether the processor has what the assembly needs.
var vectors = cpu.X86.HasAVX2

// vector is how many octets a register holds.
const vector = 32

// The lengths from which a call to assembly was measured to be faster than plain Go. The first two must
// not be less than vector, nor the last less than twice that.
const (
	maskFrom   = 40
	utf8From   = 32  // with other octets than ASCII
	asciiFrom  = 256 // whatever the octets are
	unmaskFrom = 256
)
