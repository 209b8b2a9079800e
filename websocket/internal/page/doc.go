// Package page lets a connection of ours run in a web page, where the browser speaks the protocol and a program sees
// messages only.
//
// A [Stream] is the net.Conn below a connection, as TCP is elsewhere. Its other end is a small translator. What the
// connection writes, a client's frames, becomes messages for the browser's WebSocket; what comes from there becomes a
// server's frames for the connection to read. So everything above, with all its promises, is the same code in a page
// as anywhere:
//
//	Conn, Socket ── frames ──▶ Stream ── messages ──▶ WebSocket (the browser's)
//	             ◀── frames ──        ◀── messages ──
//
// What of the protocol a page cannot see or say ends here: Pings and Pongs do not pass, a message in fragments is
// gathered, and a close code that a page may not send is left out.
//
// The package compiles everywhere, so that all but the few lines that call the browser (websocket_js.go) is tested
// without one.
package page
