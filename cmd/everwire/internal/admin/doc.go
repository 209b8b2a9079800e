// Package admin is what "everwire admin" does: it asks a server that "everwire serve" runs for its connections, over
// the WebSocket that its page /status uses (see package status, whose Commands and Events go both ways).
//
//	client.go    Client: connects, asks, waits for answers
//	refused.go   why it could not connect, in one line that says what to try
//	list.go      everwire admin list
//	stats.go     everwire admin stats
//	close.go     everwire admin close
//	tap.go       everwire admin tap
//	drain.go     everwire drain
//	visible.go   what other people have sent, made safe for a terminal
package admin
