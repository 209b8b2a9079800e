package deflate_test

import (
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

// TestSelectPerFrame: the answer is always the name alone.
func TestSelectPerFrame(t *testing.T) {
	frugal := deflate.Config{true, true, 10, 11}
	for _, row := range []struct {
		name   string
		offers string
		c      deflate.Config
		answer string
		p      deflate.Params
	}{
		{"bare", "deflate-frame", deflate.Config{}, "deflate-frame", deflate.Params{true, false, false, 15, 15}},
		{"Safari", "x-webkit-deflate-frame", deflate.Config{}, "x-webkit-deflate-frame",
			deflate.Params{true, false, false, 15, 15}},
		{"window", "deflate-frame; max_window_bits=9", deflate.Config{}, "deflate-frame",
			deflate.Params{true, false, false, 9, 15}},
		{"context takeover", "x-webkit-deflate-frame; no_context_takeover", deflate.Config{}, "x-webkit-deflate-frame",
			deflate.Params{true, true, false, 15, 15}},
		{"the server's own wishes, not those for the client", "deflate-frame", frugal, "deflate-frame",
			deflate.Params{true, true, false, 10, 15}},
		{"a larger wish", "deflate-frame; max_window_bits=9", frugal, "deflate-frame",
			deflate.Params{true, true, false, 9, 15}},
		{"a smaller wish", "deflate-frame; max_window_bits=11", frugal, "deflate-frame",
			deflate.Params{true, true, false, 10, 15}},
		{"the first", "x-webkit-deflate-frame; max_window_bits=11, deflate-frame", deflate.Config{}, "x-webkit-deflate-frame",
			deflate.Params{true, false, false, 11, 15}},
		{"a wrong one is passed over", "deflate-frame; max_window_bits=7, x-webkit-deflate-frame", deflate.Config{},
			"x-webkit-deflate-frame", deflate.Params{true, false, false, 15, 15}},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer, p, ok := deflate.Select(extensions(t, row.offers), row.c)
			if !ok || answer.String() != row.answer || p != row.p {
				t.Errorf("Select = %s, %+v, %t\nwant     %s, %+v", answer, p, ok, row.answer, row.p)
			}
		})
	}
}

func TestAcceptPerFrame(t *testing.T) {
	for _, row := range []struct {
		name           string
		offers, answer string
		p              deflate.Params
	}{
		{"bare", "deflate-frame", "deflate-frame", deflate.Params{true, false, false, 15, 15}},
		{"Safari", "x-webkit-deflate-frame", "x-webkit-deflate-frame", deflate.Params{true, false, false, 15, 15}},
		{"the offer binds the server", "deflate-frame; max_window_bits=9; no_context_takeover", "deflate-frame",
			deflate.Params{true, true, false, 9, 15}},
		{"the answer binds the client", "deflate-frame", "deflate-frame; max_window_bits=9; no_context_takeover",
			deflate.Params{true, false, true, 15, 9}},
		{"both", "deflate-frame; max_window_bits=12", "deflate-frame; max_window_bits=9",
			deflate.Params{true, false, false, 12, 9}},
		{"any of several offers", "deflate-frame; max_window_bits=9; no_context_takeover, " +
			"deflate-frame; max_window_bits=12, deflate-frame; max_window_bits=10; no_context_takeover", "deflate-frame",
			deflate.Params{true, false, false, 12, 15}},
		{"another name's offer and a wrong one do not count", "x-webkit-deflate-frame, deflate-frame; max_window_bits=16, " +
			"permessage-deflate, deflate-frame; no_context_takeover; max_window_bits=8", "deflate-frame",
			deflate.Params{true, true, false, 8, 15}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := deflate.Accept(extensions(t, row.offers), extensions(t, row.answer)[0])
			if err != nil || p != row.p {
				t.Errorf("Accept = %+v, %v\nwant     %+v", p, err, row.p)
			}
		})
	}
}

func TestAcceptPerFrameRefusesWhatWasNotOffered(t *testing.T) {
	for name, offers := range map[string]string{
		"only permessage-deflate":   "permessage-deflate",
		"the other name":            "x-webkit-deflate-frame",
		"cannot have been accepted": "deflate-frame; max_window_bits",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := deflate.Accept(extensions(t, offers), extensions(t, "deflate-frame")[0])
			wantRefusal(t, err, "RFC 7692 §5", `"deflate-frame", which was not offered`)
		})
	}
}
