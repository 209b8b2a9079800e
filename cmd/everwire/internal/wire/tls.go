package wire

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
)

// Of RFC 8446 §4, §5 and §B.3, and RFC 5246 §6.2.
const (
	recordHeader  = 5
	maxRecord     = 1<<14 + 2048
	changeCipher  = 20
	alertRecord   = 21
	dataRecord    = 23
	clientHello   = 1
	serverHello   = 2
	keyUpdate     = 24
	closeNotify   = 0
	randomAt      = 4 + 2 // in a hello: behind its type, length and version
	randomSize    = 32
	maxHeldForKey = 64 << 10
)

// retryRandom is a ServerHello's random when it asks for another ClientHello (RFC 8446 §4.1.3).
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// A tlsWatcher looks into a TLS connection whose keys it is told, and feeds what is inside to the next.
type tlsWatcher struct {
	keys *sessionKeys
	next *prelude

	clientRandom, serverRandom []byte
	suite                      *suite
	version                    uint16
	blind                      bool // it cannot be looked into, which was told
	sides                      [2]tlsSide
}

// tlsSide is one direction.
type tlsSide struct {
	held      []byte // octets of records that are not whole, or whose key is not known yet
	protected bool   // TLS 1.2: behind its ChangeCipherSpec
	opener    *opener
	begun     bool // TLS 1.3: the key for data has opened a record, so that those of the handshake are over
}

func newTLSWatcher(keys *sessionKeys, next *prelude) *tlsWatcher {
	return &tlsWatcher{keys: keys, next: next}
}

func (w *tlsWatcher) Write(from Direction, octets []byte) {
	if w.blind {
		return
	}
	s := &w.sides[from]
	s.held = append(s.held, octets...)
	// The server's records may have waited for a key that came since; the client's never wait longer than they.
	w.records(FromServer)
	w.records(FromClient)
	if len(w.sides[FromServer].held) > maxHeldForKey || len(w.sides[FromClient].held) > maxHeldForKey+len(octets) {
		w.giveUp("the keys of the TLS session are not known")
	}
}

// giveUp tells, once, why nothing is told.
func (w *tlsWatcher) giveUp(why string) {
	w.blind = true
	w.sides = [2]tlsSide{}
	err := fmt.Errorf("what passes cannot be shown: %s", why)
	w.next.End(FromClient, err)
	w.next.End(FromServer, err)
}

// records takes the whole records that a direction holds, as far as their keys are known.
func (w *tlsWatcher) records(from Direction) {
	s := &w.sides[from]
	b := s.held
	for !w.blind && len(b) >= recordHeader {
		size := recordHeader + int(binary.BigEndian.Uint16(b[3:]))
		if size > recordHeader+maxRecord {
			w.giveUp("it is not TLS as it should be")
			return
		}
		if len(b) < size || !w.record(from, b[:size]) {
			break
		}
		b = b[size:]
	}
	if !w.blind {
		s.held = append(s.held[:0], b...)
	}
}

// record takes a record, and reports whether it could: otherwise its key is still to come.
func (w *tlsWatcher) record(from Direction, record []byte) bool {
	s := &w.sides[from]
	kind := record[0]
	switch {
	case w.version == tls.VersionTLS13 && kind == changeCipher:
		return true // it means nothing there
	case w.version != 0 && w.version < tls.VersionTLS13 && !s.protected, w.version == 0:
		if kind == changeCipher {
			s.protected = true
		}
		if kind == tlsHandshakeRecord {
			w.hello(record[recordHeader:])
		}
		return true
	case w.version == tls.VersionTLS13 && kind != dataRecord:
		return true // the client's second hello, or an alert before there are keys
	}
	if s.opener == nil {
		if s.opener = w.keys.opener(w, from); s.opener == nil {
			return false
		}
	}
	kind, plain, err := s.opener.open(record)
	if err != nil {
		if !s.begun && w.version == tls.VersionTLS13 {
			return true // the handshake's, under another key
		}
		w.giveUp("it does not fit the TLS session's keys")
		return true
	}
	s.begun = true
	w.content(from, kind, plain)
	return true
}

func (w *tlsWatcher) content(from Direction, kind byte, plain []byte) {
	switch {
	case kind == dataRecord && len(plain) > 0:
		w.next.Write(from, plain)
	case kind == alertRecord && len(plain) == 2 && plain[1] == closeNotify:
		w.next.End(from, nil)
	case kind == tlsHandshakeRecord && w.version == tls.VersionTLS13:
		for len(plain) >= 4 {
			size := 4 + int(plain[1])<<16 + int(plain[2])<<8 + int(plain[3])
			if plain[0] == keyUpdate {
				w.sides[from].opener.update()
			}
			plain = plain[min(size, len(plain)):]
		}
	}
}

// hello takes what it needs of a ClientHello or a ServerHello (RFC 8446 §4.1).
func (w *tlsWatcher) hello(message []byte) {
	if len(message) < randomAt+randomSize+1 {
		return
	}
	random := bytes.Clone(message[randomAt : randomAt+randomSize])
	switch {
	case message[0] == clientHello:
		w.clientRandom = random
	case message[0] == serverHello && !bytes.Equal(random, retryRandom):
		w.serverRandom = random
		w.chosen(message[randomAt+randomSize:], binary.BigEndian.Uint16(message[4:]))
	}
}

// chosen takes the rest of a ServerHello, from its session ID on.
func (w *tlsWatcher) chosen(b []byte, version uint16) {
	skip := 1 + int(b[0])
	if len(b) < skip+3 {
		return
	}
	id := binary.BigEndian.Uint16(b[skip:])
	b = b[skip+3:]
	w.version = version
	if len(b) >= 2 {
		b = b[2:]
	}
	for len(b) >= 4 {
		size := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < size {
			break
		}
		if kind := binary.BigEndian.Uint16(b); kind == 43 && size == 6 { // supported_versions (§4.2.1)
			w.version = binary.BigEndian.Uint16(b[4:])
		}
		b = b[size:]
	}
	if w.suite = suites[id]; w.suite == nil {
		w.giveUp("the cipher suite " + tls.CipherSuiteName(id) + " is not one that can be looked into")
	}
}
