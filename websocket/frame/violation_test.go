package frame_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

func TestViolationError(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{
			"made by hand",
			&frame.Violation{Code: frame.CloseMessageTooBig, Section: "RFC 6455 §10.4", Detail: "a message of 2 MiB"},
			"a message of 2 MiB (RFC 6455 §10.4, close code 1009)",
		},
		{
			"length not in its shortest form",
			headerError(t, "82 7e 0000"),
			"a payload length is not in its shortest form (RFC 6455 §5.2, close code 1002)",
		},
		{
			"length with its top bit",
			headerError(t, "82 7f 80"),
			"a 64-bit payload length has its top bit set (RFC 6455 §5.2, close code 1002)",
		},
		{
			"close payload of one octet",
			closeError(t, "03"),
			"a Close frame has a payload of one octet (RFC 6455 §5.5.1, close code 1002)",
		},
		{
			"close code that may not be sent",
			closeError(t, "03ee"),
			"a Close frame carries code 1006, which may not be sent (RFC 6455 §7.4, close code 1002)",
		},
		{
			"close reason that is not UTF-8",
			closeError(t, "03e8 ff"),
			"the reason of a Close frame is not UTF-8 (RFC 6455 §5.5.1, close code 1007)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.err.Error(); got != row.want {
				t.Errorf("Error = %q, want %q", got, row.want)
			}
			var v *frame.Violation
			if !errors.As(fmt.Errorf("reading: %w", row.err), &v) || v.Error() != row.want {
				t.Errorf("errors.As finds %v in a wrapped one", v)
			}
		})
	}
}

func headerError(t *testing.T, wire string) error {
	t.Helper()
	var h frame.Header
	_, err := h.Parse(octets(t, wire))
	if err == nil {
		t.Fatalf("Parse(%s) gave no error", wire)
	}
	return err
}

func closeError(t *testing.T, payload string) error {
	t.Helper()
	_, _, err := frame.ParseClose(octets(t, payload))
	if err == nil {
		t.Fatalf("ParseClose(%s) gave no error", payload)
	}
	return err
}
