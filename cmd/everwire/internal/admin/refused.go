package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// ErrNoToken is that there is nothing to say who the user is.
var ErrNoToken = errors.New("there is no operator's token; give the file that the server was started with by --token-file, " +
	"or put it into the variable " + status.TokenVariable)

// ErrNoOperator is that nobody can be the operator.
var ErrNoOperator = errors.New("this server was started without an operator's token; start it with --admin-token-file FILE")

// refused says why there is no connection to a server.
func refused(address string, err error) error {
	var h *websocket.HandshakeError
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s does not answer in time: check host and port, or a firewall drops it; --timeout says how long to wait", address)
	}
	if !errors.As(err, &h) || h.Response == nil {
		return errors.New(dialer.Explain(err))
	}
	switch h.Status {
	case http.StatusUnauthorized, http.StatusTooManyRequests:
		return fmt.Errorf("%s does not let us in: %s", address, answered(h))
	case http.StatusNotFound, http.StatusUpgradeRequired, http.StatusOK:
		return fmt.Errorf("there is no status at %s (status %d); --server is the address of an everwire serve", address, h.Status)
	}
	return errors.New(dialer.Explain(err))
}

// answered is the text of a refusal.
func answered(h *websocket.HandshakeError) string {
	body, _ := io.ReadAll(h.Response.Body)
	return visible(strings.TrimPrefix(strings.TrimSpace(string(body)), "WebSocket handshake refused: "))
}

// ended says why a connection is no more.
func ended(err error) error {
	switch code := websocket.CloseCodeOf(err); {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the server does not answer in time; --timeout says how long to wait")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case code == status.CodeSignIn:
		return ErrNoToken
	case code == status.CodeNobody:
		return ErrNoOperator
	case code == websocket.CloseGoingAway:
		return errors.New("the server is shutting down")
	}
	return errors.New(dialer.Explain(err))
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
