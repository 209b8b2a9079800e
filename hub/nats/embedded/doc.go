// Package embedded runs a nats-server inside the process, so that a program has rooms over many machines with nothing else to install.
//
// A node alone:
//
//	srv, err := embedded.Start(ctx, embedded.Options{Store: "/var/lib/everwire"})
//
// One of three that keep everything three times, and go on when one is gone:
//
//	peers := []string{"10.0.0.1:7900", "10.0.0.2:7900", "10.0.0.3:7900"}
//	srv, err := embedded.Start(ctx, embedded.Options{Listen: "10.0.0.1:7900", Peers: peers, Secret: secret, Store: "/var/lib/everwire"})
//
// Then, on each:
//
//	err = srv.Ready(ctx)
//	nc, err := srv.Connect()
//
// The first 1, 3 or 5 of Peers have storage: JetStream, with its logs and its elections. All other nodes join without, and may come and go.
// [Durability] says what an acknowledged message survives.
//
//   - options.go: what can be chosen
//   - peers.go: which nodes have storage, and why not two
//   - configure.go: the options as nats-server wants them
//   - store.go: what the store's directory was written by
//   - server.go: Start, Connect, Shutdown
//   - ready.go: Ready and Err
//   - leadership.go: what a node that leaves gives away
//   - forget.go: from five nodes with storage to three
//   - log.go: the server's words in a slog.Logger
package embedded
