package websocket

import "net"

// Stream returns the connection below: a [*net.TCPConn], a [*tls.Conn], or what DialContext or the HTTP server
// gave, to look at it or to set its socket options. To read, write, close it or set its deadlines breaks the
// Conn. See [Conn.NetConn] for a stream that is carried in messages.
func (c *Conn) Stream() net.Conn { return c.nc }
