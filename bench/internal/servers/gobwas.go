package servers

import (
	"bufio"
	"io"
	"net"
	"slices"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

// gobwasServer is gobwas/ws on bare connections, with its upgrade without net/http and a loop over frames, as its
// documentation has it for speed. The loop checks no UTF-8, and does not put fragments together: it passes them on.
func gobwasServer(ln net.Listener, s Settings) error {
	var everybody crowd[*gobwasConn]
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer nc.Close()
			c := &gobwasConn{Conn: nc}
			broadcast, err := c.upgrade(s.Deflate)
			if err != nil {
				return
			}
			c.in = bufio.NewReader(nc)
			switch {
			case broadcast:
				everybody.join(c)
				defer everybody.leave(c)
				c.frames(func(f ws.Frame) error {
					encoded, err := ws.CompileFrame(f)
					if err == nil {
						everybody.each(func(c *gobwasConn) { c.Write(encoded) })
					}
					return err
				})
			case c.deflate:
				c.frames((&gobwasDeflate{out: c}).echo)
			case s.Stream:
				c.stream()
			default:
				c.frames(c.send)
			}
		}()
	}
}

// A gobwasConn is a connection with what its loop needs.
type gobwasConn struct {
	net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	payload []byte // of the frame that is being handled
	deflate bool
}

// upgrade answers the opening handshake, and reports whether it asks for /broadcast.
func (c *gobwasConn) upgrade(deflate bool) (broadcast bool, err error) {
	extension := wsflate.Extension{Parameters: wsflate.DefaultParameters} // without takeover, the only way it knows
	u := ws.Upgrader{OnRequest: func(uri []byte) error {
		broadcast = string(uri) == "/broadcast"
		return nil
	}}
	if deflate {
		u.Negotiate = extension.Negotiate
	}
	_, err = u.Upgrade(c.Conn)
	_, c.deflate = extension.Accepted()
	return broadcast, err
}

// frames reads frames until the connection ends, and has each of data handled. Its payload is valid until handle returns.
func (c *gobwasConn) frames(handle func(ws.Frame) error) {
	for {
		h, err := ws.ReadHeader(c.in)
		if err != nil {
			return
		}
		c.payload = slices.Grow(c.payload[:0], int(h.Length))[:h.Length]
		if _, err := io.ReadFull(c.in, c.payload); err != nil {
			return
		}
		ws.Cipher(c.payload, h.Mask, 0)
		h.Mask, h.Masked = [4]byte{}, false
		switch h.OpCode {
		case ws.OpClose:
			c.send(ws.Frame{Header: h, Payload: c.payload})
			return
		case ws.OpPing:
			err = c.send(ws.NewPongFrame(c.payload))
		case ws.OpPong:
		default:
			err = handle(ws.Frame{Header: h, Payload: c.payload})
		}
		if err != nil {
			return
		}
	}
}

// send writes a frame.
func (c *gobwasConn) send(f ws.Frame) error {
	if c.out == nil {
		c.out = bufio.NewWriter(c.Conn)
	}
	if err := ws.WriteFrame(c.out, f); err != nil {
		return err
	}
	return c.out.Flush()
}
