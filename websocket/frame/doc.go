// Package frame is the wire format of WebSocket: RFC 6455 §5 as plain values and functions.
//
// It reads and writes frame headers ([Header]), masks payloads ([Mask]), checks UTF-8 as it arrives
// ([UTF8]) and packs the body of Close frames ([ParseClose], [AppendClose]). It is sans-I/O: bytes go
// in, values come out; nothing here opens a socket, starts a goroutine, reads a clock or keeps the
// caller's bytes.
//
// On amd64 with AVX2 and on arm64, masking and checking are written in assembly. The build tag purego
// leaves that out; what they do is the same.
//
// A frame on the wire is a header of 2 to 14 octets followed by its payload:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|F|R|R|R| opcode|M| length, 7   |  length, 16 or 64 bits, if    |
//	|I|S|S|S|       |A| bits        |  the 7 bits are 126 or 127    |
//	|N|V|V|V|       |S|             |                               |
//	| |1|2|3|       |K|             |  then the key, if MASK is set |
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//
// Most programs want the package websocket above this one. This one is for who writes a proxy, an
// inspector or a test that must see frames as they are.
package frame
