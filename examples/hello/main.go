// Command hello greets who says a name, and closes the connection five seconds later.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	stay := flag.Duration("stay", 5*time.Second, "how long to stay after the greeting")
	flag.Parse()

	srv := &websocket.Server{Addr: *addr}
	srv.OnListening(func(addr net.Addr) {
		fmt.Printf("ws://%s/\n", addr)
	})
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			name, ok := strings.CutPrefix(m.Text(), "My name is ")
			if !ok {
				s.SendText("What is your name?")
				return
			}
			s.SendText("Hello from server, " + name + "!")
			time.AfterFunc(*stay, func() {
				s.Close(websocket.CloseNormal, "Bye!")
			})
		})
	})
	log.Fatal(srv.ListenAndServe())
}
