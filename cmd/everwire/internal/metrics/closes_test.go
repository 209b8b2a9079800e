package metrics

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestCodeLabels(t *testing.T) {
	for code, want := range map[websocket.CloseCode]string{
		1000: "1000", 1001: "1001", 1005: "1005", 1006: "1006", 1015: "1015", 1016: "other", 999: "other", 0: "other",
		2999: "other", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx", 5000: "other", 65535: "other",
	} {
		if got := codeLabel(codeIndex(code)); got != want {
			t.Errorf("code %d is %s, want %s", code, got, want)
		}
	}
}

func TestCauses(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&websocket.ProtocolError{Code: 1002}, "protocol"},
		{&websocket.ProtocolError{Code: 1007}, "protocol"},
		{&websocket.ProtocolError{Code: 1008}, "limit"},
		{&websocket.ProtocolError{Code: 1009}, "too_big"},
		{websocket.ErrMessageTooBig, "too_big"},
		{websocket.ErrHeartbeat, "heartbeat"},
		{websocket.ErrCloseTimeout, "close_timeout"},
		{fmt.Errorf("x: %w", websocket.ErrQueueFull), "slow"},
		{websocket.ErrBudget, "budget"},
		{&websocket.PanicError{Value: io.EOF}, "panic"},
		{errors.New("connection reset by peer"), "network"},
	} {
		if got := causeNames[causeOf(tt.err)]; got != tt.want {
			t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
		}
	}
}
