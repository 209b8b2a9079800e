package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket/frame"
)

// Tap writes the frames of a connection as they come and go, a line each, until the connection has ended, most frames
// were written (0: no bound), or ctx ends, none of which is an error. What is not a frame goes to notes.
func (c *Client) Tap(ctx context.Context, out, notes io.Writer, id int64, most int, asJSON bool) error {
	if _, err := c.ask(ctx, status.Command{Do: status.Tap, Socket: id}); errors.Is(err, context.Canceled) {
		return nil
	} else if err != nil {
		return err
	}
	written := 0
	for {
		e, err := c.nextOfTap(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		case e.Gone != nil:
			fmt.Fprintln(notes, goneLine(e.Gone))
			return nil
		case e.Frames == nil:
			continue
		}
		if e.Frames.Missed > 0 {
			fmt.Fprintf(notes, "%d frames before these are not shown: there were too many\n", e.Frames.Missed)
		}
		for _, f := range e.Frames.Frames {
			if err := writeFrame(out, f, asJSON); err != nil {
				return err
			}
			if written++; written == most {
				return nil
			}
		}
	}
}

// nextOfTap is next, but for what came before the answer to the tap did.
func (c *Client) nextOfTap(ctx context.Context) (status.Event, error) {
	if len(c.deferred) > 0 {
		e := c.deferred[0]
		c.deferred = c.deferred[1:]
		return e, nil
	}
	return c.next(ctx)
}

func goneLine(g *status.Gone) string {
	line := fmt.Sprintf("closed with code %d", g.Code)
	if !g.Clean {
		line += ", not clean"
	}
	if g.Reason != "" {
		line += ": " + visible(g.Reason)
	}
	return line
}

func writeFrame(out io.Writer, f status.Frame, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(f)
	}
	arrow := "<"
	if f.Sent {
		arrow = ">"
	}
	_, err := fmt.Fprintf(out, "%s %s %-12s %-12s %7d  %s\n", time.UnixMicro(f.Time).Format("15:04:05.000000"), arrow,
		frame.Opcode(f.Opcode), flags(f), f.Length, payload(f))
	return err
}

// flags are those bits of a frame's header that are set (RFC 6455 §5.2).
func flags(f status.Frame) string {
	var set []string
	for _, flag := range []struct {
		name string
		on   bool
	}{{"FIN", f.Fin}, {"RSV1", f.RSV&frame.Rsv1 != 0}, {"RSV2", f.RSV&frame.Rsv2 != 0}, {"RSV3", f.RSV&frame.Rsv3 != 0}, {"MASK", f.Masked}} {
		if flag.on {
			set = append(set, flag.name)
		}
	}
	return strings.Join(set, " ")
}

// payload shows the start of a frame's payload: text as text, all else in hex.
func payload(f status.Frame) string {
	rest := ""
	if f.Length > int64(len(f.Start)) {
		rest = " …"
	}
	op := frame.Opcode(f.Opcode)
	switch {
	case op == frame.Close && len(f.Start) >= 2:
		return strings.TrimSpace(fmt.Sprintf("%d %s", int(f.Start[0])<<8|int(f.Start[1]), visible(string(f.Start[2:]))))
	case f.Compressed:
		return fmt.Sprintf("% x%s (compressed)", f.Start, rest)
	case op != frame.Binary:
		if text, ok := textOf(f.Start, rest != ""); ok {
			return visible(text) + rest
		}
	}
	return fmt.Sprintf("% x%s", f.Start, rest)
}

// textOf returns octets as text, if they are UTF-8; where they were cut, up to the last character that is whole.
func textOf(b []byte, cut bool) (string, bool) {
	if cut {
		for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
			if utf8.RuneStart(b[i]) {
				if !utf8.FullRune(b[i:]) {
					b = b[:i]
				}
				break
			}
		}
	}
	return string(b), utf8.Valid(b)
}
