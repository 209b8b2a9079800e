package proxyproto

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// MaxSize is the most octets a header may have that Parse accepts. Version 2 could announce 64 KiB; what is of use
// are 52 octets, and the extensions in the wild (TLVs) are some hundred.
const MaxSize = 4 << 10

const maxLine = 107 // proxy-protocol.txt, section 2.1: the longest line of version 1, CRLF included

const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// Header says between whom the connection is that a proxy passes on.
type Header struct {
	// Source is the client's address and Destination the one that it connected to; IPv4 in IPv6 is unmapped.
	// Both are the zero value if the header names none that TCP has: then the connection's own addresses
	// hold. That is so of a proxy's health check (LOCAL) and for UNKNOWN, UNSPEC, UDP and Unix sockets.
	Source, Destination netip.AddrPort
}

// Error says what is wrong with a header.
type Error string

// Error returns it.
func (e Error) Error() string { return "PROXY protocol: " + string(e) }

const (
	ErrSignature Error = "no header"
	ErrLine      Error = "malformed line of version 1"
	ErrBinary    Error = "malformed header of version 2"
	ErrTooLong   Error = "the header is too long"
	ErrTimeout   Error = "no header came in time" // of a Listener's connections
)

// Parse reads the header that b begins with and returns how many octets it has; what is behind them is not its
// business. If b is right as far as it goes and the header goes on, n is 0 and err is nil. The error is an
// [Error] and does not go away with more octets; what is no header at all is one from the first octet that is wrong.
// Extensions (TLVs) are skipped, their checksum included: TCP has one.
//
// No header has more than [MaxSize] octets, so no more need to be kept.
func Parse(b []byte) (h Header, n int, err error) {
	switch {
	case begins(b, signature2):
		return parseBinary(b)
	case begins(b, signature1):
		return parseLine(b)
	}
	return Header{}, 0, ErrSignature
}

// begins reports whether b begins with the signature, or is a beginning of it.
func begins(b []byte, signature string) bool {
	n := min(len(b), len(signature))
	return string(b[:n]) == signature[:n]
}

// parseLine reads version 1 (section 2.1).
func parseLine(b []byte) (Header, int, error) {
	within := b[:min(len(b), maxLine)]
	end := bytes.IndexAny(within, "\r\n")
	last := end < 0 || end+1 == len(within)
	switch {
	case end >= 0 && within[end] == '\n':
		return Header{}, 0, ErrLine
	case last && len(within) == maxLine:
		return Header{}, 0, ErrTooLong
	case last:
		return Header{}, 0, nil
	case within[end+1] != '\n':
		return Header{}, 0, ErrLine
	}
	h, ok := parseAddresses(string(within[len(signature1):end]))
	if !ok {
		return Header{}, 0, ErrLine
	}
	return h, end + len("\r\n"), nil
}

func parseAddresses(s string) (h Header, ok bool) {
	family, rest, _ := strings.Cut(s, " ")
	if family == "UNKNOWN" { // whatever follows
		return Header{}, true
	}
	f := strings.Split(rest, " ")
	if len(f) != 4 {
		return Header{}, false
	}
	var okSource, okDestination bool
	h.Source, okSource = parseAddress(family, f[0], f[2])
	h.Destination, okDestination = parseAddress(family, f[1], f[3])
	return h, okSource && okDestination
}

func parseAddress(family, address, port string) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Zone() != "" || !(family == "TCP4" && addr.Is4() || family == "TCP6" && addr.Is6()) {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), true
}

// parseBinary reads version 2 (section 2.2).
func parseBinary(b []byte) (Header, int, error) {
	const (
		fixed = 16
		local = 0 // commands: the proxy's own connection, whose family means nothing,
		proxy = 1 // or a client's
	)
	if len(b) > 12 && b[12]>>4 != 2 {
		return Header{}, 0, ErrBinary
	}
	if len(b) < fixed {
		return Header{}, 0, nil
	}
	n := fixed + int(binary.BigEndian.Uint16(b[14:]))
	command, family := b[12]&0xf, b[13]
	switch {
	case n > MaxSize:
		return Header{}, 0, ErrTooLong
	case command != local && command != proxy, command == proxy && !knownFamily(family):
		return Header{}, 0, ErrBinary
	case len(b) < n:
		return Header{}, 0, nil
	case command == local:
		return Header{}, n, nil
	}
	h, ok := binaryAddresses(family, b[fixed:n])
	if !ok {
		return Header{}, 0, ErrBinary
	}
	return h, n, nil
}

// knownFamily reports whether version 2 has that family (UNSPEC, INET, INET6, UNIX) and protocol (UNSPEC, STREAM,
// DGRAM).
func knownFamily(f byte) bool { return f>>4 <= 3 && f&0xf <= 2 }

func binaryAddresses(family byte, b []byte) (h Header, ok bool) {
	size := 0
	switch family {
	case 0x11: // TCP over IPv4
		size = 4
	case 0x21: // TCP over IPv6
		size = 16
	default:
		return Header{}, true
	}
	if len(b) < 2*size+4 {
		return Header{}, false
	}
	source, _ := netip.AddrFromSlice(b[:size])
	destination, _ := netip.AddrFromSlice(b[size : 2*size])
	ports := b[2*size:]
	h.Source = netip.AddrPortFrom(source.Unmap(), binary.BigEndian.Uint16(ports))
	h.Destination = netip.AddrPortFrom(destination.Unmap(), binary.BigEndian.Uint16(ports[2:]))
	return h, true
}
