// Command echo sends every message back as it came.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/everwire/everwire/websocket"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()

	srv := &websocket.Server{Addr: *addr}
	srv.OnListening(func(addr net.Addr) {
		fmt.Printf("ws://%s/\n", addr)
	})
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.SendMessage(m)
		})
	})
	log.Fatal(srv.ListenAndServe())
}
