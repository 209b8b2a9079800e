// Command chi serves WebSocket from a chi router.
package main

import (
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/everwire/everwire/websocket"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", router()))
}

func router() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Logger, middleware.Recoverer)

	r.Get("/echo", echo)
	r.Handle("/chat", chat())
	r.With(authorized).Get("/private/echo", echo)
	return r
}

// echo reads and writes in the handler.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // the request has been answered
	}
	defer c.Close(websocket.CloseNormal, "")
	for {
		typ, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), typ, data); err != nil {
			return
		}
	}
}

// chat is a server of sockets, which is an http.Handler.
func chat() http.Handler {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			srv.Broadcast(m.Type(), m.Bytes())
		})
	})
	return srv
}

// authorized is a middleware: what it refuses sees no handshake.
func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
