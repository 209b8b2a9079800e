package websocket

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// MessageType tells text from binary (RFC 6455 §5.6).
type MessageType uint8

const (
	Text   MessageType = MessageType(frame.Text)   // UTF-8
	Binary MessageType = MessageType(frame.Binary) // any octets
)

// String gives "text" or "binary".
func (t MessageType) String() string { return frame.Opcode(t).String() }

// checkMessage says whether a message may be sent: its type is known, and text is UTF-8.
func checkMessage(t MessageType, data []byte) error {
	switch {
	case t != Text && t != Binary:
		return fmt.Errorf("websocket: message type %d is neither Text nor Binary", t)
	case t == Text && !utf8.Valid(data):
		return ErrInvalidUTF8
	}
	return nil
}

// A Message is what a peer sent. Where a Message comes from says how long its bytes live: in OnMessage
// of a [Socket] until the last listener has returned, in [Conn.Messages] until the next one is asked
// for. Keep it longer with Clone, Text or Blob, which copy.
type Message struct {
	typ  MessageType
	data []byte
	buf  *buffer // the memory of data, if it may be shared
	blob *Blob   // instead of data, for a binary message of a socket whose BinaryType is BlobType
}

// Type returns whether the message is text or binary.
func (m Message) Type() MessageType { return m.typ }

// Len returns the size in octets.
func (m Message) Len() int64 {
	if m.blob != nil {
		return m.blob.Size()
	}
	return int64(len(m.data))
}

// Bytes returns the message's octets. They are read-only and not yours to keep: see [Message]. (A
// build with -race, or with the tag wsdebug, overwrites them afterwards, so that keeping them shows.) Of
// a message that came as a [Blob], Bytes reads all of it into memory, and panics if its file cannot be
// read, which in a listener ends the socket.
func (m Message) Bytes() []byte {
	if m.blob != nil {
		return m.blob.bytes()
	}
	return m.data
}

// Text returns the message's octets as a string of its own. Those of a Text message are valid UTF-8.
func (m Message) Text() string { return string(m.Bytes()) }

// Clone returns a copy of m that may be kept; of a message that came as a [Blob], m itself.
func (m Message) Clone() Message {
	if m.blob != nil {
		return m
	}
	m.data, m.buf = bytes.Clone(m.data), nil
	return m
}

// Blob returns the message as a [Blob], which may be kept: the one it came as, or else a copy in
// memory.
func (m Message) Blob() *Blob {
	if m.blob != nil {
		return m.blob
	}
	return &Blob{data: bytes.Clone(m.data), size: int64(len(m.data))}
}
