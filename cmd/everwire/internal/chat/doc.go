// Package chat is the chat of "everwire serve": everwire.chat.v1 for who asks for that subprotocol, which has
// rooms, names, who is here and what was said before; and for who asks for none the raw chat, in which every
// text goes to everyone. Both are rooms of a [hub.Hub], so that the servers of a cluster are one chat.
//
//	handshake ─ admit ─┬─ raw:  one room, texts as they come
//	                   └─ v1:   parse ─▶ session ─▶ lane of the room ─▶ hub.JoinWith, Publish, Leave
//	                            hub ─▶ Encode, once for each message ─▶ members
//	                            hub.OnPresence ─▶ roster ─▶ members
//
//	options.go   Options, and what they are if nothing is said
//	chat.go      New: the server, and which of the two a connection is
//	admit.go     who may connect, as far as the handshake tells
//	raw.go       the raw chat
//	room.go      Room: how the hub runs the rooms; what members are sent of a message
//	request.go   what clients say: a strict parser
//	reply.go     what the server says
//	session.go   one connection of everwire.chat.v1
//	token.go     its tokens: the first, those that take its place, the end
//	member.go    its rooms: joining, leaving, publishing
//	fail.go      what it is told that went wrong
//	lane.go      a connection's requests: in order for each room, and not too many at once
//	roster.go    who is in a room, on all nodes
//
// Docs/chat-protocol.md describes everwire.chat.v1 for who writes a client.
package chat
