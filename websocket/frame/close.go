package frame

import (
	"strconv"
	"unicode/utf8"
)

// CloseCode says why a connection is closed (RFC 6455 §7.4).
type CloseCode uint16

// The codes of RFC 6455 §7.4.1 and of the IANA registry "WebSocket Close Code Number".
const (
	CloseNormal             CloseCode = 1000 // the purpose of the connection is fulfilled
	CloseGoingAway          CloseCode = 1001 // a server shuts down, a browser leaves the page
	CloseProtocolError      CloseCode = 1002 // the peer broke the protocol
	CloseUnsupportedData    CloseCode = 1003 // a type of data that this end does not take
	CloseNoStatus           CloseCode = 1005 // never on the wire: a Close frame without a code
	CloseAbnormal           CloseCode = 1006 // never on the wire: no Close frame came
	CloseInvalidPayload     CloseCode = 1007 // such as text that is not UTF-8
	ClosePolicyViolation    CloseCode = 1008 // a rule that no other code names
	CloseMessageTooBig      CloseCode = 1009 // a message larger than this end takes
	CloseMandatoryExtension CloseCode = 1010 // a client needed an extension that the server did not choose
	CloseInternalError      CloseCode = 1011 // the end that closes met an unexpected condition
	CloseServiceRestart     CloseCode = 1012 // the server restarts; come back after a moment
	CloseTryAgainLater      CloseCode = 1013 // the server is overloaded; come back later
	CloseBadGateway         CloseCode = 1014 // a gateway got no good answer from the server behind it
	CloseTLSHandshake       CloseCode = 1015 // never on the wire: TLS could not be agreed
)

// MaxCloseReason is how many octets of UTF-8 a Close frame's reason may have: a control frame's
// payload less two for the code (RFC 6455 §5.5).
const MaxCloseReason = MaxControlPayload - 2

// OnWire reports whether a Close frame may carry c: 1000–1003, 1007–1014 and 3000–4999
// (RFC 6455 §7.4; 1012–1014 by the IANA registry).
func (c CloseCode) OnWire() bool {
	return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
}

// String gives the number, and the code's name where it has one: "1001 going away".
func (c CloseCode) String() string {
	n := strconv.Itoa(int(c))
	if name := c.name(); name != "" {
		return n + " " + name
	}
	return n
}

func (c CloseCode) name() string {
	switch c {
	case CloseNormal:
		return "normal closure"
	case CloseGoingAway:
		return "going away"
	case CloseProtocolError:
		return "protocol error"
	case CloseUnsupportedData:
		return "unsupported data"
	case CloseNoStatus:
		return "no status received"
	case CloseAbnormal:
		return "abnormal closure"
	case CloseInvalidPayload:
		return "invalid payload data"
	case ClosePolicyViolation:
		return "policy violation"
	case CloseMessageTooBig:
		return "message too big"
	case CloseMandatoryExtension:
		return "mandatory extension"
	case CloseInternalError:
		return "internal error"
	case CloseServiceRestart:
		return "service restart"
	case CloseTryAgainLater:
		return "try again later"
	case CloseBadGateway:
		return "bad gateway"
	case CloseTLSHandshake:
		return "TLS handshake"
	}
	return ""
}

// ParseClose reads the payload of a Close frame (RFC 6455 §5.5.1). An empty one is
// [CloseNoStatus]. A single octet, a code that may not be sent, or a reason that is not UTF-8 is a
// [*Violation]; reason is then empty.
func ParseClose(payload []byte) (code CloseCode, reason string, err error) {
	switch len(payload) {
	case 0:
		return CloseNoStatus, "", nil
	case 1:
		return 0, "", &Violation{CloseProtocolError, "RFC 6455 §5.5.1", "a Close frame has a payload of one octet"}
	}
	code = CloseCode(payload[0])<<8 | CloseCode(payload[1])
	if !code.OnWire() {
		detail := "a Close frame carries code " + strconv.Itoa(int(code)) + ", which may not be sent"
		return code, "", &Violation{CloseProtocolError, "RFC 6455 §7.4", detail}
	}
	if !utf8.Valid(payload[2:]) {
		return code, "", &Violation{CloseInvalidPayload, "RFC 6455 §5.5.1", "the reason of a Close frame is not UTF-8"}
	}
	return code, string(payload[2:]), nil
}

// AppendClose adds the payload of a Close frame to dst: nothing for code 0 or [CloseNoStatus], else
// the code and the reason. The caller sees to it that code may be sent and that reason is UTF-8 of at
// most [MaxCloseReason] octets.
func AppendClose(dst []byte, code CloseCode, reason string) []byte {
	if code == 0 || code == CloseNoStatus {
		return dst
	}
	dst = append(dst, uint8(code>>8), uint8(code))
	return append(dst, reason...)
}
