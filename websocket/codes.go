package websocket

import (
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// CloseCode says why a connection is closed (RFC 6455 §7.4). Numbers work wherever a CloseCode is
// asked for: s.Close(4001, "session expired").
type CloseCode = frame.CloseCode

// The close codes of RFC 6455 §7.4.1 and of the IANA registry. 3000–3999 are for libraries and
// frameworks, 4000–4999 for applications.
const (
	CloseNormal             = frame.CloseNormal             // 1000: the purpose of the connection is fulfilled
	CloseGoingAway          = frame.CloseGoingAway          // 1001: a server shuts down, a browser leaves the page
	CloseProtocolError      = frame.CloseProtocolError      // 1002: the peer broke the protocol
	CloseUnsupportedData    = frame.CloseUnsupportedData    // 1003: a type of data that this end does not take
	CloseNoStatus           = frame.CloseNoStatus           // 1005, never sent: a Close frame without a code came
	CloseAbnormal           = frame.CloseAbnormal           // 1006, never sent: no Close frame came
	CloseInvalidPayload     = frame.CloseInvalidPayload     // 1007: such as text that is not UTF-8
	ClosePolicyViolation    = frame.ClosePolicyViolation    // 1008: a rule that no other code names
	CloseMessageTooBig      = frame.CloseMessageTooBig      // 1009: a message larger than this end takes
	CloseMandatoryExtension = frame.CloseMandatoryExtension // 1010: the server did not choose an extension the client needs
	CloseInternalError      = frame.CloseInternalError      // 1011: an unexpected condition at the end that closes
	CloseServiceRestart     = frame.CloseServiceRestart     // 1012: the server restarts; come back after a moment
	CloseTryAgainLater      = frame.CloseTryAgainLater      // 1013: the server is overloaded; come back later
	CloseBadGateway         = frame.CloseBadGateway         // 1014: a gateway got no good answer from behind it
	CloseTLSHandshake       = frame.CloseTLSHandshake       // 1015, never sent: TLS could not be agreed
)

// checkClose says whether a Close frame may carry code and reason: any code of CloseCode.OnWire, or 0
// with an empty reason for a frame without a body.
func checkClose(code CloseCode, reason string) error {
	switch {
	case code == 0 && reason == "":
		return nil
	case !code.OnWire(), len(reason) > frame.MaxCloseReason, !utf8.ValidString(reason):
		return ErrInvalidClose
	}
	return nil
}
