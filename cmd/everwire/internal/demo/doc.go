// Package demo has the WebSocket endpoints of "everwire serve", one file each:
//
//	echo.go    sends every message back as it came
//	hello.go   greets by name and, a little later, says goodbye
//	chat.go    sends what one writes to all
//
// Each is a function that returns a new [websocket.Server], to be mounted at any path, with nothing set but what
// the demo itself is about. Who serves it adds its page, its origins and its logging: a Server takes any number
// of OnConnection functions.
package demo
