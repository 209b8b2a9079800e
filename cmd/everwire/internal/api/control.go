package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// mostOrders is how many of what other nodes ask for may wait.
const mostOrders = 1024

// control joins the API with those of the other nodes.
type control struct {
	api    *API
	stop   func()
	orders chan target
	done   sync.WaitGroup
}

func newControl(a *API) (*control, error) {
	c := &control{api: a, orders: make(chan target, mostOrders)}
	stop, err := a.hub.Subscribe(ControlRoom, c.receive)
	if err != nil {
		return nil, fmt.Errorf("api: cannot listen to the other nodes: %w", err)
	}
	ended := make(chan struct{})
	c.stop = func() {
		stop()
		close(ended)
	}
	c.done.Go(func() {
		for {
			select {
			case t := <-c.orders:
				n := a.close(t)
				a.log.Info("another node's API disconnects", "user", t.User, "room", t.Room, "connection", t.Connection, "code", t.Code, "here", n)
			case <-ended:
				return
			}
		}
	})
	return c, nil
}

func (c *control) close() {
	c.stop()
	c.done.Wait()
}

// pass tells the other nodes.
func (c *control) pass(ctx context.Context, t target) error {
	// If the room is plain, it is published to without waiting: what the broker thinks of itself is all
	// there is to know then.
	if err := c.api.hub.Stats().Err; err != nil {
		return err
	}
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = c.api.hub.Publish(ctx, ControlRoom, hub.Message{Type: websocket.Text, Data: data})
	return err
}

// receive takes what a node says, this one too. It runs on the broker's goroutine, and so leaves the
// closing to another.
func (c *control) receive(m *hub.Message) {
	if m.Node == c.api.hub.Node() {
		return
	}
	if err := c.order(m.Data); err != nil {
		c.api.log.Warn("what another node's API asks for is left out", "node", m.Node, "error", err)
	}
}

func (c *control) order(data []byte) error {
	var t target
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	select {
	case c.orders <- t:
		return nil
	default:
		return fmt.Errorf("more than %d wait", mostOrders)
	}
}
