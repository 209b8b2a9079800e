package connect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/everwire/everwire/websocket"
)

// all takes all messages of a source.
func all(s source) (list []string, typ websocket.MessageType, err error) {
	for {
		m, err := s.next(nil)
		if err == io.EOF {
			return list, typ, nil
		}
		if err != nil {
			return list, typ, err
		}
		list, typ = append(list, string(m.data)), m.typ
	}
}

func TestSource(t *testing.T) {
	long := strings.Repeat("x", 3*rawRead)
	tests := []struct {
		name   string
		format Format
		input  string
		want   []string
		typ    websocket.MessageType
		err    string
	}{
		{"no lines", Lines, "", nil, 0, ""},
		{"lines", Lines, "a\n\nb\r\n", []string{"a", "", "b\r"}, websocket.Text, ""},
		{"a line without its end", Lines, "a\nb", []string{"a", "b"}, websocket.Text, ""},
		{"a long line", Lines, long + "\n" + long, []string{long, long}, websocket.Text, ""},
		{"an octet 0", Null, "a\nb\x00\x00c", []string{"a\nb", "", "c"}, websocket.Text, ""},
		{"lengths", Prefixed, "\x00\x00\x00\x02ab\x00\x00\x00\x00\x00\x00\x00\x01\n", []string{"ab", "", "\n"}, websocket.Binary, ""},
		{"a length cut off", Prefixed, "\x00\x00\x00\x00\x00\x00", []string{""}, websocket.Binary, "it ends inside a length: after 2 of 4 octets"},
		{"a message cut off", Prefixed, "\xff\xff\xff\xffab", nil, 0, "it ends inside a message: after 2 of the 4294967295 octets that its length says"},
		{"the whole", Whole, "a\nb\n", []string{"a\nb\n"}, websocket.Text, ""},
		{"the whole of nothing", Whole, "", nil, 0, ""},
		{"the whole, binary", WholeBinary, "a\nb\n", []string{"a\nb\n"}, websocket.Binary, ""},
	}
	for _, tt := range tests {
		for name, r := range map[string]io.Reader{
			"": strings.NewReader(tt.input), ", octet by octet": iotest.OneByteReader(strings.NewReader(tt.input)),
			", with the end": iotest.DataErrReader(strings.NewReader(tt.input)),
		} {
			t.Run(tt.name+name, func(t *testing.T) {
				got, typ, err := all(newSource(r, tt.format))
				if !slices.Equal(got, tt.want) || typ != tt.typ || err != nil && err.Error() != tt.err || err == nil && tt.err != "" {
					t.Errorf("%.100q of type %d, %v", got, typ, err)
				}
			})
		}
	}
}

func TestRawSource(t *testing.T) {
	broken := errors.New("broken")
	s := newSource(io.MultiReader(strings.NewReader("ab"), strings.NewReader("c"), iotest.ErrReader(broken)), Raw)
	if got, typ, err := all(s); !slices.Equal(got, []string{"ab", "c"}) || typ != websocket.Binary || err != broken {
		t.Errorf("%q of type %d, %v", got, typ, err)
	}
}

// FuzzSource sees that what is read of a stream with lengths, or with lines, is what the stream is made of.
func FuzzSource(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02ab\x00\x00"))
	f.Add([]byte("a\n\nb"))
	f.Fuzz(func(t *testing.T, input []byte) {
		messages, _, err := all(newSource(bytes.NewReader(input), Prefixed))
		var back []byte
		for _, m := range messages {
			back = append(binary.BigEndian.AppendUint32(back, uint32(len(m))), m...)
		}
		if !bytes.HasPrefix(input, back) || err == nil && len(back) != len(input) {
			t.Errorf("of %q came %q, %v", input, messages, err)
		}
		lines, _, err := all(newSource(bytes.NewReader(input), Lines))
		joined := strings.Join(lines, "\n")
		if joined != strings.TrimSuffix(string(input), "\n") || err != nil {
			t.Errorf("of %q came %q, %v", input, lines, err)
		}
	})
}
