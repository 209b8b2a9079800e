package nats

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
	natsgo "github.com/nats-io/nats.go"
)

// The headers of a message in NATS; its payload is Data. A program that publishes by itself may leave out any
// of them.
const (
	headerPublisher = "Everwire-Publisher"
	headerID        = "Everwire-Id"
	headerType      = "Everwire-Type" // "text" or "binary"; default: text if it is UTF-8
	headerNode      = "Everwire-Node"
	headerTag       = "Everwire-Tag"
	headerTime      = "Everwire-Time" // in plain rooms: nanoseconds since 1970

	// Those that JetStream reads and adds.
	headerMessageID    = "Nats-Msg-Id"
	headerStream       = "Nats-Stream"
	headerSubject      = "Nats-Subject"
	headerSequence     = "Nats-Sequence"
	headerLastSequence = "Nats-Last-Sequence"
	headerTimeStamp    = "Nats-Time-Stamp"
	headerPending      = "Nats-Num-Pending"
	headerUpTo         = "Nats-UpTo-Sequence"
	headerStatus       = "Status"
)

// maxField is how long Publisher, ID or Node of a message that comes from NATS may be; one that is longer is
// left out.
const maxField = 4096

// encode makes of a message what is published on a subject.
func encode(subject string, m *hub.Message, logged bool) *natsgo.Msg {
	header := make(natsgo.Header, 6)
	set := func(key, value string) {
		if value != "" {
			header[key] = []string{escape(value)}
		}
	}
	set(headerPublisher, m.Publisher)
	set(headerID, m.ID)
	set(headerNode, m.Node)
	if m.Type == websocket.Binary {
		set(headerType, "binary")
	} else {
		set(headerType, "text")
	}
	if m.Tag != 0 {
		set(headerTag, strconv.FormatUint(m.Tag, 10))
	}
	switch {
	case !logged:
		at := m.Time
		if at.IsZero() {
			at = time.Now()
		}
		set(headerTime, strconv.FormatInt(at.UnixNano(), 10))
	case m.ID != "":
		set(headerMessageID, messageID(subject, m.ID))
	}
	return &natsgo.Msg{Subject: subject, Header: header, Data: m.Data}
}

// messageID is what JetStream knows a message by: all rooms of a stream share one space of these, so that the
// room goes into it.
func messageID(subject, id string) string {
	h := sha256.New()
	h.Write([]byte(subject))
	h.Write([]byte{0})
	h.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// decode makes a hub.Message of what came from NATS, whoever published it. Its Position is set by the caller.
func decode(room string, header natsgo.Header, data []byte) *hub.Message {
	m := &hub.Message{Room: room, Data: data}
	m.Publisher = field(header, headerPublisher)
	m.Node = field(header, headerNode)
	if m.ID = field(header, headerID); m.ID == "" && len(header[headerNode]) == 0 {
		m.ID = field(header, headerMessageID)
	}
	m.Tag, _ = strconv.ParseUint(header.Get(headerTag), 10, 64)
	// Who says text must not make members' connections fail: they would be sent what is not UTF-8.
	switch {
	case header.Get(headerType) != "binary" && utf8.Valid(data):
		m.Type = websocket.Text
	default:
		m.Type = websocket.Binary
	}
	if at, err := time.Parse(time.RFC3339Nano, last(header, headerTimeStamp)); err == nil {
		m.Time = at
	} else if ns, err := strconv.ParseInt(header.Get(headerTime), 10, 64); err == nil {
		m.Time = time.Unix(0, ns)
	} else {
		m.Time = time.Now()
	}
	return m
}

// storedHeader reads the headers of a message as a stream has them, with none if they cannot be read: a
// foreign program may have made them. The client's own reader panics at some of what may follow the version;
// JetStream stores nothing there.
func storedHeader(block []byte) natsgo.Header {
	if bytes.HasPrefix(block, []byte("NATS/1.0\r\n")) {
		if h, err := natsgo.DecodeHeadersMsg(block); err == nil {
			return h
		}
	}
	return make(natsgo.Header)
}

// field returns a header of ours as it was before escape.
func field(header natsgo.Header, key string) string {
	v := header.Get(key)
	if len(v) > maxField {
		return ""
	}
	return unescape(v)
}

// last returns a header that JetStream has added: after those of who published, who may have sent one of the
// same name.
func last(header natsgo.Header, key string) string {
	if v := header[key]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// sequence returns such a header that is a number.
func sequence(header natsgo.Header, key string) (uint64, bool) {
	n, err := strconv.ParseUint(last(header, key), 10, 64)
	return n, err == nil
}

// escape makes any string a header's value: what is not visible ASCII, and "%", becomes "%" and two
// hexadecimal digits.
func escape(s string) string {
	i := 0
	for i < len(s) && visible(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	to := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		if c := s[i]; visible(c) {
			to = append(to, c)
		} else {
			to = append(to, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(to)
}

func visible(c byte) bool { return c > ' ' && c < 0x7f && c != '%' }

// unescape is escape backwards. What escape would not have written stands for itself.
func unescape(s string) string {
	i := 0
	for i < len(s) && s[i] != '%' {
		i++
	}
	if i == len(s) {
		return s
	}
	to := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				to = append(to, byte(high<<4|low))
				i += 2
				continue
			}
		}
		to = append(to, s[i])
	}
	return string(to)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
