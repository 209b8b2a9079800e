//go:build !linux

package engine

// Supported reports whether there are event loops on this system.
const Supported = false
