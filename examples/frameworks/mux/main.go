// Command mux serves WebSocket from the standard library's mux, behind a middleware that wraps the ResponseWriter.
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/everwire/everwire/websocket"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", router()))
}

func router() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /echo", echo)
	mux.Handle("GET /chat", chat())
	mux.Handle("GET /private/echo", authorized(http.HandlerFunc(echo)))
	return logged(recovered(mux))
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

// logged is a middleware that logs the status of every answer. A WebSocket is logged when its handler returns: at its
// end where the handler reads, at its beginning where a Server has it.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		begin := time.Now()
		next.ServeHTTP(noted, r)
		log.Printf("%s %s %d %v", r.Method, r.URL.Path, noted.status, time.Since(begin))
	})
}

// A statusWriter notes the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController, and so Accept and Server, find what is below. Without it no handshake
// succeeds.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recovered is a middleware that answers 500 for a handler that panics.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				log.Printf("%s %s: panic: %v", r.Method, r.URL.Path, v)
				http.Error(w, "something is wrong here", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
