package connect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/everwire/everwire/websocket"
)

// A Format says how a stream of octets holds messages.
type Format uint8

const (
	// Lines are text messages, each followed by a line feed, also the last. What is in a line, a carriage return
	// included, is the message; a last line without a line feed is one too.
	Lines Format = iota

	// Null is Lines with an octet 0 instead of the line feed.
	Null

	// Prefixed are binary messages, each behind its length: four octets, the most significant first. Text
	// that is received is written the same way.
	Prefixed

	// Raw is no more than octets: what a read returns is a binary message, and all messages are written
	// one behind the other.
	Raw

	// Whole is the whole of the input as one text message, unless it is empty. What is received is written as Lines.
	Whole

	// WholeBinary is the whole of the input as one binary message. What is received is written as Raw.
	WholeBinary
)

// rawRead is how much of a raw stream is read at a time.
const rawRead = 64 << 10

// A message is one to send. Its data are the source's again once the next one was taken from an input.
type message struct {
	typ  websocket.MessageType
	data []byte
}

// A source yields messages. Next appends the next one's octets to buf, which is empty; at the end it returns io.EOF.
type source interface {
	next(buf []byte) (message, error)
}

// newSource reads messages from r.
func newSource(r io.Reader, f Format) source {
	switch f {
	case Null:
		return &separated{bufio.NewReaderSize(r, rawRead), 0}
	case Prefixed:
		return &prefixed{bufio.NewReaderSize(r, rawRead)}
	case Raw:
		return &raw{r}
	case Whole:
		return &whole{r, websocket.Text}
	case WholeBinary:
		return &whole{r, websocket.Binary}
	}
	return &separated{bufio.NewReaderSize(r, rawRead), '\n'}
}

// separated yields texts, each with an octet behind it, of any length.
type separated struct {
	r         *bufio.Reader
	separator byte
}

func (s *separated) next(buf []byte) (message, error) {
	for {
		piece, err := s.r.ReadSlice(s.separator)
		buf = append(buf, piece...)
		switch {
		case err == nil:
			return message{websocket.Text, buf[:len(buf)-1]}, nil
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(buf) > 0:
			return message{websocket.Text, buf}, nil
		default:
			return message{}, err
		}
	}
}

// prefixed yields binary messages that stand behind their lengths.
type prefixed struct{ r *bufio.Reader }

func (s *prefixed) next(buf []byte) (message, error) {
	var prefix [4]byte
	if n, err := io.ReadFull(s.r, prefix[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("it ends inside a length: after %d of 4 octets", n)
		}
		return message{}, err
	}
	length := int64(binary.BigEndian.Uint32(prefix[:]))
	b := bytes.NewBuffer(buf) // which grows by what comes, not by what the length claims
	n, err := io.CopyN(b, s.r, length)
	if err == io.EOF {
		err = fmt.Errorf("it ends inside a message: after %d of the %d octets that its length says", n, length)
	}
	return message{websocket.Binary, b.Bytes()}, err
}

// raw yields what is there.
type raw struct{ r io.Reader }

func (s *raw) next(buf []byte) (message, error) {
	if cap(buf) < rawRead {
		buf = make([]byte, rawRead)
	}
	buf = buf[:cap(buf)]
	for {
		n, err := s.r.Read(buf)
		if n > 0 {
			return message{websocket.Binary, buf[:n]}, nil // an error comes again
		}
		if err != nil {
			return message{}, err
		}
	}
}

// whole yields one message.
type whole struct {
	r   io.Reader
	typ websocket.MessageType
}

func (s *whole) next(buf []byte) (message, error) {
	b := bytes.NewBuffer(buf)
	n, err := b.ReadFrom(s.r)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return message{s.typ, b.Bytes()}, err
}

// given yields texts that are there.
type given struct {
	texts []string
	typ   websocket.MessageType
}

func (s *given) next(buf []byte) (message, error) {
	if len(s.texts) == 0 {
		return message{}, io.EOF
	}
	text := s.texts[0]
	s.texts = s.texts[1:]
	return message{s.typ, append(buf, text...)}, nil
}

var errNotUTF8 = errors.New("the input has a line that is not UTF-8, which text must be: " +
	"send it with --binary, each message behind its length in four octets, or with --raw")
