// Command echo serves WebSocket from a router of labstack/echo.
package main

import (
	"log"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/everwire/everwire/websocket"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", router()))
}

func router() http.Handler {
	e := echo.New()
	e.Use(middleware.RequestLogger(), middleware.Recover())

	e.GET("/echo", echoes)
	e.GET("/chat", echo.WrapHandler(chat()))
	e.GET("/private/echo", echoes, authorized)
	return e
}

// echoes reads and writes in the handler.
func echoes(ctx *echo.Context) error {
	c, err := websocket.Accept(ctx.Response(), ctx.Request(), nil)
	if err != nil {
		return nil // the request has been answered
	}
	defer c.Close(websocket.CloseNormal, "")
	for {
		typ, data, err := c.Read(ctx.Request().Context())
		if err != nil {
			return nil // there is nobody left to answer
		}
		if err := c.Write(ctx.Request().Context(), typ, data); err != nil {
			return nil
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
func authorized(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx *echo.Context) error {
		if ctx.Request().Header.Get("Authorization") != "Bearer secret" {
			return echo.ErrUnauthorized
		}
		return next(ctx)
	}
}
