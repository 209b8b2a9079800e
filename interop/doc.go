// Package interop tests Everwire against other people's WebSocket software, in both roles. It has tests only.
//
// That is ws for Node, in package.json's version; websockets for Python and libwebsockets, in whichever versions the
// machine has; and curl, where it speaks ws. Tests whose software is not there are skipped; if EVERWIRE_TEST_ALL is
// set, they fail. "make tools" installs what is needed.
//
// docs/interop.md has a table of what was seen to work with what. Each run compares it with what it sees, if all
// software took part, and "go test ./interop -update" writes it.
//
// # How a test works
//
// Two programs per software, a client and a server (node/client.js, node/server.js), are started once and
// take part in all scenarios. The test tells them what to do, and they tell it what happened: the driver
// protocol below. Our end is one of four faces: a websocket.Server, websocket.Accept, websocket.New and
// websocket.Dial. Both ends, theirs and ours, put what happens to them into a mailbox of events of one
// type, so a scenario reads the same whoever is at which end:
//
//	us.send(t, websocket.Text, "hello")
//	they.want(t, message(websocket.Text, "hello"))
//	they.do(t, "close", args{"code": 1001, "reason": "bye"})
//	us.want(t, closed(1001, "bye", true))
//
// Nearly all scenarios are run twice: without compression, which theirs may offer and ours does not choose, and with
// permessage-deflate, in which everything is compressed, however short.
//
// What is where:
//
//	scenarios_test.go    the list of scenarios, and who runs them
//	messages_test.go, control_test.go, closing_test.go, failing_test.go, flow_test.go,
//	opening_test.go, streams_test.go, compression_test.go
//	                     the scenarios
//	software_test.go     what a scenario has to know of the software, and what that cannot do
//	table_test.go        the table of docs/interop.md
//	event_test.go        events and mailboxes
//	end_test.go          our end of a connection
//	face_test.go         the four faces, and connecting them with a program
//	tap_test.go          looking at, and writing to, the stream below our end
//	certificate_test.go  the certificate for TLS, at either side
//	program_test.go      starting a program, and the test's side of the driver protocol
//	node_test.go, node/  running all that with node; its client and server, and what they share
//	python_test.go, python/
//	                     the same with Python
//	libwebsockets_test.go, libwebsockets_server_test.go, libwebsockets_client_test.go
//	                     the test programs of libwebsockets, and scenarios of their own
//	curl_test.go         curl
//
// To add software, write a client and a server that speak the driver protocol, and a test as in
// node_test.go. A program that has only one role, or cannot do all, runs those of the scenarios it can. What it
// cannot do stands in its software's cannot, from where it goes into the table.
//
// # The driver protocol
//
// Commands go to the program's standard input and events come from its standard output, as JSON objects, one
// a line. Each has an "id": a scenario's one connection, numbered by the test. Octets are in base64. At the
// end of its input the program exits.
//
// The client's command to begin a connection has "do": "connect", and
//
//	url                 ws, wss or ws+unix
//	subprotocols        to offer, in order of preference
//	headers             additional fields of the request, by name
//	origin              the Origin header
//	ca                  PEM: the certificate to trust, for wss
//	maxMessage          the most octets it takes in a message; the default is the software's
//	deflate             false: no permessage-deflate; an object: with it, every message compressed, and asking for
//	                    what the object has, by RFC 7692's names for it; the default is the software's
//
// The server's has "do": "listen", and
//
//	socket              the path of a Unix domain socket; without it, a free port of 127.0.0.1
//	cert, key           PEM, for wss
//	subprotocols        it speaks, in order of its own preference; without it the software chooses
//	choose              a subprotocol to choose whatever is offered
//	headers             additional fields of the answer, by name
//	refuse              {status, headers, body}: answer so, instead of accepting
//	maxMessage, deflate as above
//
// All other commands are about a connection that is open:
//
//	send                data, sent times times over (default 1) in one message; text; fin and mask, if given, are
//	                    the frame's, else what is right. A send after one with fin false continues its message.
//	ping, pong          data
//	close               code, reason; neither: a Close frame without a body
//	terminate           end the stream without a closing handshake
//	pause               stop reading; answered by the event paused
//	read                read on, and pause again after so many messages, if given
//	buffered            answered by the event buffered with size: how many octets still wait to be sent
//	end                 the scenario is over: drop the connection, and the server
//
// The events, in "event":
//
//	listening           url
//	open                subprotocol, extensions, and headers and path of the other side's handshake (a client
//	                    knows no path)
//	refused             status, headers, body: the server answered something else than 101
//	message             text, size, sha256, and start: its first 100 octets
//	ping, pong          data
//	error               error: in the software's own words
//	close               code, reason, clean, as in the browser's CloseEvent. It is the last.
//	paused, buffered    see above
//	failed              error: a command could not be carried out, which no scenario expects
package interop
