package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/everwire/everwire/websocket"
)

// A server that answers every message, and a client of it.
func ExampleServer() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.SendText("Hello from server, " + m.Text())
		})
	})
	mux := http.NewServeMux()
	mux.Handle("/hello", &srv)
	site := httptest.NewServer(mux)
	defer site.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, site.URL+"/hello", nil)
	if err != nil {
		log.Fatal(err)
	}
	c.Write(ctx, websocket.Text, []byte("John"))
	_, answer, err := c.Read(ctx)
	fmt.Println(string(answer), err)
	fmt.Println(c.Close(websocket.CloseNormal, "Work complete"))
	// Output:
	// Hello from server, John <nil>
	// <nil>
}

// A chat: what one client says goes to all others.
func ExampleServer_Broadcast() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		name := r.URL.Query().Get("name")
		srv.Broadcast(websocket.Text, []byte(name+" is here"))
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			srv.Broadcast(websocket.Text, []byte(name+": "+m.Text()), websocket.Except(s))
		})
	})
	site := httptest.NewServer(&srv)
	defer site.Close()

	ctx := context.Background()
	read := func(c *websocket.Conn) {
		_, message, _ := c.Read(ctx)
		fmt.Println(string(message))
	}
	ada, err := websocket.Dial(ctx, site.URL+"?name=Ada", nil)
	if err != nil {
		log.Fatal(err)
	}
	read(ada)
	bob, err := websocket.Dial(ctx, site.URL+"?name=Bob", nil)
	if err != nil {
		log.Fatal(err)
	}
	read(ada)
	read(bob)
	bob.Write(ctx, websocket.Text, []byte("hi Ada"))
	read(ada)
	ada.Terminate()
	bob.Terminate()
	srv.Shutdown(ctx)
	// Output:
	// Ada is here
	// Bob is here
	// Bob is here
	// Bob: hi Ada
}

// A handler of one's own, which decides who may connect and what they speak.
func ExampleUpgrade() {
	opts := &websocket.AcceptOptions{
		Subprotocols: []string{"soap"},
		OnRequest: func(r *http.Request, answer http.Header) error {
			if r.Header.Get("Authorization") == "" {
				return websocket.Refuse(http.StatusUnauthorized, "who are you?")
			}
			return nil
		},
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := websocket.Upgrade(w, r, opts, func(s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.SendText("you speak " + s.Subprotocol()) })
		})
		if err != nil {
			fmt.Println("server:", err) // the client was answered
		}
	}))
	defer site.Close()

	ctx := context.Background()
	_, err := websocket.Dial(ctx, site.URL, nil)
	fmt.Println("client:", err)

	c, err := websocket.Dial(ctx, site.URL, &websocket.DialOptions{
		Subprotocols: []string{"soap", "wamp"},
		Header:       http.Header{"Authorization": {"Bearer secret"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Terminate()
	_, message, err := c.Read(ctx)
	fmt.Println(string(message), err)
	// Output:
	// server: websocket: handshake failed: refused by OnRequest (status 401)
	// client: websocket: handshake failed: the server answered 401 Unauthorized, not 101 Switching Protocols (status 401)
	// you speak soap <nil>
}

// A handler that reads when it likes, on its own goroutine.
func ExampleAccept() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the client was answered
		}
		defer c.Close(websocket.CloseNormal, "bye")
		for m, err := range c.Messages(r.Context()) {
			if err != nil || m.Text() == "bye" {
				return
			}
			c.Write(r.Context(), m.Type(), m.Bytes())
		}
	}))
	defer site.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, site.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range []string{"one", "two", "bye"} {
		c.Write(ctx, websocket.Text, []byte(message))
		_, answer, err := c.Read(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(answer))
	}
	// Output:
	// one
	// two
	// websocket: closed by peer: 1000 normal closure: "bye"
}

// A server that refuses says why.
func ExampleDial() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "closed on Sundays", http.StatusForbidden)
	}))
	defer site.Close()

	_, err := websocket.Dial(context.Background(), site.URL, nil)
	if refused, ok := err.(*websocket.HandshakeError); ok {
		why := make([]byte, 100)
		n, _ := refused.Response.Body.Read(why)
		fmt.Printf("%d %s", refused.Status, why[:n])
	}
	// Output: 403 closed on Sundays
}

// The browser's WebSocket, in Go.
func ExampleNew() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.SendText("Hello from server, " + m.Text())
			s.Close(websocket.CloseNormal, "Work complete")
		})
	})
	site := httptest.NewServer(&srv)
	defer site.Close()

	closed := make(chan struct{})
	_, err := websocket.New(site.URL, nil, func(s *websocket.Socket) {
		fmt.Println(s.ReadyState())
		s.OnOpen(func(s *websocket.Socket) {
			fmt.Println(s.ReadyState())
			s.SendText("John")
		})
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { fmt.Println(m.Text()) })
		s.OnError(func(s *websocket.Socket, err error) { fmt.Println(err) })
		s.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) {
			fmt.Println(e.Code, e.Reason, e.WasClean)
			close(closed)
		})
	})
	if err != nil {
		log.Fatal(err) // the URL or the options are wrong
	}
	<-closed
	// Output:
	// CONNECTING
	// OPEN
	// Hello from server, John
	// 1000 normal closure Work complete true
}

// Rooms: a message goes to who is in it.
func ExampleGroup() {
	var srv websocket.Server
	rooms := map[string]*websocket.Group{"red": {}, "blue": {}}
	var joined sync.WaitGroup
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		rooms[r.URL.Query().Get("room")].Add(s) // it leaves by itself when it is closed
		joined.Done()
	})
	site := httptest.NewServer(&srv)
	defer site.Close()

	ctx := context.Background()
	var clients []*websocket.Conn
	for _, room := range []string{"red", "red", "blue"} {
		joined.Add(1)
		c, err := websocket.Dial(ctx, site.URL+"?room="+room, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.Terminate()
		clients = append(clients, c)
	}
	joined.Wait()

	message, err := websocket.Prepare(websocket.Text, []byte("to the red room")) // encoded once
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent to", rooms["red"].Publish(message))
	for _, c := range clients[:2] {
		_, data, _ := c.Read(ctx)
		fmt.Println(string(data))
	}
	// Output:
	// sent to 2
	// to the red room
	// to the red room
}

var userName = websocket.NewKey[string]()

// What a program knows of a connection travels with it.
func ExampleKey() {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		userName.Set(s, r.URL.Query().Get("name"))
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			name, _ := userName.Get(s)
			s.SendText(name + " said " + m.Text())
		})
	})
	site := httptest.NewServer(&srv)
	defer site.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, site.URL+"?name=Ada", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Terminate()
	c.Write(ctx, websocket.Text, []byte("hello"))
	_, answer, _ := c.Read(ctx)
	fmt.Println(string(answer))
	// Output: Ada said hello
}
