package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A client that stays connected to a server which closes every connection after one message, as one that restarts
// would.
func ExampleReconnecting() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() == "subscribe" {
				return
			}
			fmt.Println("the server got", m.Text())
			s.Close(websocket.CloseGoingAway, "")
		})
	})
	site := httptest.NewServer(&srv)
	defer site.Close()

	ended := make(chan struct{})
	opts := &websocket.ReconnectOptions{Backoff: websocket.Backoff{First: 10 * time.Millisecond}}
	rs, err := websocket.Reconnecting(site.URL, opts, func(rs *websocket.ReconnectingSocket) {
		rs.OnOpen(func(rs *websocket.ReconnectingSocket, s *websocket.Socket) {
			s.SendText("subscribe") // on each connection, ahead of what waits
		})
		rs.OnClose(func(rs *websocket.ReconnectingSocket, e websocket.CloseEvent, next websocket.Reconnect) {
			fmt.Println("closed:", int(e.Code), "for good:", next.Final)
			if next.Attempt == 2 {
				rs.SendText("two")
			} else {
				rs.Close(websocket.CloseNormal, "")
			}
		})
		rs.OnEnd(func(rs *websocket.ReconnectingSocket, reason error) {
			fmt.Println("the end:", reason)
			close(ended)
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	rs.SendText("one") // it waits for the connection
	<-ended
	// Output:
	// the server got one
	// closed: 1001 for good: false
	// the server got two
	// closed: 1001 for good: false
	// the end: <nil>
}

// A token that is renewed for every attempt.
func ExampleReconnectOptions_prepare() {
	var srv websocket.Server
	srv.Options.OnRequest = func(r *http.Request, answer http.Header) error {
		fmt.Println("the server is shown", r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer token 2" {
			return websocket.Refuse(http.StatusServiceUnavailable, "not yet")
		}
		return nil
	}
	site := httptest.NewServer(&srv)
	defer site.Close()

	token := func(ctx context.Context, attempt int) (string, error) { // asks another server, as a rule
		return fmt.Sprint("token ", attempt), nil
	}
	ended := make(chan struct{})
	_, err := websocket.Reconnecting(site.URL, &websocket.ReconnectOptions{
		Backoff: websocket.Backoff{First: 10 * time.Millisecond},
		Prepare: func(ctx context.Context, attempt int) (string, *websocket.DialOptions, error) {
			t, err := token(ctx, attempt)
			if err != nil {
				return "", nil, err
			}
			return "", &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer " + t}}}, nil
		},
	}, func(rs *websocket.ReconnectingSocket) {
		rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, next websocket.Reconnect) {
			fmt.Println("refused, next is attempt", next.Attempt)
		})
		rs.OnOpen(func(rs *websocket.ReconnectingSocket, s *websocket.Socket) {
			fmt.Println("open")
			rs.Close(websocket.CloseNormal, "")
		})
		rs.OnEnd(func(*websocket.ReconnectingSocket, error) { close(ended) })
	})
	if err != nil {
		log.Fatal(err)
	}
	<-ended
	// Output:
	// the server is shown Bearer token 1
	// refused, next is attempt 2
	// the server is shown Bearer token 2
	// open
}

// Prices, of which only the newest of each pair waits for a connection.
func ExampleReconnectingSocket_SendWith() {
	ended := make(chan struct{})
	rs, err := websocket.Reconnecting("ws://127.0.0.1:1", &websocket.ReconnectOptions{
		Queue: websocket.Queue{Messages: 2, Full: websocket.ReplaceByKey},
	}, func(rs *websocket.ReconnectingSocket) {
		rs.OnDrop(func(rs *websocket.ReconnectingSocket, d websocket.Drop) {
			fmt.Printf("%s was dropped: %v\n", d.Message.Text(), d.Reason)
		})
		rs.OnEnd(func(*websocket.ReconnectingSocket, error) { close(ended) })
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, price := range []string{"EURUSD 1.08", "EURGBP 0.85", "EURUSD 1.09"} {
		err := rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(price), Key: price[:6]})
		if err != nil {
			log.Fatal(err)
		}
	}
	rs.Close(websocket.CloseNormal, "")
	<-ended
	// Output:
	// EURUSD 1.08 was dropped: websocket: replaced by a newer message with the same key
	// EURGBP 0.85 was dropped: websocket: closed
	// EURUSD 1.09 was dropped: websocket: closed
}
