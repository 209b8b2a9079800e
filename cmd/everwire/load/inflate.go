package load

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// window is how far back DEFLATE may refer (RFC 1951 §2).
const window = 32 << 10

// ending makes a stream of DEFLATE end whose last octets, an empty stored block, were cut off (RFC 7692 §7.2.2).
var ending = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

// An inflater is what one connection needs to inflate messages.
type inflater struct {
	takeover bool
	context  []byte // the last octets that were inflated, where takeover
}

// A decoder is what is needed during one message only.
type decoder struct {
	input  bytes.Reader
	reader io.Reader
	output []byte
}

var decoders = sync.Pool{New: func() any {
	d := new(decoder)
	d.reader = flate.NewReader(&d.input)
	return d
}}

// inflate inflates a message and compares it.
func (f *inflater) inflate(payload, want []byte) error {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	message, err := d.decode(append(payload, ending...), f.context, len(want))
	if err != nil {
		return fmt.Errorf("inflating: %w", err)
	}
	if f.takeover {
		f.remember(message)
	}
	return compare(message, want, 0)
}

// decode returns a message of at most limit octets, valid until the next call.
func (d *decoder) decode(stream, context []byte, limit int) ([]byte, error) {
	d.input.Reset(stream)
	if err := d.reader.(flate.Resetter).Reset(&d.input, context); err != nil {
		return nil, err
	}
	if len(d.output) <= limit {
		d.output = make([]byte, limit+1)
	}
	output := d.output[:limit+1]
	for n := 0; ; {
		m, err := d.reader.Read(output[n:])
		if n += m; n > limit {
			return nil, fmt.Errorf("got a message of more than %d octets", limit)
		}
		if err == io.EOF {
			return output[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// remember keeps the last octets for the next message.
func (f *inflater) remember(message []byte) {
	if len(message) >= window {
		f.context = append(f.context[:0], message[len(message)-window:]...)
		return
	}
	if over := len(f.context) + len(message) - window; over > 0 {
		f.context = f.context[:copy(f.context, f.context[over:])]
	}
	f.context = append(f.context, message...)
}
