package deflate_test

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// A server that keeps no window for any connection, and a browser.
func ExampleSelect() {
	offers := []handshake.Extension{{
		Name:   "permessage-deflate",
		Params: []handshake.Param{{Name: "client_max_window_bits"}},
	}}
	c := deflate.Config{ServerNoContextTakeover: true, ClientNoContextTakeover: true}
	answer, p, ok := deflate.Select(offers, c)
	fmt.Println(answer, ok)
	fmt.Println(p.ServerMaxWindowBits, p.ClientMaxWindowBits)
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover true
	// 15 15
}

func ExampleAccept() {
	offers := []handshake.Extension{deflate.Config{ServerMaxWindowBits: 10}.Offer()}
	for _, value := range []string{"9", "11"} {
		p, err := deflate.Accept(offers, handshake.Extension{
			Name:   "permessage-deflate",
			Params: []handshake.Param{{Name: "server_max_window_bits", Value: value, HasValue: true}},
		})
		fmt.Println(p.ServerMaxWindowBits, err)
	}
	// Output:
	// 9 <nil>
	// 0 handshake: the answer's server_max_window_bits is 11, and the offer's 10 (RFC 7692 §7.1.2.1)
}

const everything = "server_no_context_takeover; client_no_context_takeover; "

// TestSelect: the client holds the same to be agreed as the server.
func TestSelect(t *testing.T) {
	free := deflate.Config{}
	frugal := deflate.Config{true, true, 10, 11}
	for _, row := range []struct {
		name   string
		offers string
		c      deflate.Config
		answer string
		p      deflate.Params
	}{
		{"RFC 7692 §7.1.3: simplest", "permessage-deflate", free,
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.3: server's window", "permessage-deflate; client_max_window_bits; server_max_window_bits=10", free,
			"permessage-deflate; server_max_window_bits=10", deflate.Params{false, false, false, 10, 15}},
		{"RFC 7692 §7.1.3: with fallback",
			"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits", free,
			"permessage-deflate; server_max_window_bits=10", deflate.Params{false, false, false, 10, 15}},

		{"RFC 7692 §7.1.1.1: asked", "permessage-deflate; server_no_context_takeover", free,
			"permessage-deflate; server_no_context_takeover", deflate.Params{false, true, false, 15, 15}},
		{"RFC 7692 §7.1.1.1: unasked", "permessage-deflate", deflate.Config{ServerNoContextTakeover: true},
			"permessage-deflate; server_no_context_takeover", deflate.Params{false, true, false, 15, 15}},
		{"RFC 7692 §7.1.1.2: hinted", "permessage-deflate; client_no_context_takeover", free,
			"permessage-deflate; client_no_context_takeover", deflate.Params{false, false, true, 15, 15}},
		{"RFC 7692 §7.1.1.2: unasked", "permessage-deflate", deflate.Config{ClientNoContextTakeover: true},
			"permessage-deflate; client_no_context_takeover", deflate.Params{false, false, true, 15, 15}},

		{"RFC 7692 §7.1.2.1: asked for 15", "permessage-deflate; server_max_window_bits=15", free,
			"permessage-deflate; server_max_window_bits=15", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.2.1: asked for 8", "permessage-deflate; server_max_window_bits=8", frugal,
			"permessage-deflate; " + everything + "server_max_window_bits=8", deflate.Params{false, true, true, 8, 15}},
		{"RFC 7692 §7.1.2.1: wants less than asked", "permessage-deflate; server_max_window_bits=12",
			deflate.Config{ServerMaxWindowBits: 9},
			"permessage-deflate; server_max_window_bits=9", deflate.Params{false, false, false, 9, 15}},
		{"RFC 7692 §7.1.2.1: unasked", "permessage-deflate", deflate.Config{ServerMaxWindowBits: 9},
			"permessage-deflate; server_max_window_bits=9", deflate.Params{false, false, false, 9, 15}},

		{"RFC 7692 §7.1.2.2: offered, no wish", "permessage-deflate; client_max_window_bits", free,
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.2.2: offered with 15, no wish", "permessage-deflate; client_max_window_bits=15", free,
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.2.2: offered, wish", "permessage-deflate; client_max_window_bits", deflate.Config{ClientMaxWindowBits: 9},
			"permessage-deflate; client_max_window_bits=9", deflate.Params{false, false, false, 15, 9}},
		{"RFC 7692 §7.1.2.2: promised", "permessage-deflate; client_max_window_bits=10", free,
			"permessage-deflate; client_max_window_bits=10", deflate.Params{false, false, false, 15, 10}},
		{"RFC 7692 §7.1.2.2: promised, smaller wish", "permessage-deflate; client_max_window_bits=10",
			deflate.Config{ClientMaxWindowBits: 9},
			"permessage-deflate; client_max_window_bits=9", deflate.Params{false, false, false, 15, 9}},
		{"RFC 7692 §7.1.2.2: promised, larger wish", "permessage-deflate; client_max_window_bits=10",
			deflate.Config{ClientMaxWindowBits: 11},
			"permessage-deflate; client_max_window_bits=10", deflate.Params{false, false, false, 15, 10}},
		{"RFC 7692 §7.1.2.2: not offered, wish", "permessage-deflate", deflate.Config{ClientMaxWindowBits: 9},
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},

		{"everything wanted", "permessage-deflate; client_max_window_bits", frugal,
			"permessage-deflate; " + everything + "server_max_window_bits=10; client_max_window_bits=11",
			deflate.Params{false, true, true, 10, 11}},
		{"wishes too small", "permessage-deflate; client_max_window_bits",
			deflate.Config{ServerMaxWindowBits: 7, ClientMaxWindowBits: -1},
			"permessage-deflate; server_max_window_bits=8; client_max_window_bits=8", deflate.Params{false, false, false, 8, 8}},
		{"wishes too large", "permessage-deflate; client_max_window_bits",
			deflate.Config{ServerMaxWindowBits: 16, ClientMaxWindowBits: 99},
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},

		{"RFC 7692 §5: the first is taken", "permessage-deflate; server_max_window_bits=12, permessage-deflate", free,
			"permessage-deflate; server_max_window_bits=12", deflate.Params{false, false, false, 12, 15}},
		{"RFC 7692 §5: permessage-deflate before deflate-frame", "permessage-deflate, deflate-frame", free,
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §5: deflate-frame before permessage-deflate", "deflate-frame, permessage-deflate", free,
			"deflate-frame", deflate.Params{true, false, false, 15, 15}},
		{"RFC 7692 §7: wrong ones are passed over",
			"permessage-deflate; server_max_window_bits=7, deflate-frame; level=1, permessage-deflate; client_max_window_bits=0, " +
				"permessage-deflate; server_no_context_takeover", free,
			"permessage-deflate; server_no_context_takeover", deflate.Params{false, true, false, 15, 15}},
		{"RFC 6455 §9.1: others are passed over", "mux; max-channels=4, Permessage-Deflate, permessage-bzip2, permessage-deflate", free,
			"permessage-deflate", deflate.Params{false, false, false, 15, 15}},
	} {
		t.Run(row.name, func(t *testing.T) {
			offers := extensions(t, row.offers)
			answer, p, ok := deflate.Select(offers, row.c)
			if !ok || answer.String() != row.answer || p != row.p {
				t.Errorf("Select = %s, %+v, %t\nwant     %s, %+v", answer, p, ok, row.answer, row.p)
			}
			if agreed, err := deflate.Accept(offers, extensions(t, row.answer)[0]); err != nil || agreed != p {
				t.Errorf("the server has %+v\nthe client %+v, %v", p, agreed, err)
			}
		})
	}
}

func TestSelectNone(t *testing.T) {
	for name, offers := range map[string][]handshake.Extension{
		"no offers":         nil,
		"others":            {{Name: "mux"}, {Name: ""}, {Name: "PERMESSAGE-DEFLATE"}},
		"none without flaw": extensions(t, "permessage-deflate; x, deflate-frame; x, x-webkit-deflate-frame; x"),
	} {
		answer, p, ok := deflate.Select(offers, deflate.Config{})
		if ok || answer.Name != "" || answer.Params != nil || p != (deflate.Params{}) {
			t.Errorf("%s: Select = %s, %+v, %t", name, answer, p, ok)
		}
	}
}

func TestAccept(t *testing.T) {
	const simple = "permessage-deflate"
	for _, row := range []struct {
		name   string
		offers string
		answer string
		p      deflate.Params
	}{
		{"RFC 7692 §7.1.1.1: unasked", simple, "permessage-deflate; server_no_context_takeover",
			deflate.Params{false, true, false, 15, 15}},
		{"RFC 7692 §7.1.1.2: unasked", simple, "permessage-deflate; client_no_context_takeover",
			deflate.Params{false, false, true, 15, 15}},
		{"RFC 7692 §7.1.1.2: promised and ignored", "permessage-deflate; client_no_context_takeover", simple,
			deflate.Params{false, false, true, 15, 15}},
		{"RFC 7692 §7.1.2.1: unasked", simple, "permessage-deflate; server_max_window_bits=8",
			deflate.Params{false, false, false, 8, 15}},
		{"RFC 7692 §7.1.2.1: unasked, 15", simple, "permessage-deflate; server_max_window_bits=15",
			deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.2.1: the same as asked", "permessage-deflate; server_max_window_bits=10",
			"permessage-deflate; server_max_window_bits=10", deflate.Params{false, false, false, 10, 15}},
		{"RFC 7692 §7.1.2.1: less than asked", "permessage-deflate; server_max_window_bits=10",
			"permessage-deflate; server_max_window_bits=9", deflate.Params{false, false, false, 9, 15}},
		{"RFC 7692 §7.1.2.2: offered", "permessage-deflate; client_max_window_bits",
			"permessage-deflate; client_max_window_bits=8", deflate.Params{false, false, false, 15, 8}},
		{"RFC 7692 §7.1.2.2: offered, 15", "permessage-deflate; client_max_window_bits",
			"permessage-deflate; client_max_window_bits=15", deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §7.1.2.2: promised and ignored", "permessage-deflate; client_max_window_bits=10", simple,
			deflate.Params{false, false, false, 15, 10}},
		{"RFC 7692 §7.2.1: promised less than is answered", "permessage-deflate; client_max_window_bits=10",
			"permessage-deflate; client_max_window_bits=12", deflate.Params{false, false, false, 15, 10}},
		{"RFC 7692 §7.1.3: fallback", "permessage-deflate; client_max_window_bits; server_max_window_bits=10, " +
			"permessage-deflate; client_max_window_bits", simple, deflate.Params{false, false, false, 15, 15}},
		{"RFC 7692 §5: the promise of the offer that fits",
			"permessage-deflate; server_no_context_takeover; client_max_window_bits=9, " +
				"permessage-deflate; client_max_window_bits=10, permessage-deflate; client_max_window_bits=11",
			simple, deflate.Params{false, false, false, 15, 10}},
		{"RFC 7692 §7: a wrong offer is not what the server accepted",
			"permessage-deflate; client_max_window_bits=7, permessage-deflate; client_max_window_bits=9", simple,
			deflate.Params{false, false, false, 15, 9}},
		{"other offers", "mux, deflate-frame, permessage-deflate", simple, deflate.Params{false, false, false, 15, 15}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := deflate.Accept(extensions(t, row.offers), extensions(t, row.answer)[0])
			if err != nil || p != row.p {
				t.Errorf("Accept = %+v, %v\nwant     %+v", p, err, row.p)
			}
		})
	}
}

// TestAcceptRefuses has answers that are well formed and do not fit the offers. What is not well formed is
// in TestParameters.
func TestAcceptRefuses(t *testing.T) {
	const simple = "permessage-deflate"
	for _, row := range []struct {
		name, section  string
		offers, answer string
		reason         string
	}{
		{"not granted", "RFC 7692 §7.1.1.1", "permessage-deflate; server_no_context_takeover", simple,
			"no server_no_context_takeover"},
		{"no answer", "RFC 7692 §7.1.2.1", "permessage-deflate; server_max_window_bits=10", simple,
			"no server_max_window_bits, which the offer asks to be at most 10"},
		{"no answer to 15", "RFC 7692 §7.1.2.1", "permessage-deflate; server_max_window_bits=15", simple,
			"no server_max_window_bits"},
		{"larger", "RFC 7692 §7.1.2.1", "permessage-deflate; server_max_window_bits=10",
			"permessage-deflate; server_max_window_bits=11", "is 11, and the offer's 10"},
		{"not offered", "RFC 7692 §7.1.2.2", simple, "permessage-deflate; client_max_window_bits=15",
			"client_max_window_bits, which the offer does not have"},
		{"the first offer's reason", "RFC 7692 §7.1.1.1",
			"permessage-deflate; server_no_context_takeover, permessage-deflate; server_max_window_bits=8", simple,
			"no server_no_context_takeover"},
		{"between two offers", "RFC 7692 §7.1.1.1",
			"permessage-deflate; server_no_context_takeover; client_max_window_bits, permessage-deflate",
			"permessage-deflate; client_max_window_bits=9", "no server_no_context_takeover"},
		{"another extension", "RFC 7692 §5", simple, "permessage-bzip2", `"permessage-bzip2", which was not offered`},
		{"in capitals", "RFC 7692 §5", simple, "Permessage-Deflate", "not offered"},
		{"only deflate-frame was offered", "RFC 7692 §5", "deflate-frame, x-webkit-deflate-frame", simple, "not offered"},
		{"the offer cannot be accepted", "RFC 7692 §5", "permessage-deflate; level=1", simple, "not offered"},
	} {
		t.Run(row.section+": "+row.name, func(t *testing.T) {
			p, err := deflate.Accept(extensions(t, row.offers), extensions(t, row.answer)[0])
			wantRefusal(t, err, row.section, row.reason)
			if p != (deflate.Params{}) {
				t.Errorf("a refusal comes with %+v", p)
			}
		})
	}
}
