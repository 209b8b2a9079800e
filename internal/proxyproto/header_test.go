package proxyproto

import (
	"encoding/binary"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// binaryHeader is one of version 2 with that command and family.
func binaryHeader(command, family byte, block string) string {
	b := append([]byte(signature2), 0x20|command, family)
	return string(binary.BigEndian.AppendUint16(b, uint16(len(block)))) + block
}

// blockOf is the address block of version 2.
func blockOf(source, destination netip.AddrPort) string {
	b := append(source.Addr().AsSlice(), destination.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, source.Port())
	return string(binary.BigEndian.AppendUint16(b, destination.Port()))
}

var (
	client4, server4 = netip.MustParseAddrPort("192.0.2.7:56324"), netip.MustParseAddrPort("198.51.100.1:443")
	client6, server6 = netip.MustParseAddrPort("[2001:db8::7]:65535"), netip.MustParseAddrPort("[2001:db8::1]:0")
	tcp4, tcp6       = Header{client4, server4}, Header{client6, server6}

	block4, block6 = blockOf(client4, server4), blockOf(client6, server6)
)

const longest = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"

var goodHeaders = []struct {
	name, text string
	want       Header
}{
	{"TCP4", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", tcp4},
	{"TCP6", "PROXY TCP6 2001:db8::7 2001:DB8::1 65535 0\r\n", tcp6},
	{"TCP6 with IPv4 in it", "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:c633:6401 56324 443\r\n", tcp4},
	{"UNKNOWN", "PROXY UNKNOWN\r\n", Header{}},
	{"UNKNOWN with anything", "PROXY UNKNOWN \x00\xff PROXY TCP4\r\n", Header{}},
	{"the longest line", longest, Header{}},

	{"version 2, IPv4", binaryHeader(1, 0x11, block4), tcp4},
	{"version 2, IPv6", binaryHeader(1, 0x21, block6), tcp6},
	{"version 2, IPv4 in IPv6", binaryHeader(1, 0x21, blockOf(
		netip.MustParseAddrPort("[::ffff:192.0.2.7]:56324"), netip.MustParseAddrPort("[::ffff:198.51.100.1]:443"))), tcp4},
	{"version 2 with extensions", binaryHeader(1, 0x11, block4+"\x04\x00\x03abc"), tcp4},
	{"as long as may be", binaryHeader(1, 0x11, block4+strings.Repeat("x", MaxSize-16-len(block4))), tcp4},
	{"LOCAL", binaryHeader(0, 0, ""), Header{}},
	{"LOCAL with addresses", binaryHeader(0, 0x11, block4), Header{}},
	{"LOCAL of a family there is not", binaryHeader(0, 0xff, "x"), Header{}},
	{"UNSPEC", binaryHeader(1, 0, ""), Header{}},
	{"UDP", binaryHeader(1, 0x12, block4), Header{}},
	{"a Unix socket", binaryHeader(1, 0x31, strings.Repeat("\x00", 216)), Header{}},
}

func TestParse(t *testing.T) {
	for _, row := range goodHeaders {
		t.Run(row.name, func(t *testing.T) {
			h, n, err := Parse([]byte(row.text + "GET / HTTP/1.1\r\n"))
			if h != row.want || n != len(row.text) || err != nil {
				t.Errorf("Parse = %v, %d, %v; want %v, %d", h, n, err, row.want, len(row.text))
			}
			for i := range len(row.text) {
				if h, n, err := Parse([]byte(row.text[:i])); h != (Header{}) || n != 0 || err != nil {
					t.Fatalf("Parse of %d octets = %v, %d, %v", i, h, n, err)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tcp := func(rest string) string { return "PROXY TCP4 " + rest + "\r\n" }
	for _, row := range []struct {
		name, text string
		want       error
	}{
		{"HTTP", "GET / HTTP/1.1\r\n", ErrSignature},
		{"TLS", "\x16\x03\x01", ErrSignature},
		{"one wrong octet", "G", ErrSignature},
		{"an empty line", "\r\n\r\nG", ErrSignature},
		{"lower case", "proxy TCP4", ErrSignature},
		{"no space", "PROXY\r\n", ErrSignature},
		{"two spaces", "PROXY  TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", ErrLine},
		{"no family", "PROXY \r\n", ErrLine},
		{"another family", "PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n", ErrLine},
		{"UNKNOWN with something stuck to it", "PROXY UNKNOWNS\r\n", ErrLine},
		{"no addresses", "PROXY TCP4\r\n", ErrLine},
		{"one address", tcp("192.0.2.7 56324"), ErrLine},
		{"one port", tcp("192.0.2.7 198.51.100.1 56324"), ErrLine},
		{"three ports", tcp("192.0.2.7 198.51.100.1 56324 443 1"), ErrLine},
		{"a space at the end", tcp("192.0.2.7 198.51.100.1 56324 443 "), ErrLine},
		{"a tab", tcp("192.0.2.7\t198.51.100.1 56324 443"), ErrLine},
		{"IPv6 as TCP4", tcp("::1 ::1 1 1"), ErrLine},
		{"IPv4 as TCP6", "PROXY TCP6 192.0.2.7 198.51.100.1 56324 443\r\n", ErrLine},
		{"IPv6 with a zone", "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", ErrLine},
		{"a leading zero", tcp("192.0.2.07 198.51.100.1 56324 443"), ErrLine},
		{"three numbers", tcp("192.0.2 198.51.100.1 56324 443"), ErrLine},
		{"the destination is none", tcp("192.0.2.7 here 56324 443"), ErrLine},
		{"a leading zero in a port", tcp("192.0.2.7 198.51.100.1 056324 443"), ErrLine},
		{"a signed port", tcp("192.0.2.7 198.51.100.1 +1 443"), ErrLine},
		{"a big port", tcp("192.0.2.7 198.51.100.1 65536 443"), ErrLine},
		{"an empty port", tcp("192.0.2.7 198.51.100.1  443"), ErrLine},
		{"LF alone", "PROXY UNKNOWN\n", ErrLine},
		{"CR alone", "PROXY UNKNOWN\r ", ErrLine},
		{"CR twice", "PROXY UNKNOWN\r\r\n", ErrLine},
		{"a line without an end", "PROXY UNKNOWN " + strings.Repeat("x", 93), ErrTooLong},
		{"a line too long by one", strings.Replace(longest, "\r\n", "5\r\n", 1)[:107], ErrTooLong},

		{"version 1 in binary", signature2 + "\x11", ErrBinary},
		{"version 3", signature2 + "\x31", ErrBinary},
		{"another command", binaryHeader(2, 0x11, block4), ErrBinary},
		{"another family, binary", binaryHeader(1, 0x41, block4), ErrBinary},
		{"another protocol", binaryHeader(1, 0x13, block4), ErrBinary},
		{"another protocol, at once", binaryHeader(1, 0x13, block4)[:16], ErrBinary},
		{"IPv4 too short", binaryHeader(1, 0x11, block4[1:]), ErrBinary},
		{"IPv6 too short", binaryHeader(1, 0x21, block6[1:]), ErrBinary},
		{"too long by one, at once", binaryHeader(1, 0x11, strings.Repeat("x", MaxSize-15))[:16], ErrTooLong},
		{"64 KiB", binaryHeader(0, 0, strings.Repeat("x", 65535)), ErrTooLong},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, n, err := Parse([]byte(row.text))
			if err != row.want || h != (Header{}) || n != 0 {
				t.Errorf("Parse = %v, %d, %v; want %v", h, n, err, row.want)
			}
		})
	}
}

// naiveLine is version 1 as a regular expression; the addresses are for netip to judge.
var naiveLine = regexp.MustCompile(`(?s)^PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP[46]) ([^ \r\n]+) ([^ \r\n]+) (0|[1-9][0-9]*) (0|[1-9][0-9]*))\r\n`)

func naive(s string) (h Header, n int, ok bool) {
	if m := naiveLine.FindStringSubmatch(s); m != nil && len(m[0]) <= 107 {
		if m[1] == "" {
			return Header{}, len(m[0]), true
		}
		source, destination := naiveAddress(m[1], m[2], m[4]), naiveAddress(m[1], m[3], m[5])
		return Header{source, destination}, len(m[0]), source.IsValid() && destination.IsValid()
	}
	if !strings.HasPrefix(s, signature2) || len(s) < 16 {
		return Header{}, 0, false
	}
	n = 16 + int(s[14])*256 + int(s[15])
	if n > MaxSize || len(s) < n {
		return Header{}, 0, false
	}
	block := []byte(s[16:n])
	switch code := s[12:14]; {
	case code[0] == 0x20, code[0] == 0x21 && strings.Contains("\x00\x01\x02\x10\x12\x20\x22\x30\x31\x32", code[1:]):
		return Header{}, n, true
	case code == "\x21\x11" && len(block) >= 12:
		h.Source = netip.AddrPortFrom(netip.AddrFrom4([4]byte(block)), uint16(block[8])<<8|uint16(block[9]))
		h.Destination = netip.AddrPortFrom(netip.AddrFrom4([4]byte(block[4:])), uint16(block[10])<<8|uint16(block[11]))
		return h, n, true
	case code == "\x21\x21" && len(block) >= 36:
		h.Source = netip.AddrPortFrom(netip.AddrFrom16([16]byte(block)).Unmap(), uint16(block[32])<<8|uint16(block[33]))
		h.Destination = netip.AddrPortFrom(netip.AddrFrom16([16]byte(block[16:])).Unmap(), uint16(block[34])<<8|uint16(block[35]))
		return h, n, true
	}
	return Header{}, 0, false
}

func naiveAddress(family, address, port string) netip.AddrPort {
	a, err := netip.ParseAddr(address)
	p, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || p > 65535 || strings.Contains(address, "%") || a.Is4() != (family == "TCP4") {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(p))
}

// FuzzParse compares Parse with the naive reading, and checks what it says of each beginning of a header.
func FuzzParse(f *testing.F) {
	for _, row := range goodHeaders {
		f.Add([]byte(row.text), 1)
		f.Add([]byte(row.text+"x"), len(row.text)-1)
	}
	f.Add([]byte("PROXY UNKNOWN\r\r\n"), 14)
	f.Add([]byte(longest[:106]+"\r\n"), 107)
	f.Fuzz(func(t *testing.T, b []byte, split int) {
		h, n, err := Parse(b)
		want, size, ok := naive(string(b))
		if ok != (n > 0) || ok && (h != want || n != size) {
			t.Fatalf("Parse = %v, %d, %v; by the naive reading %v, %d, %v", h, n, err, want, size, ok)
		}
		if n > 0 && err != nil || n > len(b) || n == 0 && err == nil && len(b) >= MaxSize {
			t.Fatalf("Parse of %d octets = %d, %v", len(b), n, err)
		}
		if split < 0 || split >= len(b) {
			return
		}
		_, m, early := Parse(b[:split])
		switch {
		case n > split && (m != 0 || early != nil):
			t.Errorf("Parse of %d octets of the header's %d = %d, %v", split, n, m, early)
		case n > 0 && n <= split && m != n:
			t.Errorf("a header of %d octets has %d with fewer behind it", n, m)
		case early != nil && early != err:
			t.Errorf("Parse said %v of %d octets, then %v", early, split, err)
		}
	})
}
