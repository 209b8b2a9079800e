package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

func TestClosing(t *testing.T) {
	const abnormal = `1006 abnormal closure`
	const received = `4001`
	for _, row := range []struct {
		name    string // the order of the calls
		code    string // of the outcome
		clean   bool
		sent    bool
		receive bool
		failed  bool
	}{
		{"nothing", abnormal, false, false, false, false},
		{"send", abnormal, false, true, false, false},
		{"receive", received, false, false, true, false},
		{"fail", abnormal, false, false, false, true},

		{"send receive", received, true, true, true, false},
		{"receive send", received, true, true, true, false},
		{"send fail", abnormal, false, true, false, true},
		{"fail send", abnormal, false, true, false, true},
		{"receive fail", abnormal, false, false, true, true},
		{"fail receive", abnormal, false, false, true, true},

		{"send receive fail", abnormal, false, true, true, true},
		{"send fail receive", abnormal, false, true, true, true},
		{"receive send fail", abnormal, false, true, true, true},
		{"receive fail send", abnormal, false, true, true, true},
		{"fail send receive", abnormal, false, true, true, true},
		{"fail receive send", abnormal, false, true, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var c protocol.Closing
			if row.name != "nothing" {
				for call := range strings.FieldsSeq(row.name) {
					switch call {
					case "send":
						if !c.Send() {
							t.Error("the first Send says false")
						}
					case "receive":
						c.Receive(4001)
					case "fail":
						c.Fail()
					}
				}
			}
			checkClosing := func(when string) {
				t.Helper()
				code, clean := c.Outcome()
				if got := fmt.Sprintf("%v", code); got != row.code || clean != row.clean {
					t.Errorf("%s: Outcome = %s, %v, want %s, %v", when, got, clean, row.code, row.clean)
				}
				if c.Sent() != row.sent || c.Received() != row.receive || c.Failed() != row.failed {
					t.Errorf("%s: Sent = %v, Received = %v, Failed = %v", when, c.Sent(), c.Received(), c.Failed())
				}
				if got, want := c.Started(), row.sent || row.receive || row.failed; got != want {
					t.Errorf("%s: Started = %v, want %v", when, got, want)
				}
				if got, want := c.Complete(), row.sent && row.receive; got != want {
					t.Errorf("%s: Complete = %v, want %v", when, got, want)
				}
			}
			checkClosing("once")

			// Nothing of it changes when it is said again.
			if row.sent && c.Send() {
				t.Error("the second Send says true")
			}
			if row.receive {
				c.Receive(frame.CloseGoingAway)
			}
			if row.failed {
				c.Fail()
			}
			checkClosing("twice")
		})
	}
}

func TestClosingKeepsACloseWithoutACode(t *testing.T) {
	var c protocol.Closing
	c.Receive(frame.CloseNoStatus)
	c.Send()
	if code, clean := c.Outcome(); code != frame.CloseNoStatus || !clean {
		t.Errorf("Outcome = %v, %v", code, clean)
	}
}
