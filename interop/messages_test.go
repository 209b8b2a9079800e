package interop

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// Messages of every size whose length is told differently, in both directions.
func messages(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	for _, m := range []struct {
		name string
		typ  websocket.MessageType
		data string
	}{
		{"text", websocket.Text, "hello"},
		{"binary", websocket.Binary, "\x00\x01\xFE\xFF"},
		{"empty text", websocket.Text, ""},
		{"empty binary", websocket.Binary, ""},
		{"text of one to four octets a character", websocket.Text, "z\x00 ß \u07FF ‱ \uFFFF 🧵 \U0010FFFF"},
		{"binary that is no UTF-8", websocket.Binary, "\xC0\x80\xED\xA0\x80"},
		{"the most with a length of 7 bits", websocket.Text, strings.Repeat("a", 125)},
		{"the least with a length of 16 bits", websocket.Text, strings.Repeat("b", 126)},
		{"the most with a length of 16 bits", websocket.Binary, strings.Repeat("c", 65535)},
		{"the least with a length of 64 bits", websocket.Text, strings.Repeat("d", 65536)},
	} {
		t.Run(m.name, func(t *testing.T) {
			us.send(t, m.typ, m.data)
			they.want(t, message(m.typ, m.data))
			they.do(t, "send", args{"text": m.typ == websocket.Text, "data": []byte(m.data)})
			us.want(t, message(m.typ, m.data))
		})
	}
}

// manyMessages are in order, however they fall into reads.
func manyMessages(t *testing.T, p pairing) {
	const count = 500
	us, they := p.connect(t, terms{})
	text := func(i int) string { return strings.Repeat("0123456789", i) }
	for i := range count {
		us.send(t, websocket.Text, text(i))
		they.do(t, "send", args{"text": true, "data": []byte(text(i))})
	}
	for i := range count {
		they.want(t, message(websocket.Text, text(i)))
		us.want(t, message(websocket.Text, text(i)))
	}
}

// largeMessages are of 16 MiB, which compression does not help, and of 256 KiB of text, which it does.
func largeMessages(t *testing.T, p pairing) {
	const most = 16 << 20
	tm := terms{theirs: args{"maxMessage": most}}
	tm.limit(websocket.Limits{MessageSize: most})
	us, they := p.connect(t, tm)
	for typ, part := range map[websocket.MessageType]string{
		websocket.Binary: noise(64 << 10),
		websocket.Text:   strings.Repeat("größer", 128), // 1 KiB
	} {
		const times = 256
		data := strings.Repeat(part, times)
		want := message(typ, data)
		us.send(t, typ, data)
		they.want(t, want)
		they.do(t, "send", args{"text": typ == websocket.Text, "data": []byte(part), "times": times})
		us.want(t, want)
	}
}

// theirFragments make one message, with control frames between them, also where a fragment ends inside a
// character or is empty.
func theirFragments(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{})
	const text = "häppchen"
	for i := range len(text) + 1 {
		they.do(t, "send", args{"text": true, "data": []byte(text[:i]), "fin": false})
		they.do(t, "ping", args{"data": []byte("between")})
		they.do(t, "pong", args{"data": []byte("unasked")})
		they.do(t, "send", args{"text": true, "data": []byte(text[i:])})
		they.want(t, pong("between"))
		if us.seesControl() {
			us.want(t, ping("between"))
			us.want(t, pong("unasked"))
		}
		us.want(t, message(websocket.Text, text))
	}
}

// ourFragments make one message, with a Ping between them that is answered before it has ended.
func ourFragments(t *testing.T, p pairing) {
	us, they := p.connect(t, terms{tapped: true})
	data := digits(256 << 10) // which leaves in pieces also when it is compressed
	source := &noticing{Reader: strings.NewReader(data), at: int64(len(data) / 2)}
	source.then = func() {
		if err := us.ping(); err != nil {
			t.Errorf("%s cannot ping inside a message: %v", us.whose, err)
		}
	}
	if err := us.stream(source, int64(len(data))); err != nil {
		t.Fatalf("%s cannot stream: %v", us.whose, err)
	}
	they.wantAny(t, "ping")
	they.want(t, message(websocket.Binary, data))

	var sent []string
	for _, h := range us.below.frames(t) {
		sent = append(sent, fmt.Sprintf("%s, fin %t", h.Opcode, h.Fin))
	}
	at := slices.Index(sent, "ping, fin true")
	last := len(sent) - 1
	if p.deflate != (us.below.frames(t)[0].Rsv == frame.Rsv1) {
		t.Errorf("%s: the message is compressed: %t; want %t", us.whose, !p.deflate, p.deflate)
	}
	if at < 1 || at >= last || sent[0] != "binary, fin false" || sent[last] != "continuation, fin true" {
		t.Errorf("%s sent %v; want the fragments of a message with a Ping between them", us.whose, sent)
	}
}

// noticing is a source that calls then once octets from at on are asked for.
type noticing struct {
	*strings.Reader
	at   int64
	then func()
	once sync.Once
}

func (s *noticing) ReadAt(b []byte, off int64) (int, error) {
	if off >= s.at {
		s.once.Do(s.then)
	}
	return s.Reader.ReadAt(b, off)
}

// noise is data that cannot be compressed, the same each time. After 64 KiB of it the window of DEFLATE has
// forgotten the beginning, so that many times the same is as good.
func noise(size int) string {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(b)
	return string(b)
}

// prose is of words in no order that come again and again, the same each time: compressed by itself it has about half
// the size.
func prose(size int) string {
	const letters = 10
	words := digits(64 * letters)
	var b strings.Builder
	for _, which := range []byte(noise(size)) {
		at := int(which) % 64 * letters
		b.WriteString(words[at:at+letters] + " ")
	}
	return b.String()[:size]
}

// digits are noise in hexadecimal digits: at best they are compressed to half the size, unless they repeat.
func digits(size int) string { return hex.EncodeToString([]byte(noise(size / 2))) }
