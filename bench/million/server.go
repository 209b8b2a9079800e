//go:build linux

package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"

	"github.com/everwire/everwire/websocket"
)

// announcement is the message that the server sends to everybody. It echoes any other.
var announcement = []byte("one message to all")

// runServer serves until its standard input ends. A line there has it give back the memory that it does not need.
func runServer() {
	srv := &websocket.Server{}
	if *driver == "goroutines" {
		srv.Options.Driver = websocket.Goroutines
	}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if slices.Equal(m.Bytes(), announcement) {
				srv.Broadcast(m.Type(), m.Bytes())
				return
			}
			s.SendMessage(m)
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(srv.Serve(ln)) }()
	fmt.Println(ln.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		for range 3 { // pools let go of what they hold at the second collection
			debug.FreeOSMemory()
		}
		fmt.Println(lines.Text())
	}
}
