package metrics

import (
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// outcome is how an opening handshake went, in one word.
type outcome int

const (
	accepted outcome = iota
	wrongOrigin
	malformed
	tooMany
	closing
	application
	noRequest
	failed
	outcomes
)

var outcomeNames = [outcomes]string{
	"accepted", "origin", "malformed", "too_many", "closing", "application", "no_request", "failed",
}

func outcomeOf(err error) outcome {
	var wrong *handshake.Error
	var refused *websocket.HandshakeError
	switch {
	case err == nil:
		return accepted
	case errors.Is(err, websocket.ErrNoRequest):
		return noRequest
	case errors.Is(err, websocket.ErrTooManyConnections):
		return tooMany
	case errors.Is(err, websocket.ErrServerClosed):
		return closing
	case errors.As(err, &wrong) && wrong.Status == http.StatusForbidden:
		return wrongOrigin
	case errors.As(err, &wrong):
		return malformed
	case errors.As(err, &refused) && refused.Err != nil && refused.Status >= 400 && refused.Status != http.StatusInternalServerError:
		return application
	}
	return failed
}

// statuses are those of an answer to a handshake that have a label of their own. A program can answer with any.
var statuses = [...]int{101, 400, 401, 402, 403, 404, 405, 410, 413, 417, 421, 425, 426, 429, 431, 451, 500, 502, 503, 504, 0}

// statusLabel is the label of statuses[i], or of all others.
func statusLabel(i int) string {
	switch {
	case i == len(statuses):
		return "other"
	case statuses[i] == 0:
		return "none"
	}
	return strconv.Itoa(statuses[i])
}

// handshakes are counted by how they went and what was answered.
type handshakes [outcomes][len(statuses) + 1]atomic.Uint64

func (h *handshakes) count(status int, err error) {
	i := 0
	for i < len(statuses) && statuses[i] != status {
		i++
	}
	h[outcomeOf(err)][i].Add(1)
}
