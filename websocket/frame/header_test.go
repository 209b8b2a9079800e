package frame_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

// octets reads hex, with spaces between what belongs apart.
func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// key is the masking key of the examples in RFC 6455 §5.7: 37 fa 21 3d on the wire.
const key = 0x3d21fa37

var headers = []struct {
	name   string
	header frame.Header
	wire   string
}{
	{"zero value", frame.Header{}, "00 00"},

	{"RFC §5.7 unmasked text", frame.Header{Fin: true, Opcode: frame.Text, Length: 5}, "81 05"},
	{"RFC §5.7 masked text", frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Key: key, Length: 5}, "81 85 37fa213d"},
	{"RFC §5.7 first fragment", frame.Header{Opcode: frame.Text, Length: 3}, "01 03"},
	{"RFC §5.7 last fragment", frame.Header{Fin: true, Opcode: frame.Continuation, Length: 2}, "80 02"},
	{"RFC §5.7 unmasked ping", frame.Header{Fin: true, Opcode: frame.Ping, Length: 5}, "89 05"},
	{"RFC §5.7 masked pong", frame.Header{Fin: true, Opcode: frame.Pong, Masked: true, Key: key, Length: 5}, "8a 85 37fa213d"},
	{"RFC §5.7 256 octets", frame.Header{Fin: true, Opcode: frame.Binary, Length: 256}, "82 7e 0100"},
	{"RFC §5.7 64 KiB", frame.Header{Fin: true, Opcode: frame.Binary, Length: 65536}, "82 7f 0000000000010000"},

	{"length 0", frame.Header{Length: 0}, "00 00"},
	{"length 1", frame.Header{Length: 1}, "00 01"},
	{"length 125", frame.Header{Length: 125}, "00 7d"},
	{"length 126", frame.Header{Length: 126}, "00 7e 007e"},
	{"length 127", frame.Header{Length: 127}, "00 7e 007f"},
	{"length 65535", frame.Header{Length: 65535}, "00 7e ffff"},
	{"length 65536", frame.Header{Length: 65536}, "00 7f 0000000000010000"},
	{"length 2^31-1", frame.Header{Length: 1<<31 - 1}, "00 7f 000000007fffffff"},
	{"length 2^31", frame.Header{Length: 1 << 31}, "00 7f 0000000080000000"},
	{"length 2^32", frame.Header{Length: 1 << 32}, "00 7f 0000000100000000"},
	{"length 2^63-1", frame.Header{Length: math.MaxInt64}, "00 7f 7fffffffffffffff"},
	{"length with every octet different", frame.Header{Length: 0x0123456789abcdef}, "00 7f 0123456789abcdef"},

	{"masked, length 0", frame.Header{Masked: true, Key: key, Length: 0}, "00 80 37fa213d"},
	{"masked, length 1", frame.Header{Masked: true, Key: key, Length: 1}, "00 81 37fa213d"},
	{"masked, length 125", frame.Header{Masked: true, Key: key, Length: 125}, "00 fd 37fa213d"},
	{"masked, length 126", frame.Header{Masked: true, Key: key, Length: 126}, "00 fe 007e 37fa213d"},
	{"masked, length 127", frame.Header{Masked: true, Key: key, Length: 127}, "00 fe 007f 37fa213d"},
	{"masked, length 65535", frame.Header{Masked: true, Key: key, Length: 65535}, "00 fe ffff 37fa213d"},
	{"masked, length 65536", frame.Header{Masked: true, Key: key, Length: 65536}, "00 ff 0000000000010000 37fa213d"},
	{"masked, length 2^31", frame.Header{Masked: true, Key: key, Length: 1 << 31}, "00 ff 0000000080000000 37fa213d"},
	{"masked, length 2^63-1", frame.Header{Masked: true, Key: key, Length: math.MaxInt64}, "00 ff 7fffffffffffffff 37fa213d"},
	{"masked with key 0", frame.Header{Masked: true, Length: 1}, "00 81 00000000"},

	{"opcode continuation", frame.Header{Opcode: frame.Continuation}, "00 00"},
	{"opcode text", frame.Header{Opcode: frame.Text}, "01 00"},
	{"opcode binary", frame.Header{Opcode: frame.Binary}, "02 00"},
	{"opcode 0x3", frame.Header{Opcode: 0x3}, "03 00"},
	{"opcode 0x4", frame.Header{Opcode: 0x4}, "04 00"},
	{"opcode 0x5", frame.Header{Opcode: 0x5}, "05 00"},
	{"opcode 0x6", frame.Header{Opcode: 0x6}, "06 00"},
	{"opcode 0x7", frame.Header{Opcode: 0x7}, "07 00"},
	{"opcode close", frame.Header{Opcode: frame.Close}, "08 00"},
	{"opcode ping", frame.Header{Opcode: frame.Ping}, "09 00"},
	{"opcode pong", frame.Header{Opcode: frame.Pong}, "0a 00"},
	{"opcode 0xB", frame.Header{Opcode: 0xB}, "0b 00"},
	{"opcode 0xC", frame.Header{Opcode: 0xC}, "0c 00"},
	{"opcode 0xD", frame.Header{Opcode: 0xD}, "0d 00"},
	{"opcode 0xE", frame.Header{Opcode: 0xE}, "0e 00"},
	{"opcode 0xF", frame.Header{Opcode: 0xF}, "0f 00"},

	{"FIN", frame.Header{Fin: true}, "80 00"},
	{"RSV1", frame.Header{Rsv: frame.Rsv1}, "40 00"},
	{"RSV2", frame.Header{Rsv: frame.Rsv2}, "20 00"},
	{"RSV3", frame.Header{Rsv: frame.Rsv3}, "10 00"},
	{"all reserved bits", frame.Header{Rsv: frame.Rsv1 | frame.Rsv2 | frame.Rsv3}, "70 00"},
	{
		"every bit set",
		frame.Header{Fin: true, Rsv: 7, Opcode: 0xF, Masked: true, Key: math.MaxUint32, Length: math.MaxInt64},
		"ff ff 7fffffffffffffff ffffffff",
	},
}

// used is a header full of an earlier frame, which Parse must overwrite whole.
var used = frame.Header{Fin: true, Rsv: 7, Opcode: 0xF, Masked: true, Key: math.MaxUint32, Length: math.MaxInt64}

func TestHeader(t *testing.T) {
	for _, row := range headers {
		t.Run(row.name, func(t *testing.T) {
			wire := octets(t, row.wire)

			if got := row.header.Append(nil); !bytes.Equal(got, wire) {
				t.Errorf("Append = % x, want % x", got, wire)
			}
			if got := row.header.Append([]byte("before")); string(got) != "before"+string(wire) {
				t.Errorf("Append to %q = %q", "before", got)
			}
			if got := row.header.Size(); got != len(wire) {
				t.Errorf("Size = %d, want %d", got, len(wire))
			}
			if len(wire) > frame.MaxHeaderSize {
				t.Errorf("%d octets, more than MaxHeaderSize", len(wire))
			}

			h := used
			if n, err := h.Parse(wire); n != len(wire) || err != nil || h != row.header {
				t.Errorf("Parse = %d, %v, %+v, want %d, %+v", n, err, h, len(wire), row.header)
			}
			h = used
			payload := append(bytes.Clone(wire), "\xff\xff\xff\xff payload"...)
			if n, err := h.Parse(payload); n != len(wire) || err != nil || h != row.header {
				t.Errorf("Parse with a payload behind = %d, %v, %+v, want %d, %+v", n, err, h, len(wire), row.header)
			}
			for short := range wire {
				h = used
				if n, err := h.Parse(wire[:short]); n != 0 || err != nil {
					t.Errorf("Parse of %d octets out of %d = %d, %v, want 0", short, len(wire), n, err)
				}
			}
		})
	}
}

var refusedHeaders = []struct {
	name   string
	wire   string // up to the end of the header
	seenAt int    // how many octets it takes to see the fault
	detail string
}{
	{"16 bits for 0", "82 7e 0000", 4, "a payload length is not in its shortest form"},
	{"16 bits for 125", "82 7e 007d", 4, "a payload length is not in its shortest form"},
	{"16 bits for 125, masked", "82 fe 007d 37fa213d", 4, "a payload length is not in its shortest form"},
	{"64 bits for 0", "82 7f 0000000000000000", 10, "a payload length is not in its shortest form"},
	{"64 bits for 125", "82 7f 000000000000007d", 10, "a payload length is not in its shortest form"},
	{"64 bits for 126", "82 7f 000000000000007e", 10, "a payload length is not in its shortest form"},
	{"64 bits for 65535", "82 7f 000000000000ffff", 10, "a payload length is not in its shortest form"},
	{"64 bits for 65535, masked", "82 ff 000000000000ffff 37fa213d", 10, "a payload length is not in its shortest form"},
	{"top bit alone", "82 7f 8000000000000000", 3, "a 64-bit payload length has its top bit set"},
	{"all bits of the length", "82 7f ffffffffffffffff", 3, "a 64-bit payload length has its top bit set"},
	{"top bit, masked", "82 ff 8000000000000001 37fa213d", 3, "a 64-bit payload length has its top bit set"},
}

func TestHeaderRefused(t *testing.T) {
	for _, row := range refusedHeaders {
		t.Run(row.name, func(t *testing.T) {
			wire := octets(t, row.wire)
			for here := range len(wire) + 1 {
				var h frame.Header
				n, err := h.Parse(wire[:here])
				if n != 0 {
					t.Errorf("Parse of %d octets took %d, want 0", here, n)
				}
				if here < row.seenAt {
					if err != nil {
						t.Errorf("Parse of %d octets: %v, want no error before %d", here, err, row.seenAt)
					}
					continue
				}
				var v *frame.Violation
				if !errors.As(err, &v) {
					t.Fatalf("Parse of %d octets: error %v, want a *Violation", here, err)
				}
				want := frame.Violation{Code: frame.CloseProtocolError, Section: "RFC 6455 §5.2", Detail: row.detail}
				if *v != want {
					t.Errorf("Parse of %d octets: %+v, want %+v", here, *v, want)
				}
			}
		})
	}
}

// Every combination of fields, at lengths to both sides of each boundary.
func TestHeaderAppendThenParseGivesTheSameHeader(t *testing.T) {
	lengths := []int64{0, 1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537, 1 << 31, 1 << 32, math.MaxInt64}
	var buf [frame.MaxHeaderSize]byte
	for b0 := range 256 {
		for _, masked := range []bool{false, true} {
			for _, length := range lengths {
				want := frame.Header{
					Fin: b0&0x80 != 0, Rsv: uint8(b0 >> 4 & 7), Opcode: frame.Opcode(b0 & 0xF), Masked: masked, Length: length,
				}
				if masked {
					want.Key = key
				}
				wire := want.Append(buf[:0])
				if len(wire) != want.Size() {
					t.Fatalf("%+v: Size = %d, Append added %d", want, want.Size(), len(wire))
				}
				var got frame.Header
				if n, err := got.Parse(wire); n != len(wire) || err != nil || got != want {
					t.Fatalf("%+v became % x became %d, %v, %+v", want, wire, n, err, got)
				}
			}
		}
	}
}

// Every pair of first octets, with several lengths behind.
func TestHeaderParseThenAppendGivesTheSameOctets(t *testing.T) {
	var buf [frame.MaxHeaderSize]byte
	for _, row := range []struct {
		rest                 string
		refused16, refused64 bool // when read as a length of so many bits
	}{
		{"0102030405060708 090a0b0c", false, false},
		{"0000000000010000 37fa213d", true, false},
		{"000000000000ffff 37fa213d", true, true},
		{"007e000000000000 00000000", false, false},
		{"7fffffffffffffff ffffffff", false, false},
		{"8000000000000000 01020304", false, true},
	} {
		wire := append([]byte{0, 0}, octets(t, row.rest)...)
		for first := range 1 << 16 {
			wire[0], wire[1] = byte(first>>8), byte(first)
			l := wire[1] & 0x7F
			refused := l == 126 && row.refused16 || l == 127 && row.refused64
			var h frame.Header
			n, err := h.Parse(wire)
			if (err != nil) != refused {
				t.Fatalf("Parse(% x): error %v, want one: %v", wire, err, refused)
			}
			if err != nil {
				continue
			}
			if got := h.Append(buf[:0]); n == 0 || !bytes.Equal(got, wire[:n]) {
				t.Fatalf("Parse(% x) = %d, Append = % x", wire, n, got)
			}
		}
	}
}

func TestHeaderDoesNotAllocate(t *testing.T) {
	full := frame.Header{Masked: true, Key: key, Length: math.MaxInt64}
	buf := make([]byte, 0, frame.MaxHeaderSize)
	wire := full.Append(nil)
	refused := octets(t, "82 7f 8000000000000000")
	var h frame.Header
	for name, f := range map[string]func(){
		"Append with room": func() { full.Append(buf) },
		"Parse":            func() { h.Parse(wire) },
		"Parse refusing":   func() { h.Parse(refused) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestOpcode(t *testing.T) {
	for _, row := range []struct {
		opcode            frame.Opcode
		control, reserved bool
		name              string
	}{
		{0x0, false, false, "continuation"},
		{0x1, false, false, "text"},
		{0x2, false, false, "binary"},
		{0x3, false, true, "reserved 0x3"},
		{0x4, false, true, "reserved 0x4"},
		{0x5, false, true, "reserved 0x5"},
		{0x6, false, true, "reserved 0x6"},
		{0x7, false, true, "reserved 0x7"},
		{0x8, true, false, "close"},
		{0x9, true, false, "ping"},
		{0xA, true, false, "pong"},
		{0xB, true, true, "reserved 0xB"},
		{0xC, true, true, "reserved 0xC"},
		{0xD, true, true, "reserved 0xD"},
		{0xE, true, true, "reserved 0xE"},
		{0xF, true, true, "reserved 0xF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.opcode.Control(); got != row.control {
				t.Errorf("Control = %v, want %v", got, row.control)
			}
			if got := row.opcode.Reserved(); got != row.reserved {
				t.Errorf("Reserved = %v, want %v", got, row.reserved)
			}
			if got := row.opcode.String(); got != row.name {
				t.Errorf("String = %q, want %q", got, row.name)
			}
		})
	}
}

func FuzzHeader(f *testing.F) {
	for _, row := range headers {
		f.Add(append(octets(f, row.wire), "Hello"...))
		f.Add(octets(f, row.wire))
	}
	for _, row := range refusedHeaders {
		f.Add(octets(f, row.wire))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := used
		n, err := h.Parse(data)
		switch {
		case err != nil:
			var v *frame.Violation
			if n != 0 || !errors.As(err, &v) || v.Code != frame.CloseProtocolError {
				t.Fatalf("Parse(% x) = %d, %v", data, n, err)
			}
		case n == 0:
			if len(data) >= frame.MaxHeaderSize {
				t.Fatalf("Parse(% x) wants more than the largest header", data)
			}
		case n < 0 || n > len(data) || h.Length < 0 || !h.Masked && h.Key != 0:
			t.Fatalf("Parse(% x) = %d, %+v", data, n, h)
		default:
			if got := h.Append(nil); !bytes.Equal(got, data[:n]) || h.Size() != n {
				t.Fatalf("Parse(% x) = %d, then Append = % x, Size = %d", data, n, got, h.Size())
			}
		}

		// A prefix gives the same answer or none, and none after one that was given.
		answered := false
		for i := range min(len(data), frame.MaxHeaderSize) + 1 {
			p := used
			pn, perr := p.Parse(data[:i])
			switch {
			case pn == 0 && perr == nil:
				if answered {
					t.Fatalf("Parse(% x) has no answer, though a shorter prefix had", data[:i])
				}
			case pn != n || fmt.Sprint(perr) != fmt.Sprint(err) || err == nil && p != h:
				t.Fatalf("Parse(% x) = %d, %v, %+v; of all: %d, %v, %+v", data[:i], pn, perr, p, n, err, h)
			default:
				answered = true
				if n > i {
					t.Fatalf("Parse(% x) took %d octets", data[:i], pn)
				}
			}
		}
	})
}

func BenchmarkHeaderParse(b *testing.B) {
	for _, h := range benchHeaders {
		b.Run(fmt.Sprintf("%doctets", h.Size()), func(b *testing.B) {
			wire := h.Append(nil)
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			var got frame.Header
			for b.Loop() {
				if n, _ := got.Parse(wire); n != len(wire) {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkHeaderAppend(b *testing.B) {
	for _, h := range benchHeaders {
		b.Run(fmt.Sprintf("%doctets", h.Size()), func(b *testing.B) {
			buf := make([]byte, 0, frame.MaxHeaderSize)
			b.ReportAllocs()
			b.SetBytes(int64(h.Size()))
			for b.Loop() {
				buf = h.Append(buf[:0])
			}
		})
	}
}

var benchHeaders = []frame.Header{
	{Fin: true, Opcode: frame.Text, Length: 16},
	{Fin: true, Opcode: frame.Text, Masked: true, Key: key, Length: 16},
	{Fin: true, Opcode: frame.Binary, Masked: true, Key: key, Length: 1024},
	{Fin: true, Opcode: frame.Binary, Masked: true, Key: key, Length: 1 << 20},
}
