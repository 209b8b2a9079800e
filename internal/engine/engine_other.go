//go:build !linux && !(everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

// Supported reports whether there are event loops on this system.
const Supported = false

// Loops returns nothing.
func Loops() []Figures { return nil }

// Stolen returns 0.
func Stolen() int64 { return 0 }
