package api

import (
	"net/http"
	"strings"
)

// ControlRoom is where nodes tell each other whom to disconnect. It needs no history.
const ControlRoom = ownPrefix + "control"

// Rooms whose names begin with ownPrefix are the server's own, and no client can join them or publish to
// them by name. Of these a backend may use one: that of the chat without a subprotocol.
const (
	ownPrefix = "everwire."
	rawRoom   = ownPrefix + "raw"
)

var errReserved = &fault{status: http.StatusForbidden, code: "forbidden", text: "rooms whose names begin with " + ownPrefix + " are the server's own"}

// reserved reports whether a room is not for backends.
func reserved(room string) bool { return strings.HasPrefix(room, ownPrefix) && room != rawRoom }
