package handshake

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"strings"
)

// GUID is what a server appends to the client's key before hashing it, to show that it speaks WebSocket
// (RFC 6455 §1.3).
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

const (
	nonceSize = 16 // RFC 6455 §4.1, item 7
	keyLen    = 24 // 16 bytes in base64
)

// Accept returns the value of Sec-WebSocket-Accept that answers the Sec-WebSocket-Key key: the SHA-1 of key
// followed by [GUID], in base64. Whitespace around the key is ignored; whether the key is a right one is
// not judged (RFC 6455 §4.2.2, item 5.4).
func Accept(key string) string {
	var accept [28]byte
	return string(appendAccept(accept[:0], key))
}

func appendAccept(dst []byte, key string) []byte {
	var buf [keyLen + len(GUID)]byte
	sum := sha1.Sum(append(append(buf[:0], trim(key)...), GUID...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// NewKey returns a Sec-WebSocket-Key for one connection: 16 bytes of crypto/rand in base64 (RFC 6455 §4.1,
// item 7). Each connection needs its own.
func NewKey() string {
	var nonce [nonceSize]byte
	rand.Read(nonce[:]) // never fails: it crashes the program instead
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// validKey reports whether key is 16 bytes in base64, which is to say 22 characters and two of padding. The
// four bits that the last character has to spare may be set: the key printed as an example in the WHATWG's
// text has them set.
func validKey(key string) bool {
	if len(key) != keyLen || key[keyLen-2:] != "==" {
		return false
	}
	for _, c := range []byte(key[:keyLen-2]) {
		if !isAlphanumeric(c) && strings.IndexByte("+/", c) < 0 {
			return false
		}
	}
	return true
}
