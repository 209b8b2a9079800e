package servers

import "github.com/gobwas/ws"

// streamChunk is how much of a payload is passed on at a time: what stays in the processor's nearest caches.
const streamChunk = 64 << 10

// stream echoes what has arrived of a frame, before the frame is whole.
func (c *gobwasConn) stream() {
	chunk := make([]byte, streamChunk)
	for {
		h, err := ws.ReadHeader(c.in)
		if err != nil {
			return
		}
		mask, left := h.Mask, h.Length
		h.Mask, h.Masked = [4]byte{}, false
		if h.OpCode == ws.OpPing {
			h.OpCode = ws.OpPong
		}
		if err := ws.WriteHeader(c.Conn, h); err != nil {
			return
		}
		for offset := 0; left > 0; {
			n, err := c.in.Read(chunk[:min(left, streamChunk)])
			if err != nil {
				return
			}
			ws.Cipher(chunk[:n], mask, offset)
			if _, err := c.Write(chunk[:n]); err != nil {
				return
			}
			offset += n
			left -= int64(n)
		}
		if h.OpCode == ws.OpClose {
			return
		}
	}
}
