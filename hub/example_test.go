package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// A chat server: what one says, the others in the lobby get.
func Example() {
	h := hub.New(nil)
	defer h.Close(context.Background())

	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		h.Join(s, "lobby")
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			h.Publish(s.Context(), "lobby", hub.Message{Type: m.Type(), Data: m.Bytes()}, hub.Except(s))
		})
	})
	http.Handle("/chat", &srv)
}

// Two machines, here two nodes of one Memory. With the broker of package hub/nats the program is the same.
func Example_twoMachines() {
	memory := hub.NewMemory(nil)
	chat := func(string) hub.RoomOptions { return hub.RoomOptions{History: hub.History{Messages: 100}} }
	one := hub.New(&hub.Options{Broker: memory, Room: chat})
	two := hub.New(&hub.Options{Broker: memory.Node(), Room: chat})
	defer one.Close(context.Background())
	defer two.Close(context.Background())

	ctx := context.Background()
	at, err := one.Publish(ctx, "lobby", hub.Message{Data: []byte("hello")})
	if err != nil {
		fmt.Println(err)
	}
	two.Publish(ctx, "lobby", hub.Message{Data: []byte("hello yourself")})

	all, _ := two.History(ctx, "lobby", hub.Position{}, 10)
	for _, m := range all {
		fmt.Printf("%s\n", m.Data)
	}
	later, _ := one.History(ctx, "lobby", at, 10)
	fmt.Println("after the first:", len(later))
	// Output:
	// hello
	// hello yourself
	// after the first: 1
}

// A room whose clients see positions, and come back with the last one they had.
func ExampleHub_JoinWith() {
	type envelope struct {
		Position hub.Position `json:"position"`
		From     string       `json:"from"`
		Text     string       `json:"text"`
	}
	h := hub.New(&hub.Options{Room: func(string) hub.RoomOptions {
		return hub.RoomOptions{
			History: hub.History{Messages: 1000},
			Encode: func(m *hub.Message) []byte {
				b, _ := json.Marshal(envelope{m.Position, m.Publisher, string(m.Data)})
				return b
			},
		}
	}})
	defer h.Close(context.Background())

	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		var opts hub.JoinOptions
		if last := r.URL.Query().Get("after"); last != "" {
			p, err := hub.ParsePosition(last)
			if err != nil {
				s.Close(websocket.ClosePolicyViolation, err.Error())
				return
			}
			opts.From = &p
		}
		_, err := h.JoinWith(s.Context(), s, "lobby", opts)
		if err == hub.ErrTooOld {
			s.Close(4000, "too old: load the page again")
		}
	})
	http.Handle("/lobby", &srv)
}

// A backend that looks on.
func ExampleHub_Subscribe() {
	h := hub.New(nil)
	defer h.Close(context.Background())
	heard := make(chan string)
	stop, err := h.Subscribe("orders.*", func(m *hub.Message) { heard <- fmt.Sprintf("%s: %s", m.Room, m.Data) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	h.Publish(context.Background(), "orders.17", hub.Message{Data: []byte("paid")})
	fmt.Println(<-heard)
	// Output: orders.17: paid
}

// Members of a room, with a value each, on all nodes.
func ExampleHub_Present() {
	h := hub.New(&hub.Options{Room: func(string) hub.RoomOptions { return hub.RoomOptions{Presence: true} }})
	defer h.Close(context.Background())
	h.OnPresence(func(e hub.PresenceEvent) { fmt.Println(e.Member.ID, "left:", e.Left) })

	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		h.JoinWith(s.Context(), s, "lobby", hub.JoinOptions{ID: r.URL.Query().Get("user")})
		members, err := h.Present(s.Context(), "lobby")
		if err == nil {
			s.SendText(fmt.Sprint(len(members), " are here"))
		}
	})
	http.Handle("/who", &srv)
}
