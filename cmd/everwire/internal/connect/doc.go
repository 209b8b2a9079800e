// Package connect is everwire connect where it is a filter: it joins a WebSocket connection, which it makes or
// waits for, with something local, message by message.
//
//	standard input and output ─┐
//	a command (--exec)        ─┼─ source ─▶ input ─▶ talk.send    ─▶ ┌──────┐
//	a TCP connection          ─┘                                      │ Conn │
//	                             ◀─ sink ◀────────── talk.receive ◀─ └──────┘
//
//	config.go    Config: what is wanted, and what contradicts itself
//	status.go    the exit statuses
//	run.go       Run: which of the ways it is
//	source.go    octets to messages: lines, NUL, lengths, raw, the whole
//	sink.go      messages to octets
//	input.go     a source read ahead by one message
//	goal.go      --wait and --expect: what must come
//	session.go   one local end's talk over a connection, or several in a row
//	client.go    connections that are made, again if they are lost
//	listen.go    connections that are waited for
//	crowd.go     standard input and output with any number of them
//	local.go     what a connection is joined with
//	child.go     --exec
//	tcp.go       --tcp-listen
//	verbose.go   -v, -vv and -vvv
//
// Nothing is buffered but one message each way: who does not read standard output holds the peer back through
// TCP's window, and the peer holds back who writes standard input.
package connect
