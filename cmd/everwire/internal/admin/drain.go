package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// Drain has the server close a part of its connections, evenly over a time, and waits until that is through. If ctx ends before, the server
// stops, and those that are left stay.
func (c *Client) Drain(ctx context.Context, out io.Writer, fraction float64, over time.Duration, asJSON bool) error {
	e, err := c.ask(ctx, status.Command{Do: status.Drain, Fraction: fraction, Over: over.Milliseconds()})
	if err != nil {
		return err
	}
	if e.Drain == nil {
		return errors.New("the server does not say what it drains; is it another version of everwire?")
	}
	if asJSON {
		json.NewEncoder(out).Encode(e.Drain)
	} else {
		fmt.Fprintf(out, "closing %d of %d connections with code 1012, over %v\n", e.Drain.Picked, e.Drain.Connections, over)
	}
	ctx, cancel := context.WithTimeout(ctx, over+c.config.Timeout)
	defer cancel()
	for {
		e, err := c.next(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return errors.New("stopped before it was through; the connections that are left stay")
		case err != nil:
			return err
		case e.Is != status.IsDrained || e.Drain == nil:
		case asJSON:
			return json.NewEncoder(out).Encode(e.Drain)
		default:
			fmt.Fprintf(out, "closed %d; %d had left by themselves\n", e.Drain.Closed, e.Drain.Picked-e.Drain.Closed)
			return nil
		}
	}
}
