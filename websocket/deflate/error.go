package deflate

import (
	"fmt"

	"github.com/everwire/everwire/websocket/handshake"
)

const (
	sectionMessage = "RFC 7692 §7"
	sectionFrame   = "draft-tyoshino-hybi-websocket-perframe-deflate"

	sectionServerNoContextTakeover = "RFC 7692 §7.1.1.1"
	sectionClientNoContextTakeover = "RFC 7692 §7.1.1.2"
	sectionServerMaxWindowBits     = "RFC 7692 §7.1.2.1"
	sectionClientMaxWindowBits     = "RFC 7692 §7.1.2.2"
)

// refuse makes the error of an offer or an answer that breaks a rule. It has no status: a client has
// nothing to send to a server whose answer is wrong, and a server passes over an offer.
func refuse(section, format string, args ...any) *handshake.Error {
	return &handshake.Error{Section: section, Reason: fmt.Sprintf(format, args...)}
}

func refuseNotOffered(name string) *handshake.Error {
	return refuse("RFC 7692 §5", "the server uses the extension %.64q, which was not offered", name)
}
