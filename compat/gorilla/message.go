package websocket

import "encoding/binary"

// The types of messages: opcodes of RFC 6455 §5.2. CloseMessage, PingMessage and PongMessage are control
// frames, of at most 125 octets.
const (
	TextMessage   = 1  // UTF-8
	BinaryMessage = 2  // any octets
	CloseMessage  = 8  // with a body made by FormatCloseMessage
	PingMessage   = 9  // answered with a Pong of the same body
	PongMessage   = 10 // also without a Ping
)

// The close codes of RFC 6455 §7.4.1 and of the IANA registry.
const (
	CloseNormalClosure           = 1000 // the purpose of the connection is fulfilled
	CloseGoingAway               = 1001 // a server shuts down, a browser leaves the page
	CloseProtocolError           = 1002
	CloseUnsupportedData         = 1003
	CloseNoStatusReceived        = 1005 // never sent: a Close frame without a code came
	CloseAbnormalClosure         = 1006 // never sent: no Close frame came
	CloseInvalidFramePayloadData = 1007
	ClosePolicyViolation         = 1008
	CloseMessageTooBig           = 1009
	CloseMandatoryExtension      = 1010
	CloseInternalServerErr       = 1011
	CloseServiceRestart          = 1012
	CloseTryAgainLater           = 1013
	CloseTLSHandshake            = 1015 // never sent
)

// FormatCloseMessage returns the body of a Close frame with a code and a reason; an empty one for
// CloseNoStatusReceived. It checks neither: writing the frame does.
func FormatCloseMessage(closeCode int, text string) []byte {
	if closeCode == CloseNoStatusReceived {
		return []byte{}
	}
	return append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(text)), uint16(closeCode)), text...)
}

func isData(messageType int) bool { return messageType == TextMessage || messageType == BinaryMessage }

func isControl(messageType int) bool {
	return messageType == CloseMessage || messageType == PingMessage || messageType == PongMessage
}
