package handshake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Offer is what a client asks for in its opening handshake.
type Offer struct {
	// Key is the Sec-WebSocket-Key, fresh from [NewKey] for this connection.
	Key string

	// Subprotocols are those the client can speak, the one it likes best first.
	Subprotocols []string

	// Extensions are those the client is ready to use, the one it likes best first. One may stand here
	// several times with other parameters.
	Extensions []Extension
}

// Validate returns an error if the offer cannot be sent: a subprotocol, or the name or value of an
// extension or its parameter, is not a token, or a subprotocol occurs twice (RFC 6455 §4.1, item 10, and
// §9.1).
func (o *Offer) Validate() error {
	for i, name := range o.Subprotocols {
		if !ValidToken(name) {
			return fmt.Errorf("handshake: the subprotocol %q is not a token (RFC 6455 §4.1)", name)
		}
		if slices.Contains(o.Subprotocols[:i], name) {
			return fmt.Errorf("handshake: the subprotocol %q occurs twice (RFC 6455 §4.1)", name)
		}
	}
	for _, e := range o.Extensions {
		if !e.valid() {
			return fmt.Errorf("handshake: a part of the extension %q is not a token (RFC 6455 §9.1)", e)
		}
	}
	return nil
}

func (e Extension) valid() bool {
	for _, p := range e.Params {
		if !ValidToken(p.Name) || p.HasValue && !ValidToken(p.Value) {
			return false
		}
	}
	return ValidToken(e.Name)
}

// SetHeader makes h the header of an opening handshake: it sets Upgrade, Connection, Sec-WebSocket-Key,
// Sec-WebSocket-Version and, where the offer has any, Sec-WebSocket-Protocol and Sec-WebSocket-Extensions
// (RFC 6455 §4.1, items 5 to 11). Whatever h had under these names, or any other beginning with
// Sec-WebSocket-, in whichever spelling, is removed; everything else stays. The offer must be one that
// Validate accepts.
//
// The names are spelled as the RFC has them, so Header.Get finds only Upgrade and Connection; Request.Check
// and the other functions of this package find them all.
func (o *Offer) SetHeader(h http.Header) {
	for name := range h {
		if isOurs(name) {
			delete(h, name)
		}
	}
	h["Upgrade"] = []string{"websocket"}
	h["Connection"] = []string{"Upgrade"}
	h[fieldKey.wire] = []string{o.Key}
	h[fieldVersion.wire] = []string{version}
	if len(o.Subprotocols) > 0 {
		h[fieldProtocol.wire] = []string{strings.Join(o.Subprotocols, ", ")}
	}
	if len(o.Extensions) > 0 {
		h[fieldExtensions.wire] = []string{string(AppendExtensions(nil, o.Extensions))}
	}
}

// Answer is what client and server agreed on.
type Answer struct {
	// Subprotocol is the server's choice among the offered; "" if it made none. That is no fault by RFC
	// 6455, but a browser fails the connection if it had offered any (WHATWG, establish a WebSocket
	// connection, step 11.2).
	Subprotocol string

	// Extensions are those in use, in the order in which they are applied to what is sent. Each was
	// offered, by its name, and none is there twice; the parameters are for the extension to judge.
	Extensions []Extension
}

const (
	sectionResponse = "RFC 6455 §4.1"
	noStatus        = 0 // a client answers a wrong response with nothing
)

// Judge holds the response with that status and header against the offer it answers, by the list at the end
// of RFC 6455 §4.1, and returns what was agreed. The checks are, in this order: the status is 101; Upgrade
// is "websocket"; Connection has the option "Upgrade"; Sec-WebSocket-Accept is there once and is [Accept]
// of the offer's key; each extension was offered and none is there twice; Sec-WebSocket-Protocol, if there
// at all, is there once and is one of the offered.
//
// The error is an [*Error] with Status 0: the client must fail the connection. If it was the status that is
// not 101, the response is an ordinary one of HTTP and may be handled as such: 401 to authenticate, 3xx to
// redirect.
func (o *Offer) Judge(status int, h http.Header) (Answer, error) {
	if status != http.StatusSwitchingProtocols {
		return Answer{}, refuseStatus(status, h)
	}
	if e := o.judgeSwitch(h); e != nil {
		return Answer{}, e
	}
	extensions, e := o.judgeExtensions(h)
	if e != nil {
		return Answer{}, e
	}
	subprotocol, e := o.judgeSubprotocol(h)
	if e != nil {
		return Answer{}, e
	}
	return Answer{subprotocol, extensions}, nil
}

func refuseStatus(status int, h http.Header) *Error {
	const wrong = "the server answered %d %s, not 101 Switching Protocols"
	if versions := fieldVersion.lines(h); len(versions) > 0 {
		return refuse(noStatus, "RFC 6455 §4.4", wrong+"; it speaks version %.64q of WebSocket, this client speaks %s",
			status, http.StatusText(status), strings.Join(versions, ", "), version)
	}
	return refuse(noStatus, sectionResponse, wrong, status, http.StatusText(status))
}

// judgeSwitch checks that it is to WebSocket that the server switches, and that it has read this client's
// key.
func (o *Offer) judgeSwitch(h http.Header) *Error {
	if protocols := h["Upgrade"]; len(protocols) != 1 || !equalFold(trim(protocols[0]), "websocket") {
		return refuse(noStatus, sectionResponse,
			`the server's Upgrade is %.64q; it must be "websocket"`, strings.Join(protocols, ", "))
	}
	if options := h["Connection"]; !contains(options, "upgrade") {
		return refuse(noStatus, sectionResponse,
			`the server's Connection is %.64q; it must have the option "Upgrade"`, strings.Join(options, ", "))
	}
	switch accepts := fieldAccept.lines(h); {
	case len(accepts) == 0:
		return refuse(noStatus, sectionResponse, "the server sent no Sec-WebSocket-Accept")
	case len(accepts) > 1:
		return refuse(noStatus, "RFC 6455 §11.3.3", "the server sent Sec-WebSocket-Accept more than once")
	case trim(accepts[0]) != Accept(o.Key):
		return refuse(noStatus, sectionResponse,
			"the server's Sec-WebSocket-Accept %.64q does not answer this client's key; it must be %q",
			accepts[0], Accept(o.Key))
	}
	return nil
}

func (o *Offer) judgeExtensions(h http.Header) ([]Extension, *Error) {
	list, e := parseExtensions(fieldExtensions.lines(h))
	if e != nil {
		e.Status = noStatus
		return nil, e
	}
	for i, extension := range list {
		isSame := func(other Extension) bool { return other.Name == extension.Name }
		if !slices.ContainsFunc(o.Extensions, isSame) {
			return nil, refuse(noStatus, sectionResponse,
				"the server uses the extension %.64q, which was not offered", extension.Name)
		}
		if slices.ContainsFunc(list[:i], isSame) {
			return nil, refuse(noStatus, sectionExtensions,
				"the server uses the extension %.64q twice", extension.Name)
		}
	}
	return list, nil
}

func (o *Offer) judgeSubprotocol(h http.Header) (string, *Error) {
	lines := fieldProtocol.lines(h)
	switch len(lines) {
	case 0:
		return "", nil
	case 1:
	default:
		return "", refuse(noStatus, sectionSubprotocol, "the server sent Sec-WebSocket-Protocol more than once")
	}
	name := trim(lines[0])
	if !slices.Contains(o.Subprotocols, name) {
		return "", refuse(noStatus, sectionResponse,
			"the server chose the subprotocol %.64q, which was not offered", name)
	}
	return name, nil
}
