//go:build !linux && !(everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

// newDriver makes the driver of s over a stream.
func newDriver(s *Socket, up *upgraded) driver { return s.driveBy(newGoroutineDriver(s, up)) }

// loopDriver does not exist here.
type loopDriver struct{ driver }
