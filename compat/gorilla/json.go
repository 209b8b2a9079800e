package websocket

import (
	"bytes"
	"encoding/json"
	"io"
)

// WriteJSON writes v as a text message of JSON and a line feed.
func (c *Conn) WriteJSON(v any) error {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(v); err != nil {
		return err
	}
	return c.WriteMessage(TextMessage, text.Bytes())
}

// ReadJSON reads the next message, of either type, and stores its first JSON value in what v points to. If
// there is none, or it does not fit, the message is gone and the connection stays usable; an empty message
// is [io.ErrUnexpectedEOF]. Other errors are those of [Conn.ReadMessage].
func (c *Conn) ReadJSON(v any) error {
	_, data, err := c.ReadMessage()
	if err != nil {
		return err
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(v); err != io.EOF {
		return err
	}
	return io.ErrUnexpectedEOF
}

// WriteJSON is c.WriteJSON.
//
// Deprecated: use that.
func WriteJSON(c *Conn, v any) error { return c.WriteJSON(v) }

// ReadJSON is c.ReadJSON.
//
// Deprecated: use that.
func ReadJSON(c *Conn, v any) error { return c.ReadJSON(v) }
