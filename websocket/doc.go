// Package websocket speaks WebSocket (RFC 6455) at both ends: as a client and as a server, by pulling
// or by being called.
//
//   - [Conn] is pulled: idiomatic Go, with a context for every call that may wait. [Dial] and [Accept]
//     make one.
//   - [Socket] pushes: the browser's WebSocket object in Go, the same type at both ends. [New] and
//     [Upgrade] make one.
//   - [Server] makes a Socket of everyone who connects. It mounts in any mux or listens by itself, and
//     broadcasts to all, or to a [Group].
//
// A server that echoes:
//
//	var srv websocket.Server
//	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
//		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
//			s.SendMessage(m)
//		})
//	})
//	http.Handle("/echo", &srv)
//
// and a client of it:
//
//	c, err := websocket.Dial(ctx, "ws://localhost:8080/echo", nil)
//	…
//	err = c.Write(ctx, websocket.Text, []byte("hello"))
//	typ, data, err := c.Read(ctx)
//	err = c.Close(websocket.CloseNormal, "")
//
// What a peer can do to a connection is bounded from the start: the size of messages, compressed ones
// included, the time of the handshake and of closing, the pages of other origins, silent peers. See
// [Limits], [Compression], [Heartbeat], [Queue] and [AcceptOptions]. [Rates] bound how much a peer sends
// in a time, if asked to, and [Server.Budget] what all sockets of a server hold together.
//
// Compiled for the browser (js/wasm), New, Dial and Reconnecting work in a web page, over the browser's own
// WebSocket: see [DialOptions].
//
// The packages below, frame, handshake and deflate, are for who writes a proxy, an inspector or a test;
// wstest has connections in memory for tests of programs.
package websocket
