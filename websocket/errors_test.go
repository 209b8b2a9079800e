package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestErrorsMatch(t *testing.T) {
	tooBig := &websocket.ProtocolError{Code: websocket.CloseMessageTooBig, Section: "RFC 6455 §7.4.1", Detail: "too big"}
	violation := &websocket.ProtocolError{Code: websocket.CloseProtocolError, Section: "RFC 6455 §5.2", Detail: "a reserved bit is set"}
	for _, row := range []struct {
		name        string
		err, target error
		want        bool
	}{
		{"a message too big", tooBig, websocket.ErrMessageTooBig, true},
		{"a message too big, wrapped", fmt.Errorf("x: %w", tooBig), websocket.ErrMessageTooBig, true},
		{"another violation", violation, websocket.ErrMessageTooBig, false},
		{"a message too big is no other", tooBig, websocket.ErrClosed, false},
		{"what is beneath a handshake", &websocket.HandshakeError{Err: context.Canceled}, context.Canceled, true},
		{"a handshake with nothing beneath", &websocket.HandshakeError{}, context.Canceled, false},
		{"a panic with an error", &websocket.PanicError{Value: io.EOF}, io.EOF, true},
		{"a panic with another error", &websocket.PanicError{Value: io.EOF}, io.ErrUnexpectedEOF, false},
		{"a panic with no error", &websocket.PanicError{Value: "EOF"}, io.EOF, false},
		{"a close with 1009 came from the peer", &websocket.CloseError{Code: websocket.CloseMessageTooBig}, websocket.ErrMessageTooBig, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := errors.Is(row.err, row.target); got != row.want {
				t.Errorf("errors.Is(%v, %v) = %v", row.err, row.target, got)
			}
		})
	}
}

func TestErrorsAs(t *testing.T) {
	in := func(err error) error { return fmt.Errorf("one: %w", fmt.Errorf("two: %w", err)) }
	var closed *websocket.CloseError
	if !errors.As(in(&websocket.CloseError{Code: 4001, Reason: "expired"}), &closed) || closed.Code != 4001 || closed.Reason != "expired" {
		t.Errorf("CloseError: %+v", closed)
	}
	var violation *websocket.ProtocolError
	if !errors.As(in(&websocket.ProtocolError{Code: 1002}), &violation) || violation.Code != 1002 {
		t.Errorf("ProtocolError: %+v", violation)
	}
	var refused *websocket.HandshakeError
	if !errors.As(in(&websocket.HandshakeError{Status: 403, Err: &websocket.CloseError{}}), &refused) || refused.Status != 403 {
		t.Errorf("HandshakeError: %+v", refused)
	}
	var panicked *websocket.PanicError
	if !errors.As(in(&websocket.PanicError{Value: 7}), &panicked) || panicked.Value != 7 {
		t.Errorf("PanicError: %+v", panicked)
	}
}

func TestErrorTexts(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{&websocket.CloseError{Code: 1000}, "websocket: closed by peer: " + websocket.CloseNormal.String()},
		{&websocket.CloseError{Code: 4001, Reason: "session\nexpired"}, `websocket: closed by peer: ` + websocket.CloseCode(4001).String() + `: "session\nexpired"`},
		{&websocket.ProtocolError{Code: 1002, Section: "RFC 6455 §5.2", Detail: "a reserved bit is set"},
			"websocket: a reserved bit is set (RFC 6455 §5.2, close code 1002)"},
		{&websocket.HandshakeError{Reason: "no"}, "websocket: handshake failed: no"},
		{&websocket.HandshakeError{Reason: "no", Status: 403}, "websocket: handshake failed: no (status 403)"},
		{&websocket.PanicError{Value: "oops", Stack: []byte("goroutine 1")}, "websocket: panic in a callback: oops\ngoroutine 1"},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("%T says\n%s, want\n%s", row.err, got, row.want)
		}
	}
}

func TestCloseCodeOf(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want websocket.CloseCode
	}{
		{"a CloseError", &websocket.CloseError{Code: 4001}, 4001},
		{"wrapped", fmt.Errorf("x: %w", &websocket.CloseError{Code: 1001}), 1001},
		{"a Close frame without a code", &websocket.CloseError{Code: websocket.CloseNoStatus}, 1005},
		{"a violation of the peer's", &websocket.ProtocolError{Code: 1002}, 1006},
		{"another error", io.EOF, 1006},
		{"none", nil, 1006},
	} {
		if got := websocket.CloseCodeOf(row.err); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}
