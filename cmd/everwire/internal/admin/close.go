package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// End closes connections, and writes which. It goes on to the others if one cannot be closed, and returns the first
// error then.
func (c *Client) End(ctx context.Context, out io.Writer, ids []int64, code int, reason string, asJSON bool) error {
	var first error
	for _, id := range ids {
		_, err := c.ask(ctx, status.Command{Do: status.Close, Socket: id, Code: code, Reason: reason})
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			err = fmt.Errorf("%d was not closed: %w", id, err)
			if first == nil {
				first = err
			}
		case asJSON:
			json.NewEncoder(out).Encode(map[string]any{"socket": id, "code": code, "reason": reason})
		default:
			fmt.Fprintf(out, "%d is closing with code %d\n", id, code)
		}
	}
	return first
}
