//go:build !linux

package pause

// At does nothing here.
func At(uint32) {}
