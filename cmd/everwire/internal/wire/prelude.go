package wire

import (
	"bytes"
	"sync"
)

// A prelude stands before the Decoder of a client's stream, of which nobody says what it carries: SOCKS, CONNECT
// and TLS may come before the opening handshake, also one in another. It tells them apart by how the client begins
// to write, where it does not go on with something: a client writes each of them anew.
type prelude struct {
	keys *sessionKeys
	d    *Decoder

	mu    sync.Mutex
	inner *tlsWatcher // what goes on inside TLS
}

const tlsHandshakeRecord = 22 // RFC 8446 §5.1

func (p *prelude) Write(from Direction, octets []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inner != nil {
		p.inner.Write(from, octets)
		return
	}
	if p.d.fresh() {
		switch {
		case from == FromServer:
			return // of SOCKS
		case octets[0] == tlsHandshakeRecord:
			p.inner = newTLSWatcher(p.keys, &prelude{keys: p.keys, d: p.d})
			p.inner.Write(from, octets)
			return
		case !bytes.HasPrefix(octets, []byte("GET ")) && !bytes.HasPrefix(octets, []byte("CONNECT ")):
			return // SOCKS
		}
	}
	p.d.Write(from, octets)
}

func (p *prelude) End(from Direction, err error) { p.d.End(from, err) }

func (p *prelude) Close() { p.d.Close() }

// fresh reports whether the client's next octet is the first of a head.
func (d *Decoder) fresh() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	client := &d.sides[FromClient]
	return d.request == nil && client.stage == inHead && len(client.held) == 0
}
