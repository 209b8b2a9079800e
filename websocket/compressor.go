package websocket

import (
	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// A compressor is what a connection has for its outgoing messages where compression was agreed on. It
// belongs to who writes.
type compressor struct {
	deflate.Compressor
	perFrame  bool
	bits      int
	level     int
	threshold int
}

func newCompressor(role protocol.Role, set *compressionSettings, p deflate.Params) *compressor {
	c := &compressor{perFrame: p.PerFrame, level: set.level, threshold: set.threshold}
	takeover := false
	if role == protocol.Server {
		c.bits, takeover = p.ServerMaxWindowBits, !p.ServerNoContextTakeover && set.keepsContext(role)
	} else {
		c.bits, takeover = p.ClientMaxWindowBits, !p.ClientNoContextTakeover && set.keepsContext(role)
	}
	c.Init(c.bits, c.level, takeover)
	return c
}

// keepsContext reports whether this end refers to its messages before if it may: it does not have to.
func (set *compressionSettings) keepsContext(role protocol.Role) bool {
	if role == protocol.Server {
		return !set.config.ServerNoContextTakeover
	}
	return !set.config.ClientNoContextTakeover
}

// wants reports whether a message of a size is to be compressed.
func (c *compressor) wants(size int64, choice Compress) bool {
	switch {
	case c == nil || size == 0 || choice == CompressNever:
		return false
	case choice == CompressAlways:
		return true
	}
	return size >= int64(c.threshold)
}

// abandon gives up the message in progress. C may be nil.
func (c *compressor) abandon() {
	if c != nil {
		c.Abandon()
	}
}

// message compresses a whole message, or a frame that is compressed by itself. It returns nil if that does
// not make it smaller; else call Remember with the payload once it is sent.
func (c *compressor) message(payload []byte) *buffer {
	buf := newBuffer(len(payload))
	var smaller bool
	if buf.b, smaller = c.AppendMessage(buf.b, payload); !smaller {
		buf.free()
		return nil
	}
	return buf
}

// fragment compresses the next fragment of a message that is sent compressed, and returns it with the
// frame's reserved bits; or nil if this frame is sent as it is. Once it is sent, call Remember with the payload.
func (c *compressor) fragment(payload []byte, first, fin bool) (*buffer, uint8) {
	if c.perFrame {
		if buf := c.message(payload); buf != nil {
			return buf, frame.Rsv1
		}
		return nil, 0
	}
	buf := newBuffer(len(payload) + 64)
	buf.b = c.AppendFragment(buf.b, payload, fin)
	if first {
		return buf, frame.Rsv1
	}
	return buf, 0
}

// A wireForm is a message as it is sent.
type wireForm struct {
	payload []byte
	rsv     uint8   // frame.Rsv1 if payload is compressed
	shared  bool    // others use payload too
	own     *buffer // memory of payload that belongs to nothing else
}

// form returns how a message in memory is sent that wants to be compressed, and makes it a part of the context.
func (c *compressor) form(o *outgoing) wireForm {
	plain := o.payload()
	f := wireForm{payload: plain, shared: o.shared != nil || o.buf.isShared()}
	if o.shared != nil {
		if compressed := o.shared.compressed(c.bits, c.level); compressed != nil {
			f.payload, f.rsv = compressed, frame.Rsv1
		}
	} else if buf := c.message(plain); buf != nil {
		f.payload, f.rsv, f.own = buf.b, frame.Rsv1, buf
	}
	if f.rsv != 0 {
		c.Remember(plain)
	}
	return f
}

// unshare makes payload memory that may be written to: a copy, if others use it.
func (f *wireForm) unshare() {
	if f.shared {
		f.own, f.shared = newBuffer(len(f.payload)), false
		f.own.b = append(f.own.b, f.payload...)
		f.payload = f.own.b
	}
}

// compressed replaces a fragment by what is sent in its place, with the frame's reserved bits, and makes it a
// part of the context.
func (c *compressor) compressed(plain *buffer, first, fin bool) (*buffer, uint8) {
	buf, rsv := c.fragment(plain.b, first, fin)
	if buf == nil {
		return plain, 0
	}
	c.Remember(plain.b)
	plain.free()
	return buf, rsv
}
