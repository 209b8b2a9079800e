package deflate_test

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// TestParameters holds each extension's parameters against their definitions, once as a client's offer and
// once as a server's answer. In an offer a wrong one has the offer passed over; an answer is refused with
// the section.
func TestParameters(t *testing.T) {
	const (
		offerGood = 1 << iota
		answerGood
		neither = 0
		both    = offerGood | answerGood
	)
	const (
		section7    = "RFC 7692 §7"
		noServer    = "RFC 7692 §7.1.1.1"
		noClient    = "RFC 7692 §7.1.1.2"
		serverBits  = "RFC 7692 §7.1.2.1"
		clientBits  = "RFC 7692 §7.1.2.2"
		number      = "must be a number from 8 to 15"
		superfluous = "it must have none"
	)
	type row struct {
		name, section string
		element       string
		good          int
		reason        string
	}
	rows := []row{
		{"none", section7, "permessage-deflate", both, ""},
		{"all", section7, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"server_max_window_bits=12; client_max_window_bits=11", both, ""},
		{"in another order", section7, "permessage-deflate; client_max_window_bits=11; server_max_window_bits=12; " +
			"client_no_context_takeover; server_no_context_takeover", both, ""},
		{"quoted", "RFC 7692 §5.2", `permessage-deflate; server_max_window_bits="10"`, both, ""},

		{"unknown", section7, "permessage-deflate; level", neither, `no parameter "level"`},
		{"unknown behind known ones", section7, "permessage-deflate; client_no_context_takeover; level=9", neither, `"level"`},
		{"in capitals", section7, "permessage-deflate; Server_No_Context_Takeover", neither, "no parameter"},
		{"deflate-frame's flag", section7, "permessage-deflate; no_context_takeover", neither, "no parameter"},
		{"deflate-frame's window", section7, "permessage-deflate; max_window_bits=10", neither, "no parameter"},
		{"flag twice", section7, "permessage-deflate; server_no_context_takeover; server_no_context_takeover", neither, "twice"},
		{"window twice", section7, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", neither, "twice"},
		{"window twice, with and without value", section7,
			"permessage-deflate; client_max_window_bits=10; client_max_window_bits", neither, "twice"},

		{"value", noServer, "permessage-deflate; server_no_context_takeover=1", neither, superfluous},
		{"value", noClient, "permessage-deflate; client_no_context_takeover=true", neither, superfluous},
		{"no value", serverBits, "permessage-deflate; server_max_window_bits", neither, number},
		{"no value", clientBits, "permessage-deflate; client_max_window_bits", offerGood, number},

		{"flag", draft, "deflate-frame; no_context_takeover", both, ""},
		{"another name", draft, "x-webkit-deflate-frame; no_context_takeover; max_window_bits=9", both, ""},
		{"unknown", draft, "deflate-frame; level", neither, "no parameter"},
		{"permessage-deflate's flag", draft, "deflate-frame; server_no_context_takeover", neither, "no parameter"},
		{"permessage-deflate's window", draft, "x-webkit-deflate-frame; client_max_window_bits=10", neither, "no parameter"},
		{"flag twice", draft, "deflate-frame; no_context_takeover; no_context_takeover", neither, "twice"},
		{"window twice", draft, "deflate-frame; max_window_bits=8; max_window_bits=9", neither, "twice"},
		{"value", draft, "deflate-frame; no_context_takeover=0", neither, superfluous},
		{"no value", draft, "deflate-frame; max_window_bits", neither, number},
	}
	for value, good := range map[string]int{
		"8": both, "9": both, "10": both, "11": both, "12": both, "13": both, "14": both, "15": both,
		"0": neither, "1": neither, "7": neither, "16": neither, "99": neither, "151": neither,
		"-8": neither, "+9": neither, "08": neither, "015": neither, "0x9": neither, "1_0": neither, "9.0": neither, "1e1": neither,
		"eight": neither, "18446744073709551625": neither, // 9 in 64 bits
	} {
		for section, element := range map[string]string{
			serverBits: "permessage-deflate; server_max_window_bits=",
			clientBits: "permessage-deflate; client_max_window_bits=",
			draft:      "deflate-frame; max_window_bits=",
		} {
			rows = append(rows, row{"window of " + value, section, element + value, good, fmt.Sprintf("%q; it %s", value, number)})
		}
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s: %s", row.section, row.name), func(t *testing.T) {
			element := extensions(t, row.element)[0]
			_, _, ok := deflate.Select([]handshake.Extension{element}, deflate.Config{})
			if want := row.good&offerGood != 0; ok != want {
				t.Errorf("as an offer: %t, want %t", ok, want)
			}
			widest := extensions(t, "permessage-deflate; client_max_window_bits, deflate-frame, x-webkit-deflate-frame")
			p, err := deflate.Accept(widest, element)
			switch {
			case row.good&answerGood == 0:
				wantRefusal(t, err, row.section, row.reason)
				if p != (deflate.Params{}) {
					t.Errorf("a refusal comes with %+v", p)
				}
			case err != nil:
				t.Errorf("as an answer: %v", err)
			}
		})
	}
}

// A parameter's value counts only with HasValue.
func TestParameterValueThatDoesNotCount(t *testing.T) {
	for name, want := range map[string]bool{"server_no_context_takeover": true, "server_max_window_bits": false} {
		offer := handshake.Extension{Name: deflate.Name, Params: []handshake.Param{{Name: name, Value: "10"}}}
		if answer, _, ok := deflate.Select([]handshake.Extension{offer}, deflate.Config{}); ok != want {
			t.Errorf("%s is answered %q, %t", offer, answer, ok)
		}
	}
}

// extensions parses what stands in Sec-WebSocket-Extensions.
func extensions(t testing.TB, line string) []handshake.Extension {
	t.Helper()
	list, err := handshake.ParseExtensions(map[string][]string{"Sec-Websocket-Extensions": {line}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
