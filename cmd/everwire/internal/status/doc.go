// Package status is the page /status of "everwire serve", apart from its HTML: it knows each connection of the
// server, shows all of them together to those who may look, and does what the operator says. "everwire admin" uses
// the same WebSocket as the page.
//
//	 websocket.Servers ──▶ Collector ──▶ Board ──▶ websocket.Server at Path ──▶ the page, everwire admin
//	   Observer,             counts,       who may see what,
//	   OnConnection          history       commands, taps
//
//	collector.go   Collector: the connections, and what is counted of them
//	sample.go      Numbers, taken each second, and those of the last five minutes
//	list.go        searching and sorting connections
//	tap.go         the frames of one connection, for one operator
//	board.go       Board: the endpoint
//	visitor.go     who is at the other end of one of its connections, and what it asks for
//	drain.go       closing some of the connections, so that they go elsewhere
//	access.go      the operator's token; who may see the numbers without it
//	protocol.go    what goes over the WebSocket: Commands one way, Events the other
//	command.go     Commands as they come from outside
//
// Docs/status.md describes it for operators, and the WebSocket for programs.
package status
