package deflate

import (
	"fmt"
	"strconv"

	"github.com/everwire/everwire/websocket/handshake"
)

// Config is what one end wants of the connections it will have. The zero value is the freest: context
// takeover and windows of 32 KiB in both directions, which compresses best and takes the most memory.
type Config struct {
	// ServerNoContextTakeover has the server compress each message by itself. A server that sets it tells
	// every client so, asked or not; a client that sets it makes it a condition of its offer (RFC 7692
	// §7.1.1.1).
	ServerNoContextTakeover bool

	// ClientNoContextTakeover has the client compress each message by itself. A server that sets it demands
	// it of every client; a client that sets it promises it (RFC 7692 §7.1.1.2).
	ClientNoContextTakeover bool

	// ServerMaxWindowBits is the base-2 logarithm of the largest window for what the server sends, 8 to 15;
	// 0 means 15. A client that sets less makes it a condition of its offer: a server that cannot choose the
	// window declines compression altogether (RFC 7692 §7.1.2.1).
	ServerMaxWindowBits int

	// ClientMaxWindowBits is the same for what the client sends. A client that sets less than 15 promises to
	// use no more. A server that sets less demands it where it may, of clients that offer
	// client_max_window_bits, as browsers do. It has no means against the others: they use up to 15, and the
	// server must be ready for it (RFC 7692 §7.1.2.2).
	ClientMaxWindowBits int
}

// Validate returns an error if a size is neither 0 nor from 8 to 15. Select and Offer take the nearest
// that is valid instead.
func (c Config) Validate() error {
	for _, size := range []struct {
		field string
		bits  int
	}{
		{"ServerMaxWindowBits", c.ServerMaxWindowBits},
		{"ClientMaxWindowBits", c.ClientMaxWindowBits},
	} {
		if size.bits != 0 && (size.bits < MinWindowBits || size.bits > MaxWindowBits) {
			return fmt.Errorf("deflate: %s is %d; it must be from %d to %d, or 0 for %[4]d (RFC 7692 §7.1.2)",
				size.field, size.bits, MinWindowBits, MaxWindowBits)
		}
	}
	return nil
}

func (c Config) serverMaxWindowBits() int { return clampWindowBits(c.ServerMaxWindowBits) }

func (c Config) clientMaxWindowBits() int { return clampWindowBits(c.ClientMaxWindowBits) }

func clampWindowBits(bits int) int {
	return min(max(orMax(bits), MinWindowBits), MaxWindowBits)
}

// Offer returns what a client with this configuration puts into its opening handshake: one element,
// permessage-deflate, and always with client_max_window_bits, so that the server may restrict the client's
// window (RFC 7692 §7.1). It is never deflate-frame: a server that knows just that is older than the RFC.
func (c Config) Offer() handshake.Extension {
	offer := elements{
		serverNoContextTakeover: c.ServerNoContextTakeover,
		clientNoContextTakeover: c.ClientNoContextTakeover,
		clientMaxWindowBits:     c.clientMaxWindowBits(),
	}
	if bits := c.serverMaxWindowBits(); bits < MaxWindowBits {
		offer.serverMaxWindowBits = bits
	}
	return offer.extension()
}

// elements are the parameters of permessage-deflate as they stand in an offer or an answer. A window's
// size is 0 if the parameter is not there.
type elements struct {
	serverNoContextTakeover, clientNoContextTakeover bool
	serverMaxWindowBits, clientMaxWindowBits         int
}

// readOffer reads an offer by the rules of RFC 7692 §7.1. It takes client_max_window_bits without a value
// as one of 15: both say that the server may restrict the client, and promise nothing.
func readOffer(e handshake.Extension) (elements, *handshake.Error) {
	return readElements(e, true)
}

// readAnswer reads an answer, in which client_max_window_bits must have a value.
func readAnswer(e handshake.Extension) (elements, *handshake.Error) {
	return readElements(e, false)
}

func readElements(e handshake.Extension, offer bool) (got elements, err *handshake.Error) {
	err = readParameters(e, sectionMessage,
		definition{
			name:    "server_no_context_takeover",
			section: sectionServerNoContextTakeover,
			flag:    &got.serverNoContextTakeover,
		},
		definition{
			name:    "client_no_context_takeover",
			section: sectionClientNoContextTakeover,
			flag:    &got.clientNoContextTakeover,
		},
		definition{
			name:    "server_max_window_bits",
			section: sectionServerMaxWindowBits,
			bits:    &got.serverMaxWindowBits,
		},
		definition{
			name:     "client_max_window_bits",
			section:  sectionClientMaxWindowBits,
			bits:     &got.clientMaxWindowBits,
			optional: offer,
		})
	return got, err
}

// extension writes them, the inverse of readOffer and readAnswer. An answer never has a
// client_max_window_bits of 15, so that one without value can only be an offer's.
func (e elements) extension() handshake.Extension {
	var params []handshake.Param
	if e.serverNoContextTakeover {
		params = append(params, handshake.Param{Name: "server_no_context_takeover"})
	}
	if e.clientNoContextTakeover {
		params = append(params, handshake.Param{Name: "client_no_context_takeover"})
	}
	if e.serverMaxWindowBits != 0 {
		params = append(params, sized("server_max_window_bits", e.serverMaxWindowBits))
	}
	switch e.clientMaxWindowBits {
	case 0:
	case MaxWindowBits:
		params = append(params, handshake.Param{Name: "client_max_window_bits"})
	default:
		params = append(params, sized("client_max_window_bits", e.clientMaxWindowBits))
	}
	return handshake.Extension{Name: Name, Params: params}
}

func sized(name string, bits int) handshake.Param {
	return handshake.Param{Name: name, Value: strconv.Itoa(bits), HasValue: true}
}
