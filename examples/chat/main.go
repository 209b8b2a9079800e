// Command chat sends what one client writes to all of them. Its WebSocket is one endpoint among others of an
// ordinary HTTP server, and Ctrl-C closes every connection in order.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/everwire/everwire/websocket"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	chat := &websocket.Server{}
	chat.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			chat.Broadcast(m.Type(), m.Bytes())
		})
	})

	mux := http.NewServeMux()
	mux.Handle("/chat", chat)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%d people are in the chat.\n", chat.Clients().Len())
	})
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ws://%s/chat\n", ln.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(ln)

	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	chat.Shutdown(ctx) // http.Server does not know connections that became WebSockets
	server.Shutdown(ctx)
}
