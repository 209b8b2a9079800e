package websocket

import (
	"cmp"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/websocket/deflate"
)

// A Prepared is a message that goes to many sockets: it is copied once, and compressed once for each size
// of window that its receivers have agreed on, when the first of them is sent it. It never changes and is safe
// for concurrent use.
type Prepared struct {
	typ      MessageType
	data     []byte
	about    *about
	compress Compress
	forms    atomic.Pointer[compressedForms]
	sharing  sharing
}

// compressedForms are a message compressed for windows of each size.
type compressedForms [deflate.MaxWindowBits - deflate.MinWindowBits + 1]struct {
	once    sync.Once
	payload []byte // nil if it is not smaller
}

// Prepare copies data into a [Prepared]. Text that is not UTF-8 is [ErrInvalidUTF8]; a type other than
// Text and Binary is another error.
func Prepare(t MessageType, data []byte) (*Prepared, error) {
	if err := checkMessage(t, data); err != nil {
		return nil, err
	}
	return PrepareWith(Outgoing{Type: t, Data: data})
}

// PrepareWith is Prepare for a message with a key or a topic, or with a word on how it is compressed. Its Done is
// never called.
func PrepareWith(m Outgoing) (*Prepared, error) {
	typ := cmp.Or(m.Type, Binary)
	if err := checkMessage(typ, m.Data); err != nil {
		return nil, err
	}
	return &Prepared{typ: typ, data: append([]byte{}, m.Data...), about: m.about(), compress: m.Compress}, nil
}

// Type returns whether the message is text or binary.
func (p *Prepared) Type() MessageType { return p.typ }

// Len returns the size of the message in octets, before compression and framing.
func (p *Prepared) Len() int { return len(p.data) }

func (p *Prepared) outgoing() outgoing {
	return outgoing{shared: p, typ: p.typ, about: p.about, compress: p.compress}
}

// compressed returns the message compressed for a window, or nil if that does not make it smaller. All
// sockets that share a window share the level of the first.
func (p *Prepared) compressed(bits, level int) []byte {
	forms := p.forms.Load()
	if forms == nil {
		p.forms.CompareAndSwap(nil, new(compressedForms))
		forms = p.forms.Load()
	}
	f := &forms[bits-deflate.MinWindowBits]
	f.once.Do(func() {
		buf := newBuffer(len(p.data))
		defer buf.free()
		buf.b = deflate.Append(buf.b, p.data, bits, level)
		if len(buf.b) < len(p.data) {
			f.payload = append([]byte{}, buf.b...)
		}
	})
	return f.payload
}
