package nats

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
)

func TestPresenceInACluster(t *testing.T) {
	c := startCluster(t)
	opts := func(node string) Options { return Options{Node: node, Lease: 2 * time.Second} }
	a, b := c.broker(0, opts("a")), c.broker(1, opts("b"))
	dies := c.broker(2, opts("dies"))
	enter(t, a, "room", "ada")
	enter(t, b, "room", "bob")
	enter(t, dies, "room", "eve")
	for _, b := range []*Broker{a, b, dies} {
		wantPresent(t, b, "room", "ada", "bob", "eve")
	}
	w := watch(t, a, "room")

	// A node that dies says nothing.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	c.nodes[2].Shutdown(ended)
	w.next("-eve")
	for _, b := range []*Broker{a, b} {
		wantPresent(t, b, "room", "ada", "bob")
	}

	// What was present is gone with all nodes, and presence works again afterwards.
	c.stop()
	for _, b := range []*Broker{a, b, dies} {
		if err := b.Close(context.Background()); !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("Close of a node that is cut off: %v", err)
		}
	}
	if err := c.start(0, 1, 2); err != nil {
		t.Fatal(err)
	}
	c.ready(0, 1, 2)
	a, b = c.broker(0, opts("a")), c.broker(1, opts("b"))
	enter(t, a, "room", "ann")
	enter(t, b, "room", "ben")
	for _, b := range []*Broker{a, b} {
		wantPresent(t, b, "room", "ann", "ben")
	}
}
