package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// A kind is one way of being hostile. Want are the outcomes that it should come to, by |.
type kind struct {
	name       string
	handshake  bool // is done before
	extensions string
	want       string
	attack     func(a *attacker) string
}

const (
	deflating = "permessage-deflate"
	cutOff    = "cut"
)

var (
	bomb      = deflated(64 << 20)
	twoBlocks = deflated(100<<10) + "\x00\x00\xff\xff"
	noise     = func() string {
		b := make([]byte, 20<<10)
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return stored(b)
	}()
)

// Frames that many attackers send are made once.
var (
	bombFrame   = message(0xC2, bomb)
	finals      = message(0xC2, twoBlocks+strings.Repeat("\x03\x00", 400_000)+"\x00")
	emptyBlocks = message(0xC2, strings.Repeat("\x00\x00\x00\xff\xff", 1<<18)+"\x00")
	session     = message(0x81, "Hello") + message(0x01, "Hel") + message(0x89, "ping") + message(0x80, "lo") +
		message(0xC1, "\xf2\x48\xcd\xc9\xc9\x07\x00") + message(0x82, strings.Repeat("x", 126))
)

var kinds = []kind{
	{"garbage for a handshake", false, "", "status 400", func(a *attacker) string {
		io.WriteString(a, "\x16\x03\x01garbage\r\n\r\n")
		return a.status()
	}},
	{"an octet per second of a handshake", false, "", cutOff + "|status 400|status 408", func(a *attacker) string {
		for _, b := range []byte(request("/", "")) {
			if _, err := a.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		return a.status()
	}},
	{"a header of 1 MiB", false, "", "status 431", func(a *attacker) string {
		go io.WriteString(a, strings.TrimSuffix(request("/", ""), "\r\n")+"X: "+strings.Repeat("x", 1<<20))
		return a.status()
	}},
	{"2^62 octets announced", true, "", "1009", func(a *attacker) string {
		return a.says("\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	}},
	{"2^63 octets announced", true, "", "1002", func(a *attacker) string {
		return a.says("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	}},
	{"a bomb of 1000:1", true, deflating, "1009", func(a *attacker) string { return a.says(bombFrame) }},
	{"many final blocks", true, deflating, "1007", func(a *attacker) string { return a.says(finals) }},
	{"empty blocks without end", true, deflating, "1009", func(a *attacker) string { return a.says(emptyBlocks) }},
	{"empty fragments without end", true, "", "1009", func(a *attacker) string {
		return a.floods(message(0x02, ""), message(0x00, ""))
	}},
	{"a compressed message never ended", true, deflating, "1008|" + cutOff, func(a *attacker) string {
		return a.says(message(0x42, noise))
	}},
	{"Pings without end", true, "", "1008", func(a *attacker) string { return a.floods("", message(0x89, strings.Repeat("p", 125))) }},
	{"Pongs without end", true, "", "1008", func(a *attacker) string { return a.floods("", message(0x8A, "")) }},
	{"Close frames without end", true, "", "1000", func(a *attacker) string {
		return a.floods("", message(0x88, "\x03\xe8"))
	}},
	{"messages after its Close frame", true, "", "1000", func(a *attacker) string {
		return a.floods(message(0x88, "\x03\xe8"), message(0x82, strings.Repeat("x", 1000)))
	}},
	{"speaks and never reads", true, "", cutOff, func(a *attacker) string {
		a.tcp.SetReadBuffer(4 << 10)
		large := message(0x82, strings.Repeat("x", 32<<10))
		for {
			if _, err := io.WriteString(a, large); err != nil {
				return cutOff
			}
		}
	}},
	{"an upload that does not read", true, "", "1009", func(a *attacker) string {
		return a.uploads(64 << 20)
	}},
	{"a half-close somewhere", true, deflating, cutOff, func(a *attacker) string {
		io.WriteString(a, session[:rand.IntN(len(session))])
		a.tcp.CloseWrite()
		return a.hear()
	}},
	{"a reset somewhere", true, deflating, cutOff, func(a *attacker) string {
		io.WriteString(a, session[:rand.IntN(len(session))])
		a.reset()
		return cutOff
	}},
	{"a violation, and it stays", true, "", "1002", func(a *attacker) string {
		io.WriteString(a, message(0xF2, ""))
		code := a.hear()
		io.Copy(io.Discard, a) // does not close its half
		return code
	}},
	{"silence", true, "", cutOff, func(a *attacker) string {
		io.Copy(io.Discard, a) // Pings are not answered
		return cutOff
	}},
	{"an octet per second of a message", true, "", cutOff + "|1008", func(a *attacker) string {
		for _, b := range []byte(message(0x82, strings.Repeat("x", 1000))) {
			if _, err := a.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		return a.hear()
	}},
}

// An attacker is one connection of it.
type attacker struct {
	net.Conn
	tcp *net.TCPConn
	in  *bufio.Reader
}

func newAttacker(nc net.Conn) *attacker {
	tcp, _ := nc.(*net.TCPConn)
	return &attacker{Conn: nc, tcp: tcp, in: bufio.NewReader(nc)}
}

func (a *attacker) reset() {
	a.tcp.SetLinger(0)
	a.tcp.Close()
}

func request(path, extensions string) string {
	r := "GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Iv8io/9s+lYFgZWcXczP8Q==\r\n"
	if extensions != "" {
		r += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	return r + "\r\n"
}

func (a *attacker) shakeHands(path, extensions string) error {
	if _, err := io.WriteString(a, request(path, extensions)); err != nil {
		return err
	}
	resp, err := http.ReadResponse(a.in, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = errors.New(resp.Status)
	}
	return err
}

// status reads the answer to what was no handshake.
func (a *attacker) status() string {
	resp, err := http.ReadResponse(a.in, nil)
	if err != nil {
		return cutOff
	}
	return fmt.Sprint("status ", resp.StatusCode)
}

// says writes, while it reads what comes of it.
func (a *attacker) says(wire string) string {
	go io.WriteString(a, wire)
	return a.hear()
}

// floods writes a piece again and again, while it reads what comes of it.
func (a *attacker) floods(first, piece string) string {
	go a.keepWriting(first, piece, 1<<30)
	return a.hear()
}

// uploads announces a message of a GiB and sends up to n octets of it; what comes of it is read only then.
func (a *attacker) uploads(n int64) string {
	a.keepWriting("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", zeros, n)
	return a.hear()
}

var zeros = string(make([]byte, 64<<10))

func (a *attacker) keepWriting(first, piece string, most int64) {
	_, err := io.WriteString(a, first)
	again := []byte(strings.Repeat(piece, max(1, (16<<10)/len(piece))))
	for n := int64(0); err == nil && n < most; n += int64(len(again)) {
		_, err = a.Write(again)
	}
}

// hear reads up to the Close frame, and returns its code, or that there was none.
func (a *attacker) hear() string {
	for {
		h, payload, err := readFrame(a.in)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return "nothing"
		case err != nil:
			return cutOff
		case h.Opcode == frame.Close:
			code, _, _ := frame.ParseClose(payload)
			return fmt.Sprint(int(code))
		}
	}
}

func readFrame(in *bufio.Reader) (h frame.Header, payload []byte, err error) {
	var b []byte
	for n := 0; n == 0; {
		c, err := in.ReadByte()
		if err != nil {
			return h, nil, err
		}
		b = append(b, c)
		if n, err = h.Parse(b); err != nil {
			return h, nil, err
		}
	}
	payload = make([]byte, h.Length)
	_, err = io.ReadFull(in, payload)
	return h, payload, err
}

// message is a frame of a client's, with a key of zeros.
func message(first byte, payload string) string {
	h := frame.Header{Fin: first&0x80 != 0, Rsv: first >> 4 & 7, Opcode: frame.Opcode(first & 15), Masked: true, Length: int64(len(payload))}
	return string(h.Append(nil)) + payload
}

// deflated compresses zeros, to a thousandth.
func deflated(n int) string { return compressed(make([]byte, n), flate.BestCompression) }

// stored is data in DEFLATE blocks that do not compress.
func stored(data []byte) string { return compressed(data, flate.NoCompression) }

func compressed(data []byte, level int) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, level)
	w.Write(data)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}
