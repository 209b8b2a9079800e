//go:build !linux

package websocket

// newDriver makes the driver of s over a stream.
func newDriver(s *Socket, up *upgraded) driver { return newGoroutineDriver(s, up) }
