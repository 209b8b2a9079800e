// Package payload is what a message holds, as the HTTP API and webhooks write it in JSON: in one of three
// fields.
//
//	data     any JSON: a text message that holds it
//	text     a text message as it is
//	base64   a binary message
package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// A Payload is to be embedded in what has one. One field is set.
type Payload struct {
	Data   json.RawMessage `json:"data,omitempty"`
	Text   *string         `json:"text,omitempty"`
	Base64 *string         `json:"base64,omitempty"`
}

// Of returns what a message holds: Data of a text message that is JSON, Text of another one, Base64 of a
// binary one.
func Of(t websocket.MessageType, data []byte) Payload {
	if t != websocket.Binary && utf8.Valid(data) {
		if json.Valid(data) {
			return Payload{Data: data}
		}
		text := string(data)
		return Payload{Text: &text}
	}
	text := base64.StdEncoding.EncodeToString(data)
	return Payload{Base64: &text}
}

// What is wrong with a Payload.
var (
	ErrFields = errors.New("one of data, text and base64 must be there, and only one")
	ErrBase64 = errors.New("base64 is not base64, as in RFC 4648 §4, with padding")
)

// Message returns the message that a Payload is. Data loses the space between its tokens.
func (p Payload) Message() (websocket.MessageType, []byte, error) {
	fields := 0
	for _, set := range []bool{p.Data != nil, p.Text != nil, p.Base64 != nil} {
		if set {
			fields++
		}
	}
	switch {
	case fields != 1:
		return 0, nil, ErrFields
	case p.Text != nil:
		return websocket.Text, []byte(*p.Text), nil
	case p.Base64 != nil:
		data, err := base64.StdEncoding.Strict().DecodeString(*p.Base64)
		if err != nil {
			return 0, nil, ErrBase64
		}
		return websocket.Binary, data, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, p.Data); err != nil {
		return 0, nil, err
	}
	return websocket.Text, compact.Bytes(), nil
}
