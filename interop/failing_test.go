package interop

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// We fail the connection because of what they do, and they are told why: to them that is a closing handshake
// as any other.
func weFail(t *testing.T, p pairing) {
	const limit = 64 << 10
	tm := terms{}
	tm.limit(websocket.Limits{MessageSize: limit})
	for _, row := range []struct {
		name string
		code websocket.CloseCode
		do   []args // with the command "send"
	}{
		{"a frame masked if we are the client, and not if we are the server", websocket.CloseProtocolError,
			[]args{{"data": []byte("x"), "mask": p.dial != nil}}},
		{"text that is not UTF-8", websocket.CloseInvalidPayload,
			[]args{{"text": true, "data": []byte("ab\xFF")}}},
		{"text that ends inside a character", websocket.CloseInvalidPayload,
			[]args{{"text": true, "data": []byte("ab\xF0\x9F\x98")}}},
		{"text whose second fragment is not UTF-8", websocket.CloseInvalidPayload, []args{
			{"text": true, "data": []byte("ab\xF0\x9F"), "fin": false},
			{"text": true, "data": []byte("ab"), "fin": p.deflate}, // what is inflated may lag behind
		}},
		{"a message of an octet too many", websocket.CloseMessageTooBig,
			[]args{{"data": []byte("x"), "times": limit + 1}}},
		{"fragments of an octet too many", websocket.CloseMessageTooBig, []args{
			{"data": []byte("x"), "times": limit, "fin": false},
			{"data": []byte("x")},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			us, they := p.connect(t, tm)
			they.do(t, "send", args{"data": []byte("x"), "times": limit}) // which is within all bounds
			us.want(t, message(websocket.Binary, strings.Repeat("x", limit)))
			for _, details := range row.do {
				they.do(t, "send", details)
			}
			us.wantProtocolError(t, row.code)
			told := they.wantAny(t, "close")
			if told.Code != row.code || !told.Clean || told.Reason == "" {
				t.Errorf("%s: %v; want code %d, a reason, and clean", they.whose, told, row.code)
			}
		})
	}
}

// They fail the connection because of what our end would never do, and we are told why.
func theyFail(t *testing.T, p pairing) {
	client := p.dial != nil
	reserved := frame.Rsv1
	if p.deflate { // which has a meaning for that one
		reserved = frame.Rsv2
	}
	for _, row := range []struct {
		name    string
		code    websocket.CloseCode
		header  frame.Header
		payload string
	}{
		{"a frame not masked if we are the client, masked if we are the server", websocket.CloseProtocolError,
			frame.Header{Fin: true, Opcode: frame.Text, Masked: !client}, "x"},
		{"a reserved bit", websocket.CloseProtocolError,
			frame.Header{Fin: true, Rsv: reserved, Opcode: frame.Text, Masked: client}, "x"},
		{"a reserved opcode", websocket.CloseProtocolError,
			frame.Header{Fin: true, Opcode: 3, Masked: client}, "x"},
		{"a continuation of nothing", websocket.CloseProtocolError,
			frame.Header{Fin: true, Opcode: frame.Continuation, Masked: client}, "x"},
		{"a fragmented Ping", websocket.CloseProtocolError,
			frame.Header{Opcode: frame.Ping, Masked: client}, "x"},
		{"text that is not UTF-8", websocket.CloseInvalidPayload,
			frame.Header{Fin: true, Opcode: frame.Text, Masked: client}, "\xFF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			us, they := p.connect(t, terms{tapped: true})
			us.below.inject(t, row.header, row.payload)
			us.want(t, closed(row.code, "", true))
			they.wantAny(t, "error")
			they.want(t, lost())
		})
	}
}

// They take no message as large as ours.
func theyTakeLess(t *testing.T, p pairing) {
	const limit = 1000
	us, they := p.connect(t, terms{theirs: args{"maxMessage": limit}})
	us.send(t, websocket.Text, strings.Repeat("x", limit))
	they.want(t, message(websocket.Text, strings.Repeat("x", limit)))
	us.send(t, websocket.Text, strings.Repeat("x", limit+1))
	us.want(t, closed(websocket.CloseMessageTooBig, "", true))
	they.wantAny(t, "error")
	they.want(t, lost())
}
