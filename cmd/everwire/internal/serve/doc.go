// Package serve is what "everwire serve" does: one HTTP server, on one port, with the pages and the WebSocket
// endpoints of the demos.
//
//	serve.go       Run: from listening to the last connection
//	listen.go      the port, and what to try if it cannot be had
//	tls.go         certificates: from files, or made on the spot
//	rooms.go       the chat and what is behind it: its hub, whom that joins, who may come, which backends are told
//	events.go      how these are told: by requests, or over NATS
//	site.go        which path leads where, who is let in, and how all of it is shut down
//	journal.go     the log of connections and of handshakes that were refused
//	announce.go    the addresses, for who started it
//	operators.go   metrics and profiles, on addresses of their own
//	systemd.go     sockets that systemd passes, and what it is told
//	ask.go         asking such a server whether it is ready
package serve
