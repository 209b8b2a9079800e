package deflate

import (
	"slices"
	"strconv"

	"github.com/everwire/everwire/websocket/handshake"
)

// The extensions' names. They are compared exactly.
const (
	Name            = "permessage-deflate"     // RFC 7692
	FrameName       = "deflate-frame"          // draft-tyoshino-hybi-websocket-perframe-deflate
	WebkitFrameName = "x-webkit-deflate-frame" // the same, as Safari names it
)

// Params is what both ends agreed on, and how either compresses: the fields beginning with Server are for
// the server's compressor and the client's decompressor, those beginning with Client for the opposite
// direction. Values can be compared with ==. The zero value is not one that was agreed on.
type Params struct {
	// PerFrame says that it is deflate-frame: frames are compressed each by itself, and RSV1 stands on every
	// frame that is compressed. Otherwise it is permessage-deflate: RSV1 on the first frame of a message
	// says that the whole message is compressed.
	PerFrame bool

	// ServerNoContextTakeover and ClientNoContextTakeover say that this end compresses every message (with
	// PerFrame, every frame) as if it were its first (RFC 7692 §7.1.1).
	ServerNoContextTakeover, ClientNoContextTakeover bool

	// ServerMaxWindowBits and ClientMaxWindowBits are the base-2 logarithm of how many octets this end refers
	// back at most, from 8 for 256 octets to 15 for 32 KiB (RFC 7692 §7.1.2).
	ServerMaxWindowBits, ClientMaxWindowBits int
}

// Agreed reports whether p is the outcome of a negotiation: the zero value is not.
func (p Params) Agreed() bool { return p.ServerMaxWindowBits != 0 }

// definition is a parameter as its specification defines it, and where what it says goes to. The same
// name has other definitions in an offer than in an answer.
type definition struct {
	name    string
	section string

	flag *bool // of a parameter without value: becomes true

	bits     *int // of one whose value is the size of a window: becomes the value, which is never 0
	optional bool // it may stand without that value, which says no more than MaxWindowBits would
}

// readParameters goes through an extension's parameters. The error is the first that is not defined, is
// there twice, or has a wrong value; RFC 7692 §7 has the list.
func readParameters(e handshake.Extension, section string, defined ...definition) *handshake.Error {
	for i, p := range e.Params {
		same := func(other handshake.Param) bool { return other.Name == p.Name }
		at := slices.IndexFunc(defined, func(d definition) bool { return d.name == p.Name })
		if at < 0 {
			return refuse(section, "%s has no parameter %.64q here", e.Name, p.Name)
		}
		if slices.ContainsFunc(e.Params[:i], same) {
			return refuse(section, "%s has the parameter %s twice", e.Name, p.Name)
		}
		if err := defined[at].read(p); err != nil {
			return err
		}
	}
	return nil
}

func (d definition) read(p handshake.Param) *handshake.Error {
	switch {
	case d.flag != nil && p.HasValue:
		return refuse(d.section, "%s has the value %.64q; it must have none", d.name, p.Value)
	case d.flag != nil:
		*d.flag = true
	case p.HasValue:
		bits, ok := parseWindowBits(p.Value)
		if !ok {
			return refuse(d.section, "%s has the value %.64q; it must be a number from %d to %d without leading zeros",
				d.name, p.Value, MinWindowBits, MaxWindowBits)
		}
		*d.bits = bits
	case d.optional:
		*d.bits = MaxWindowBits
	default:
		return refuse(d.section, "%s has no value; it must be a number from %d to %d", d.name, MinWindowBits, MaxWindowBits)
	}
	return nil
}

func parseWindowBits(value string) (bits int, ok bool) {
	bits, err := strconv.Atoi(value)
	// Atoi also takes "+9" and "09".
	return bits, err == nil && MinWindowBits <= bits && bits <= MaxWindowBits && strconv.Itoa(bits) == value
}

// orMax is the window of which an offer or an answer, as its parameter is missing, says nothing.
func orMax(bits int) int {
	if bits == 0 {
		return MaxWindowBits
	}
	return bits
}
