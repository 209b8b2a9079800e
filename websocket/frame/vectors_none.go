//go:build (!amd64 && !arm64) || purego

package frame

// There is no assembly, and nothing is ever long.
const (
	vectors    = false
	maskFrom   = 0
	utf8From   = 0
	asciiFrom  = 0
	unmaskFrom = 0
	atOnce     = 0
)

func maskVectors(*byte, int, uint32) uint32 { panic("frame: no assembly") }

func maskLong([]byte, uint32) uint32 { panic("frame: no assembly") }

func (*UTF8) writeLong([]byte) bool { panic("frame: no assembly") }

func (*UTF8) unmaskLong([]byte, uint32) (uint32, bool) { panic("frame: no assembly") }
