package handshake_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

func ExampleAccept() {
	fmt.Println(handshake.Accept("Iv8io/9s+lYFgZWcXczP8Q=="))
	// Output: hsBlbuDTkk24srzEOTBUlZAlC2g=
}

// A server judges a request and answers it, in whichever way it came by it.
func Example_server() {
	request := &handshake.Request{
		Method: "GET", Target: "/chat", Major: 1, Minor: 1, Host: "example.com",
		Header: http.Header{
			"Upgrade":                {"websocket"},
			"Connection":             {"keep-alive, Upgrade"},
			"Origin":                 {"https://example.com"},
			"Sec-Websocket-Key":      {"Iv8io/9s+lYFgZWcXczP8Q=="},
			"Sec-Websocket-Version":  {"13"},
			"Sec-Websocket-Protocol": {"soap, wamp"},
		},
	}
	if e := request.Check(); e != nil {
		fmt.Println(e.Status, e.Reason)
		return
	}
	if e := handshake.CheckOrigin(request, nil); e != nil {
		fmt.Println(e.Status, e.Reason)
		return
	}
	offered, err := handshake.Subprotocols(request.Header)
	if err != nil {
		fmt.Println(err)
		return
	}
	response := handshake.Response{
		Key:         request.Header.Get("Sec-WebSocket-Key"),
		Subprotocol: handshake.SelectSubprotocol(offered, []string{"wamp"}),
	}
	fmt.Print(strings.ReplaceAll(string(response.Append(nil)), "\r\n", "\n"))
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// Upgrade: websocket
	// Connection: Upgrade
	// Sec-WebSocket-Accept: hsBlbuDTkk24srzEOTBUlZAlC2g=
	// Sec-WebSocket-Protocol: wamp
}

// A client offers and judges what the server makes of it.
func Example_client() {
	offer := &handshake.Offer{
		Key:          "Iv8io/9s+lYFgZWcXczP8Q==", // NewKey() makes a fresh one
		Subprotocols: []string{"soap", "wamp"},
	}
	request, _ := http.NewRequest("GET", "http://example.com/chat", nil)
	offer.SetHeader(request.Header)

	response := http.Header{ // as it came from the server
		"Upgrade":                {"websocket"},
		"Connection":             {"Upgrade"},
		"Sec-Websocket-Accept":   {"hsBlbuDTkk24srzEOTBUlZAlC2g="},
		"Sec-Websocket-Protocol": {"chat"},
	}
	_, err := offer.Judge(101, response)
	fmt.Println(err)

	response.Set("Sec-WebSocket-Protocol", "soap")
	answer, err := offer.Judge(101, response)
	fmt.Println(answer.Subprotocol, err)
	// Output:
	// handshake: the server chose the subprotocol "chat", which was not offered (RFC 6455 §4.1)
	// soap <nil>
}

func ExampleRequest_Check() {
	visitor := &handshake.Request{Method: "GET", Target: "/chat", Major: 1, Minor: 1, Host: "example.com"}
	e := visitor.Check()
	fmt.Println(e.Status, e.Header)
	// Output: 426 map[Connection:[Upgrade] Upgrade:[websocket]]
}

func ExampleCheckOrigin() {
	request := &handshake.Request{Host: "api.example.com", Header: http.Header{"Origin": {"https://www.example.com"}}}
	for _, patterns := range [][]string{nil, {"https://*.example.com"}} {
		fmt.Println(handshake.CheckOrigin(request, patterns) == nil)
	}
	// Output:
	// false
	// true
}

func ExampleValidatePattern() {
	fmt.Println(handshake.ValidatePattern("https://example.com:*"))
	fmt.Println(handshake.ValidatePattern("https://example.com/"))
	// Output:
	// <nil>
	// handshake: the origin pattern "https://example.com/" goes on after the host and port, where an origin ends
}

func ExampleParseExtensions() {
	h := http.Header{}
	h.Add("Sec-WebSocket-Extensions", `permessage-deflate; server_max_window_bits="10"`)
	h.Add("Sec-WebSocket-Extensions", "permessage-deflate")
	list, err := handshake.ParseExtensions(h)
	fmt.Println(list, err)
	// Output: [permessage-deflate; server_max_window_bits=10 permessage-deflate] <nil>
}
