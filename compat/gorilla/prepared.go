package websocket

import "bytes"

// A PreparedMessage is a message that goes to many connections. It may be used by many at once.
type PreparedMessage struct {
	messageType int
	data        []byte
}

// NewPreparedMessage copies data into a message of a type, which may be that of a control frame.
func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	if !isData(messageType) && !isControl(messageType) {
		return nil, errMessageType
	}
	return &PreparedMessage{messageType: messageType, data: bytes.Clone(data)}, nil
}

// WritePreparedMessage writes a message that was prepared.
func (c *Conn) WritePreparedMessage(pm *PreparedMessage) error {
	return c.WriteMessage(pm.messageType, pm.data)
}
