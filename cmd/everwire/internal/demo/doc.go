// Package demo has the WebSocket endpoints of "everwire serve", one file each:
//
//	echo.go          sends every message back as it came
//	hello.go         greets by name and, a little later, says goodbye
//	chat.go          the chat, of package chat
//	binary.go        sends bytes back, and takes nothing else
//	rate.go          reads no faster than it is told to
//	handshake.go     tells a client what its handshake said, and the answer
//	subprotocols.go  says which subprotocol was agreed on
//
// Each is a function that returns a new [websocket.Server], to be mounted at any path, with nothing set but what
// the demo itself is about. Who serves it adds its page, its origins and its logging: a Server takes any number
// of OnConnection functions.
package demo
