package demo

import "github.com/everwire/everwire/websocket"

// A Demo is one endpoint.
type Demo struct {
	Name string // the endpoint's path, without the slash, and the name of its page
	Line string // what it does, for the terminal
	New  func() *websocket.Server
}

// All are the demos, in the order in which they are shown.
var All = []Demo{
	{"echo", "sends every message back", Echo},
	{"hello", "answers “My name is …”, and closes after 5 seconds", Hello},
	{"chat", "sends every message to everyone", Chat},
	{"binary", "sends bytes back, a file if you like", Binary},
	{"rate", "reads slowly: 512 KiB/s, or as ?rate= says", Rate},
	{"handshake", "tells what was asked and answered to connect", Handshake},
	{"subprotocols", "speaks soap, wamp and xmpp", Subprotocols},
}
