package embedded_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/everwire/everwire/hub/nats/embedded"
)

func Example() {
	ctx := context.Background()
	store, err := os.MkdirTemp("", "everwire")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(store)
	srv, err := embedded.Start(ctx, embedded.Options{Store: store, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer srv.Shutdown(ctx)
	if err := srv.Ready(ctx); err != nil {
		panic(err)
	}
	nc, err := srv.Connect()
	if err != nil {
		panic(err)
	}
	defer nc.Close()
	answers, err := nc.SubscribeSync("greetings")
	if err != nil {
		panic(err)
	}
	nc.Publish("greetings", []byte("hello"))
	m, err := answers.NextMsgWithContext(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(m.Data), srv.Replicas())
	// Output: hello 1
}

// Two nodes with storage are less safe than one: neither can go on without the other.
func ExampleStoragePeers() {
	_, err := embedded.StoragePeers([]string{"10.0.0.1:7900", "10.0.0.2:7900"})
	fmt.Println(err != nil)
	peers, _ := embedded.StoragePeers([]string{"a:1", "b:1", "c:1", "d:1", "e:1", "f:1"})
	fmt.Println(peers)
	// Output:
	// true
	// [a:1 b:1 c:1 d:1 e:1]
}
