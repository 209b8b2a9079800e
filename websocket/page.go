package websocket

import (
	"context"
	"errors"
	"fmt"

	"github.com/everwire/everwire/websocket/internal/page"
)

// What is different where the browser speaks the protocol, so that a connection goes by its rules for pages
// (settings.page). The rest is below: see the package page.

// errNoControl is what sending a Ping or Pong returns in a page.
var errNoControl = fmt.Errorf("websocket: a page can send neither Pings nor Pongs: %w", errors.ErrUnsupported)

// checkCloseFrom is checkClose for who may be in a page (WHATWG, close, step 1).
func checkCloseFrom(inPage bool, code CloseCode, reason string) error {
	if inPage && code != 0 && !page.CloseCode(code) {
		return ErrInvalidClose
	}
	return checkClose(code, reason)
}

// checkSize refuses a message of size octets that would be too large to leave a page.
func (s *settings) checkSize(size int64) error {
	if s.page && size > page.MaxMessage {
		return fmt.Errorf("websocket: %w", page.ErrMessageTooLarge)
	}
	return nil
}

// inBrowser returns how many octets of messages the browser has taken and not sent.
func (s *Socket) inBrowser() int64 {
	if below := s.infoNow().page; below != nil {
		return below.BufferedAmount()
	}
	return 0
}

// awaitBrowser waits until the browser has sent all that it has taken.
func (s *Socket) awaitBrowser(ctx context.Context) error {
	err := s.infoNow().page.Flush(ctx)
	if err != nil && ctx.Err() == nil {
		return ErrClosed
	}
	return err
}
