package websocket

import (
	"errors"
	"fmt"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// Compression says whether and how messages are compressed: by permessage-deflate (RFC 7692), if the other
// end agrees in the opening handshake. A server also agrees to the older deflate-frame and
// x-webkit-deflate-frame, where a client asks for one of these. The fields speak of the server and the client,
// at whichever end they are set.
//
// A secret and what an attacker chooses must not be compressed together: the size tells whether they are
// alike. See [Compress] for leaving single messages out.
type Compression struct {
	// Disabled turns compression off: it is neither offered nor agreed to.
	Disabled bool

	// ServerTakeover and ClientTakeover say whether what the server, or the client, sends may refer to its
	// messages before (RFC 7692 §7.1.1). That makes small messages that are alike much smaller, and costs
	// each connection at either end up to a window of memory, and the time to look through it. Default: a
	// server has both drop the context; a client leaves it to the server.
	ServerTakeover, ClientTakeover Takeover

	// ServerWindowBits and ClientWindowBits bound how far back the server, or the client, may refer: from 8,
	// which is 256 octets, to 15, which is 32 KiB (RFC 7692 §7.1.2). A server can bound a client only if
	// the client has offered that it can. Default 15.
	ServerWindowBits, ClientWindowBits int

	// Threshold is the least size in octets of a message that is compressed if nothing else is said of
	// it. Default 512; negative: all are.
	Threshold int

	// Level is how much time to spend on compressing, from 1 to 9. It counts only where the window has 15
	// bits. With takeover it is also how far back a message looks for what it can refer to: from 4 KiB and its own
	// size at 1 to the whole window at 7 and above. Default 1. For 1 KiB of JSON, level 6 takes a third more time
	// (without takeover) and saves 3 %.
	Level int

	// Fallbacks are what a client offers besides, in order of preference, for a server that cannot do what
	// the fields above say. Default: nothing.
	Fallbacks []deflate.Config
}

// Takeover says whether a message may refer to those before it.
type Takeover uint8

const (
	DefaultTakeover Takeover = iota // see [Compression]
	KeepContext
	DropContext
)

// Compress says whether one message is compressed, where [Compression] was agreed on. One that does not get
// smaller never is.
type Compress uint8

const (
	CompressLarge  Compress = iota // if it has as many octets as [Compression.Threshold] says
	CompressAlways                 // if it gets smaller
	CompressNever                  // for what must not be compressed, or what is already
)

// compressionSettings are a Compression with the defaults filled in.
type compressionSettings struct {
	enabled   bool
	config    deflate.Config
	threshold int
	level     int
	offers    []handshake.Extension // a client's
}

func (c *Compression) settings(role protocol.Role) (compressionSettings, error) {
	drops := func(t Takeover) bool { return t == DropContext || t == DefaultTakeover && role == protocol.Server }
	set := compressionSettings{
		enabled:   !c.Disabled,
		threshold: max(orDefault(c.Threshold, 512), 0),
		level:     orDefault(c.Level, deflate.DefaultLevel),
		config: deflate.Config{
			ServerNoContextTakeover: drops(c.ServerTakeover),
			ClientNoContextTakeover: drops(c.ClientTakeover),
			ServerMaxWindowBits:     c.ServerWindowBits,
			ClientMaxWindowBits:     c.ClientWindowBits,
		},
	}
	if set.level < deflate.MinLevel || set.level > deflate.MaxLevel {
		return set, fmt.Errorf("websocket: compression level %d is not from %d to %d", c.Level, deflate.MinLevel, deflate.MaxLevel)
	}
	for _, config := range append([]deflate.Config{set.config}, c.Fallbacks...) {
		if err := config.Validate(); err != nil {
			return set, fmt.Errorf("websocket: compression: %w", err)
		}
		if role == protocol.Client && set.enabled {
			set.offers = append(set.offers, config.Offer())
		}
	}
	return set, nil
}

// acceptExtensions judges what a server says of the extensions that were offered: compression is all there is.
func acceptExtensions(offers, answer []handshake.Extension) (deflate.Params, error) {
	switch len(answer) {
	case 0:
		return deflate.Params{}, nil
	case 1:
		return deflate.Accept(offers, answer[0])
	}
	return deflate.Params{}, errors.New("the server uses several extensions that compress messages (RFC 7692 §5)")
}
