package nats_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/nats"
	"github.com/everwire/everwire/hub/nats/embedded"
)

func Example() {
	dir, err := os.MkdirTemp("", "rooms")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	// With a NATS of its own: nc, err := nats.Connect("nats://127.0.0.1:4222", nil)
	server, err := embedded.Start(ctx, embedded.Options{Store: dir})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Shutdown(ctx)
	nc, err := server.Connect()
	if err != nil {
		log.Fatal(err)
	}
	broker, err := nats.New(nc, &nats.Options{Replicas: server.Replicas(), OwnConn: true})
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close(ctx)

	room := hub.Room{Name: "orders.new", Logged: true, History: hub.History{Messages: 100}}
	for _, text := range []string{"one", "two"} {
		if _, err := broker.Publish(ctx, room, &hub.Message{Data: []byte(text)}); err != nil {
			log.Fatal(err)
		}
	}
	messages, err := broker.Read(ctx, room, hub.Position{})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range messages {
		fmt.Printf("%s\n", m.Data)
	}
	// Output:
	// one
	// two
}
