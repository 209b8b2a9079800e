//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package engine

// SendLast is Send for octets that ShutdownWrite follows at once.
func (c *Conn) SendLast(p []byte) (n int, err error) { return c.Send(p) }
