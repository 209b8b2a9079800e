package metrics

import (
	"errors"
	"fmt"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

func TestOutcomes(t *testing.T) {
	refused := func(status int, err error) error { return &websocket.HandshakeError{Status: status, Err: err} }
	tests := []struct {
		err  error
		want string
	}{
		{nil, "accepted"},
		{refused(403, &handshake.Error{Status: 403}), "origin"},
		{refused(400, &handshake.Error{Status: 400}), "malformed"},
		{refused(426, &handshake.Error{Status: 426}), "malformed"},
		{refused(503, websocket.ErrTooManyConnections), "too_many"},
		{refused(429, websocket.ErrTooManyConnections), "too_many"},
		{refused(503, websocket.ErrServerClosed), "closing"},
		{refused(400, websocket.Refuse(400, "hello must be")), "application"},
		{refused(403, errors.New("not you")), "application"},
		{refused(500, errors.New("the options are wrong")), "failed"},
		{refused(0, errors.New("cannot write the answer")), "failed"},
		{fmt.Errorf("%w: reset", websocket.ErrNoRequest), "no_request"},
	}
	for _, tt := range tests {
		if got := outcomeNames[outcomeOf(tt.err)]; got != tt.want {
			t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestStatusLabels(t *testing.T) {
	for status, want := range map[int]string{101: "101", 403: "403", 0: "none", 418: "other", 599: "other", -1: "other"} {
		var h handshakes
		h.count(status, nil)
		for i := range h[accepted] {
			if n := h[accepted][i].Load(); (n == 1) != (statusLabel(i) == want) {
				t.Errorf("status %d counts %d as %s", status, n, statusLabel(i))
			}
		}
	}
}
