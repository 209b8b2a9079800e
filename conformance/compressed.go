package conformance

import (
	"bufio"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// deflated is a compressed message in one frame, whose payload is DEFLATE data as it stands.
func deflated(op byte, data string) frame {
	return frame{op: op, rsv: rsv1, payload: []byte(data)}
}

// deflated compresses a message by what was agreed on.
func (s *session) deflated(op byte, p []byte) frame {
	return frame{op: op, rsv: rsv1, payload: s.compress.Message(p)}
}

// printable makes octets that are text and repeat nothing, the same for the same seed.
func printable(seed uint64, n int) []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	random := rand.New(rand.NewPCG(seed, 7692))
	p := make([]byte, n)
	for i := range p {
		p[i] = letters[random.IntN(len(letters))]
	}
	return p
}

// farRepeats is a text in which there is, for each window but the largest, something that repeats what is
// just beyond it, and nothing between is alike: what it is compressed with shows whether it has kept to its
// window.
var farRepeats = sync.OnceValue(func() []byte {
	var p []byte
	for bits := 8; bits < 15; bits++ {
		repeated := printable(uint64(bits), 40)
		p = append(p, repeated...)
		p = append(p, printable(uint64(100+bits), 1<<bits+3-len(repeated))...)
		p = append(p, repeated...)
	}
	repeated := printable(15, 40)
	p = append(p, repeated...)
	p = append(p, printable(115, 1<<15-len(repeated))...) // just in the largest
	return append(p, repeated...)
})

// conversation are messages for a peer to echo: those that repeat one before show whether it keeps the
// context.
var conversation = sync.OnceValue(func() []event {
	short, long := printable(1, 200), printable(2, 2000)
	return []event{
		{kind: textMessage, data: farRepeats()},
		{kind: textMessage, data: short},
		{kind: textMessage, data: short},
		{kind: binaryMessage, data: long},
		{kind: binaryMessage, data: long},
		{kind: textMessage, data: []byte(strings.Repeat("Hello, ", 1000))},
		{kind: textMessage, data: long},
		{kind: textMessage, data: []byte("Hello")},
		{kind: binaryMessage},
		{kind: textMessage, data: []byte("Hello")},
	}
})

// converse has the conversation echoed under what was agreed on, and closes the connection. The reader judges
// how the peer compresses.
func (s *session) converse() {
	compressed := false
	for _, m := range conversation() {
		op := byte(opText)
		if m.kind == binaryMessage {
			op = opBinary
		}
		s.send(s.deflated(op, m.data))
		came := s.receive()
		if !came.is(m) {
			s.fail("%v was sent compressed, and %s came back", m, came)
			break
		}
		compressed = compressed || came.compressed
	}
	if !compressed {
		s.tell("the peer compresses none of its messages")
	}
	s.closeNow()
}

// plainly has a message echoed without compression, and closes the connection.
func (s *session) plainly() {
	p := strings.Repeat("Hello, ", 1000)
	s.send(text(p))
	s.expect(wantText(p))
	s.closeNow()
}

// anyDeflate are answers of which one fits what a client offers, if it offers permessage-deflate at all.
const anyDeflate = "permessage-deflate, permessage-deflate; server_no_context_takeover, " +
	"permessage-deflate; server_max_window_bits=8, permessage-deflate; server_no_context_takeover; server_max_window_bits=8"

// openDeflate makes a connection on which compression is agreed, with as few restrictions as the peer allows.
// A case is UNIMPLEMENTED if there is none.
func (s *session) openDeflate() {
	if s.peer == Client {
		s.open(anyDeflate)
		return
	}
	s.open(permessageDeflate)
	if s.deflate == nil {
		s.lacking("the server does not accept permessage-deflate")
		s.closeNow()
		panic(giveUp)
	}
}

// offer makes a handshake with offers in a field each. It returns false, and the answer's status, if the
// server refuses.
func (s *session) offer(fields ...string) (status string, ok bool) {
	s.connect()
	key := newKey()
	h := s.goodRequest(key)
	for _, f := range fields {
		h = h.and("Sec-WebSocket-Extensions", f)
	}
	s.answer = s.ask(h.String())
	if s.answer != nil && s.answer.StatusCode >= 400 {
		return s.answer.Status, false
	}
	if why := judgeAnswer(s.answer, key); why != "" {
		s.fail("the opening handshake failed: %s", why)
		panic(giveUp)
	}
	s.agree(strings.Join(fields, ", "), s.answer.Header.Values("Sec-WebSocket-Extensions"))
	return "", true
}

// compresses asks the server on another connection whether it knows permessage-deflate at all.
func (s *session) compresses() bool {
	nc, err := s.opts.dial(s.ctx, s.url)
	if err != nil {
		return false
	}
	defer nc.Close()
	nc.SetDeadline(deadline(s.ctx, s.patience))
	if _, err := nc.Write([]byte(s.goodRequest(newKey()).with("Sec-WebSocket-Extensions", permessageDeflate).String())); err != nil {
		return false
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), &http.Request{Method: http.MethodGet})
	if err != nil {
		return false
	}
	resp.Body.Close()
	return strings.Contains(resp.Header.Get("Sec-WebSocket-Extensions"), permessageDeflate)
}
