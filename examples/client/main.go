// Command client is the browser's WebSocket object in Go: it says a name to the hello server and is called with
// what happens.
//
//	client -url ws://127.0.0.1:8080/
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/everwire/everwire/websocket"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8080/hello", "the server")
	flag.Parse()

	closed := make(chan struct{})
	_, err := websocket.New(*url, nil, func(socket *websocket.Socket) {
		socket.OnOpen(func(s *websocket.Socket) {
			fmt.Println("[open] Connection established")
			fmt.Println("Sending to server")
			s.SendText("My name is John")
		})
		socket.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			fmt.Println("[message] Data received from server:", m.Text())
		})
		socket.OnError(func(s *websocket.Socket, err error) {
			fmt.Println("[error]", err)
		})
		socket.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) {
			if e.WasClean {
				fmt.Printf("[close] Connection closed cleanly, code=%d reason=%s\n", e.Code, e.Reason)
			} else {
				fmt.Println("[close] Connection died") // the code is 1006
			}
			close(closed)
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	<-closed
}
