// Command gin serves WebSocket from a gin router.
package main

import (
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/everwire/everwire/websocket"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", router()))
}

func router() http.Handler {
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())

	r.GET("/echo", echo)
	r.GET("/chat", gin.WrapH(chat()))
	r.GET("/private/echo", authorized, echo)
	return r
}

// echo reads and writes in the handler.
func echo(ctx *gin.Context) {
	c, err := websocket.Accept(ctx.Writer, ctx.Request, nil)
	if err != nil {
		return // the request has been answered
	}
	defer c.Close(websocket.CloseNormal, "")
	for {
		typ, data, err := c.Read(ctx.Request.Context())
		if err != nil {
			return
		}
		if err := c.Write(ctx.Request.Context(), typ, data); err != nil {
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
func authorized(ctx *gin.Context) {
	if ctx.GetHeader("Authorization") != "Bearer secret" {
		ctx.AbortWithStatus(http.StatusUnauthorized)
	}
}
