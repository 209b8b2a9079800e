package chat

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Options are for [New]. The zero value is a chat of one process that is open to everybody.
type Options struct {
	// Hub has the rooms. Its Options.Room must be [Room], or one of [Rooms]. It is not closed with the
	// server. Default: one of the chat's own, which joins no others and is closed when the server is.
	Hub *hub.Hub

	// Auth judges tokens. Default: none are asked for, and everybody may do everything.
	Auth auth.Authenticator

	// Grace is how long a connection goes on when its grant has ended, so that the client can send another
	// token. Default 30 s; negative: not at all.
	Grace time.Duration

	// Events is told what happens, and may refuse connections. Default: nobody is.
	Events events.Events

	// Arrived is called once for each connection when it is known whose it is, before anything that it asks
	// for is done: for who finds connections by their user. Default: nothing.
	Arrived func(s *websocket.Socket, c *events.Connection)

	// Talks, if not nil, counts connections until all that was begun on them is done and Events are told: for
	// who closes Events after the server's Shutdown.
	Talks *sync.WaitGroup

	// DataSize is how many octets of JSON the data of a message may have. Default 16 KiB.
	DataSize int

	// Limits bound what users, connections and rooms take. RoomsPerConnection is 32 if it is 0.
	Limits auth.Limits

	// InFlight is how many of a connection's requests may wait, for the broker mostly, before no more is read
	// of it. Default 64.
	InFlight int

	// Log is told of what goes wrong with no peer to tell. Default: slog.Default().
	Log *slog.Logger
}

const (
	defaultGrace    = 30 * time.Second
	defaultDataSize = 16 << 10
	defaultRooms    = 32
	defaultInFlight = 64
)

func (o Options) withDefaults() Options {
	o.Grace = max(cmp.Or(o.Grace, defaultGrace), 0)
	o.DataSize = cmp.Or(o.DataSize, defaultDataSize)
	o.Limits.RoomsPerConnection = cmp.Or(o.Limits.RoomsPerConnection, defaultRooms)
	o.InFlight = cmp.Or(o.InFlight, defaultInFlight)
	o.Log = cmp.Or(o.Log, slog.Default())
	return o
}
