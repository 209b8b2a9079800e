package chat

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Raw is the room of all who asked for no subprotocol.
const Raw = ownPrefix + "raw"

// ownPrefix is what the names of rooms begin with that no client can join.
const ownPrefix = "everwire."

// Room says how a Hub runs a room of the chat, for [hub.Options]: the raw chat, and all whose names begin
// with "everwire.", plain, any other with the last 1,000 messages, if they are not older than 24 h, and with
// presence.
func Room(name string) hub.RoomOptions {
	return roomOptions(name, hub.History{Messages: 1000, Age: 24 * time.Hour})
}

// Rooms is [Room] with another history. All nodes of a cluster must have the same.
func Rooms(history hub.History) func(name string) hub.RoomOptions {
	return func(name string) hub.RoomOptions { return roomOptions(name, history) }
}

// A member that is too slow is closed with 1013 in either: it comes back, and, in a room with history, misses
// nothing.
func roomOptions(name string, history hub.History) hub.RoomOptions {
	if strings.HasPrefix(name, ownPrefix) {
		return hub.RoomOptions{Slow: hub.DisconnectSlow}
	}
	return hub.RoomOptions{History: history, Presence: true, Encode: encode, Slow: hub.DisconnectSlow}
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// encode makes of a message what members are sent. What a client published is JSON already. Of what another
// program published by way of the broker that may not be so: it is sent as a string then, in base64 if it is
// not text.
func encode(m *hub.Message) []byte {
	reply := message{
		Type: "message", Room: m.Room, Position: m.Position, ID: m.ID, From: m.Publisher,
		Time: m.Time.UTC().Format(timeFormat),
	}
	isText := m.Type != websocket.Binary && utf8.Valid(m.Data)
	switch {
	case isText && json.Valid(m.Data):
		reply.Data = m.Data
	case isText:
		reply.Data = appendJSON(nil, string(m.Data))
	default:
		reply.Data, reply.Encoding = appendJSON(nil, base64.StdEncoding.EncodeToString(m.Data)), "base64"
	}
	// Other programs' texts may be anything, and the reply must be UTF-8.
	reply.ID, reply.From = strings.ToValidUTF8(reply.ID, "\uFFFD"), strings.ToValidUTF8(reply.From, "\uFFFD")
	return appendJSON(nil, reply)
}
