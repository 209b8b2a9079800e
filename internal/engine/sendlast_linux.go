package engine

import "syscall"

// SendLast is Send for octets that ShutdownWrite follows at once: the system keeps them for a moment, so that both leave in
// one packet.
func (c *Conn) SendLast(p []byte) (n int, err error) {
	if c.fd < 0 {
		return 0, syscall.EBADF
	}
	return sendWith(int(c.fd), p, flags|syscall.MSG_MORE)
}
