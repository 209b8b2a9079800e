//go:build (!amd64 && !arm64) || purego

package frame

const (
	HasVectors = false
	AtOnce     = 64 << 10
)

func SetVectors(bool) (was bool) { return false }
