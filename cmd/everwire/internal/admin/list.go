package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// A Query says which connections to list.
type Query struct {
	Search string // see status.Command
	Sort   string
	Limit  int // 0: all
}

// List writes the connections that a Query picks, a row each; as JSON, an object a line. It returns how many were found, and
// how many of them were written.
func (c *Client) List(ctx context.Context, out io.Writer, q Query, asJSON bool) (found, written int, err error) {
	sockets, found, err := c.list(ctx, q)
	if err != nil {
		return 0, 0, err
	}
	if asJSON {
		encoder := json.NewEncoder(out)
		for _, s := range sockets {
			if err := encoder.Encode(s); err != nil {
				return 0, 0, err
			}
		}
		return found, len(sockets), nil
	}
	return found, len(sockets), writeList(out, sockets, time.Now())
}

// list asks page by page. What moves from one page to the next meanwhile is listed once.
func (c *Client) list(ctx context.Context, q Query) (sockets []status.Socket, found int, err error) {
	listed := make(map[int64]bool)
	for offset := 0; ; offset += status.LongestList {
		limit := status.LongestList
		if q.Limit > 0 {
			limit = min(limit, q.Limit-offset)
		}
		e, err := c.ask(ctx, status.Command{Do: status.List, Search: q.Search, Sort: q.Sort, Offset: offset, Limit: limit})
		if err != nil {
			return nil, 0, err
		}
		if e.Listing == nil || e.Listing.Offset != offset { // there are not so many any more
			return sockets, found, nil
		}
		found = e.Listing.Found
		for _, s := range e.Listing.Sockets {
			if !listed[s.ID] {
				listed[s.ID] = true
				sockets = append(sockets, s)
			}
		}
		next := offset + len(e.Listing.Sockets)
		if len(e.Listing.Sockets) < limit || next >= found || q.Limit > 0 && next >= q.Limit {
			return sockets, found, nil
		}
	}
}

func writeList(out io.Writer, sockets []status.Socket, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tADDRESS\tPATH\tAGE\tRECEIVED\tSENT\tQUEUE\tRTT\tUSER AGENT")
	for _, s := range sockets {
		rtt := "-"
		if s.RoundTrip > 0 {
			rtt = fmt.Sprintf("%.1f ms", s.RoundTrip)
		}
		agent := cmp.Or(visible(s.Agent), "-")
		if s.State != "OPEN" {
			agent = s.State + " " + agent
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d (%s)\t%d (%s)\t%s\t%s\t%s\n", s.ID, s.Address, visible(s.Path),
			now.Sub(time.UnixMilli(s.Since)).Round(time.Second),
			s.Received.Messages, octets(float64(s.Received.Octets)), s.Sent.Messages, octets(float64(s.Sent.Octets)),
			octets(float64(s.Queued)), rtt, agent)
	}
	return w.Flush()
}
