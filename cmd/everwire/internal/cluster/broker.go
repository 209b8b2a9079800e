package cluster

import (
	"fmt"
	"log/slog"

	natsgo "github.com/nats-io/nats.go"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/nats"
	"github.com/everwire/everwire/hub/nats/embedded"
)

// newBroker makes the broker of a connection, for the node of a name.
func newBroker(conn *natsgo.Conn, replicas int, node string, log *slog.Logger) (hub.Broker, error) {
	return nats.New(conn, &nats.Options{Replicas: replicas, Node: node, Log: log})
}

// A nodeBroker is that of a node with a server inside, which knows at once when the others are gone.
type nodeBroker struct {
	hub.Broker
	server *embedded.Server
}

// Err implements [hub.Broker].
func (b nodeBroker) Err() error {
	if err := b.Broker.Err(); err != nil {
		return err
	}
	if err := b.server.Err(); err != nil {
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, said(err))
	}
	return nil
}
