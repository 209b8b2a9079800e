package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// journal logs the life of every connection under a number of its own. Of a request it logs nothing that may be a
// secret: no query, no cookie, no authorization, no subprotocol, which some use to carry a token.
type journal struct {
	log  *slog.Logger
	last atomic.Int64 // the number of the newest connection

	// connected, if set, is called with each new connection and its number.
	connected func(number int64, s *websocket.Socket, r *http.Request)
}

// keep logs the connections of a demo, and returns a handler that also logs the handshakes it refuses.
func (j *journal) keep(demo string, srv *websocket.Server) http.Handler {
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		number := j.last.Add(1)
		if j.connected != nil {
			j.connected(number, s, r)
		}
		log := j.log.With("conn", number)
		began := time.Now()
		log.Info("connected", "demo", demo, "remote", s.RemoteAddr().String())
		s.OnError(func(_ *websocket.Socket, err error) {
			level := slog.LevelWarn
			if panicked := (*websocket.PanicError)(nil); errors.As(err, &panicked) {
				level = slog.LevelError
			}
			log.Log(context.Background(), level, "failed", "error", err)
		})
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
			log.Info("closed", "code", int(e.Code), "reason", e.Reason, "clean", e.WasClean,
				"duration", time.Since(began).Round(time.Millisecond))
		})
	})
	return j.refusals(demo, srv)
}

// refusals logs the answers to handshakes that made no connection.
func (j *journal) refusals(demo string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsUpgrade(r) {
			next.ServeHTTP(w, r)
			return
		}
		answer := &answer{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if answer.status != 0 {
			j.log.Warn("handshake refused", "demo", demo, "remote", r.RemoteAddr,
				"status", answer.status, "reason", answer.reason())
		}
	})
}

// answer remembers the status and the text of a refusal. A connection that is made is hijacked instead, through
// Unwrap, and leaves the status 0.
type answer struct {
	http.ResponseWriter
	status int
	text   []byte
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.text = append(a.text, p...)
	return a.ResponseWriter.Write(p)
}

// reason is the text of the refusal, which quotes neither the request's query nor its subprotocols.
func (a *answer) reason() string {
	return strings.TrimPrefix(strings.TrimSpace(string(a.text)), "WebSocket handshake refused: ")
}
