package connect

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/everwire/everwire/websocket"
)

// BinaryAs says how binary messages are written where text has lines.
type BinaryAs uint8

const (
	Base64 BinaryAs = iota // RFC 4648 §4
	Hex                    // lower case
	AsIs                   // the octets, as text is
)

// A sink takes messages that were received. What put returns an error of is broken.
type sink interface {
	put(m websocket.Message) error
}

// newSink writes messages to w, each by one call of Write.
func newSink(w io.Writer, f Format, as BinaryAs) sink {
	return &writer{w: w, format: f, as: as}
}

type writer struct {
	w      io.Writer
	format Format
	as     BinaryAs

	mu  sync.Mutex
	buf []byte
}

// keptBuffer is how large a buffer may be to be used again.
const keptBuffer = 1 << 20

func (s *writer) put(m websocket.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := m.Bytes()
	if s.format == Raw || s.format == WholeBinary {
		if len(data) == 0 {
			return nil
		}
		_, err := s.w.Write(data)
		return err
	}
	b := s.buf[:0]
	switch {
	case s.format == Prefixed:
		if uint64(len(data)) > math.MaxUint32 {
			return errors.New("a message is larger than four octets of length can say")
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		b = append(b, data...)
	case m.Type() == websocket.Text || s.as == AsIs:
		b = append(b, data...)
	case s.as == Hex:
		b = hex.AppendEncode(b, data)
	default:
		b = base64.StdEncoding.AppendEncode(b, data)
	}
	switch s.format {
	case Lines, Whole:
		b = append(b, '\n')
	case Null:
		b = append(b, 0)
	}
	if s.buf = b; cap(b) > keptBuffer {
		s.buf = nil
	}
	_, err := s.w.Write(b)
	return err
}
