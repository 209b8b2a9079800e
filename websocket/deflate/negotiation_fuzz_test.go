package deflate_test

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// The grammar of one parameter, as the specifications have it.
var (
	messageOffer = regexp.MustCompile(`^((server|client)_no_context_takeover|` +
		`server_max_window_bits=([89]|1[0-5])|client_max_window_bits(=([89]|1[0-5]))?)$`)
	messageAnswer = regexp.MustCompile(`^((server|client)_no_context_takeover|(server|client)_max_window_bits=([89]|1[0-5]))$`)
	frameElement  = regexp.MustCompile(`^(no_context_takeover|max_window_bits=([89]|1[0-5]))$`)
)

// spelled is an element taken apart by its spelling: its parameters' values by their names. Ok says that
// every parameter is of the grammar and is there once.
func spelled(e handshake.Extension, grammar *regexp.Regexp) (values map[string]string, ok bool) {
	values, ok = map[string]string{}, true
	for _, part := range strings.Split(e.String(), "; ")[1:] {
		name, value, _ := strings.Cut(part, "=")
		_, twice := values[name]
		values[name] = value
		ok = ok && !twice && grammar.MatchString(part)
	}
	return values, ok
}

// size is a window's size, 15 if nothing says otherwise.
func size(values map[string]string, name string) int {
	if bits, err := strconv.Atoi(values[name]); err == nil {
		return bits
	}
	return 15
}

func has(values map[string]string, name string) bool {
	_, ok := values[name]
	return ok
}

// checkNegotiation: the server takes the first offer that is of the grammar, its answer does not exceed the
// offer, and the client accepts the answer and holds the same to be agreed.
func checkNegotiation(t *testing.T, offers []handshake.Extension, c deflate.Config) {
	t.Helper()
	answer, p, ok := deflate.Select(offers, c)
	first := slices.IndexFunc(offers, wellFormed)
	if ok != (first >= 0) {
		t.Fatalf("Select(%q) is %t, but the first good offer is the one at %d", offers, ok, first)
	}
	if !ok {
		return
	}
	if answer.Name != offers[first].Name || p.PerFrame != (answer.Name != deflate.Name) {
		t.Fatalf("%s is answered %s, %+v", offers[first], answer, p)
	}
	checkParams(t, p)
	checkWishes(t, p, c)

	agreed, err := deflate.Accept(offers, answer)
	if err != nil {
		t.Fatalf("%q is answered %s, which the client refuses: %v", offers, answer, err)
	}
	if p.PerFrame {
		checkPerFrame(t, offers[first], answer, p, agreed)
		return
	}
	if p != agreed {
		t.Errorf("%q is answered %s\nthe server has %+v\nthe client %+v", offers, answer, p, agreed)
	}
	checkPerMessage(t, offers[first], answer, p)
}

func wellFormed(offer handshake.Extension) bool {
	grammar := frameElement
	switch offer.Name {
	case deflate.Name:
		grammar = messageOffer
	case deflate.FrameName, deflate.WebkitFrameName:
	default:
		return false
	}
	_, ok := spelled(offer, grammar)
	return ok
}

// checkWishes: the server itself does what it wants, or less.
func checkWishes(t *testing.T, p deflate.Params, c deflate.Config) {
	t.Helper()
	if c.ServerNoContextTakeover && !p.ServerNoContextTakeover ||
		!p.PerFrame && c.ClientNoContextTakeover && !p.ClientNoContextTakeover {
		t.Errorf("%+v was wanted, and %+v agreed", c, p)
	}
	if wanted := c.ServerMaxWindowBits; c.Validate() == nil && wanted != 0 && p.ServerMaxWindowBits > wanted {
		t.Errorf("%+v was wanted, and %+v agreed", c, p)
	}
}

func checkPerMessage(t *testing.T, offer, answer handshake.Extension, p deflate.Params) {
	t.Helper()
	asked, _ := spelled(offer, messageOffer)
	granted, good := spelled(answer, messageAnswer)
	switch {
	case !good,
		has(asked, "server_no_context_takeover") && !has(granted, "server_no_context_takeover"),
		has(asked, "server_max_window_bits") && !has(granted, "server_max_window_bits"),
		size(granted, "server_max_window_bits") > size(asked, "server_max_window_bits"),
		has(granted, "client_max_window_bits") && !has(asked, "client_max_window_bits"),
		size(granted, "client_max_window_bits") > size(asked, "client_max_window_bits"):
		t.Errorf("%s is answered %s", offer, answer)
	}
	if want := (deflate.Params{
		ServerNoContextTakeover: has(granted, "server_no_context_takeover"),
		ClientNoContextTakeover: has(granted, "client_no_context_takeover"),
		ServerMaxWindowBits:     size(granted, "server_max_window_bits"),
		ClientMaxWindowBits:     size(granted, "client_max_window_bits"),
	}); p != want {
		t.Errorf("the answer %s comes with %+v", answer, p)
	}
}

// checkPerFrame: the answer is bare. It does not say what the server does of itself, so the client is ready
// for at least as much as that, but both agree on what binds the client.
func checkPerFrame(t *testing.T, offer, answer handshake.Extension, server, client deflate.Params) {
	t.Helper()
	asked, _ := spelled(offer, frameElement)
	if len(answer.Params) > 0 || server.ClientNoContextTakeover || server.ClientMaxWindowBits != 15 ||
		has(asked, "no_context_takeover") && !server.ServerNoContextTakeover ||
		server.ServerMaxWindowBits > size(asked, "max_window_bits") {
		t.Errorf("%s is answered %s, %+v", offer, answer, server)
	}
	if !client.PerFrame || client.ServerNoContextTakeover && !server.ServerNoContextTakeover ||
		client.ServerMaxWindowBits < server.ServerMaxWindowBits ||
		client.ClientNoContextTakeover != server.ClientNoContextTakeover ||
		client.ClientMaxWindowBits != server.ClientMaxWindowBits {
		t.Errorf("the server has %+v\nthe client %+v", server, client)
	}
}

func checkParams(t *testing.T, p deflate.Params) {
	t.Helper()
	for _, bits := range []int{p.ServerMaxWindowBits, p.ClientMaxWindowBits} {
		if bits < deflate.MinWindowBits || bits > deflate.MaxWindowBits {
			t.Errorf("agreed on %+v", p)
		}
	}
}

// TestNegotiationOfAllKinds puts every kind of offer before every kind of server, alone and, before some
// kinds of server, behind every other offer.
func TestNegotiationOfAllKinds(t *testing.T) {
	offers := extensions(t, "mux")
	for _, server := range []string{"", "; server_no_context_takeover"} {
		for _, client := range []string{"", "; client_no_context_takeover"} {
			for _, serverBits := range []string{"", "; server_max_window_bits=7", "; server_max_window_bits=11"} {
				for _, clientBits := range []string{
					"", "; client_max_window_bits", "; client_max_window_bits=11", "; client_max_window_bits=15",
				} {
					offers = append(offers, extensions(t, deflate.Name+server+client+serverBits+clientBits)...)
				}
			}
		}
	}
	for _, name := range []string{deflate.FrameName, deflate.WebkitFrameName} {
		for _, params := range []string{"", "; no_context_takeover", "; max_window_bits=7", "; max_window_bits=12"} {
			offers = append(offers, extensions(t, name+params)...)
		}
	}
	var configs []deflate.Config
	for _, server := range []int{0, 8, 12} {
		for _, client := range []int{0, 8, 12} {
			for _, alone := range []bool{false, true} {
				configs = append(configs, deflate.Config{alone, false, server, client}, deflate.Config{alone, true, server, client})
			}
		}
	}
	for _, offer := range offers {
		for _, c := range configs {
			checkNegotiation(t, []handshake.Extension{offer}, c)
		}
		for _, other := range offers {
			checkNegotiation(t, []handshake.Extension{other, offer}, deflate.Config{ClientMaxWindowBits: 10})
		}
	}
}

// FuzzNegotiation: the same for whatever is offered and wanted.
func FuzzNegotiation(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", true, true, 0, 0)
	f.Add("permessage-deflate; server_max_window_bits=10; client_max_window_bits=12, permessage-deflate", false, true, 8, 9)
	f.Add("permessage-deflate; server_no_context_takeover; client_no_context_takeover", false, false, 16, -1)
	f.Add("deflate-frame; max_window_bits=9, deflate-frame; no_context_takeover", false, false, 12, 12)
	f.Add("x-webkit-deflate-frame", true, true, 9, 9)
	f.Add("mux, permessage-deflate; server_max_window_bits=07, permessage-deflate; x", false, false, 0, 0)
	f.Fuzz(func(t *testing.T, line string, serverAlone, clientAlone bool, serverBits, clientBits int) {
		offers, err := handshake.ParseExtensions(map[string][]string{"Sec-Websocket-Extensions": {line}})
		if err == nil {
			checkNegotiation(t, offers, deflate.Config{serverAlone, clientAlone, serverBits, clientBits})
		}
	})
}

// FuzzAccept: an answer that is accepted was offered, is of the grammar, and gives the server no more than
// some offer of that name; any other is refused with an error that can be shown.
func FuzzAccept(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=9")
	f.Add("permessage-deflate; server_max_window_bits=9, permessage-deflate", "permessage-deflate; server_max_window_bits=10")
	f.Add("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_max_window_bits=8")
	f.Add("deflate-frame; max_window_bits=9, x-webkit-deflate-frame", "deflate-frame; max_window_bits=9; no_context_takeover")
	f.Add("mux", "mux")
	f.Fuzz(func(t *testing.T, offered, answered string) {
		parse := func(line string) []handshake.Extension {
			list, _ := handshake.ParseExtensions(map[string][]string{"Sec-Websocket-Extensions": {line}})
			return list
		}
		offers, answers := parse(offered), parse(answered)
		for _, answer := range answers {
			p, err := deflate.Accept(offers, answer)
			want := slices.ContainsFunc(offers, func(offer handshake.Extension) bool { return fits(offer, answer) })
			if want != (err == nil) {
				t.Fatalf("Accept(%q, %s) = %+v, %v, want %t", offers, answer, p, err, want)
			}
			if err == nil {
				checkParams(t, p)
				continue
			}
			var e *handshake.Error
			if !errors.As(err, &e) || !reflect.ValueOf(p).IsZero() {
				t.Fatalf("Accept = %+v, %v", p, err)
			}
			checkRefusal(t, e)
		}
	})
}

// fits is what RFC 7692 §7.1 and the draft say about one offer and one answer.
func fits(offer, answer handshake.Extension) bool {
	if offer.Name != answer.Name {
		return false
	}
	switch offer.Name {
	case deflate.FrameName, deflate.WebkitFrameName:
		_, goodOffer := spelled(offer, frameElement)
		_, goodAnswer := spelled(answer, frameElement)
		return goodOffer && goodAnswer
	case deflate.Name:
		asked, goodOffer := spelled(offer, messageOffer)
		granted, goodAnswer := spelled(answer, messageAnswer)
		return goodOffer && goodAnswer &&
			(!has(asked, "server_no_context_takeover") || has(granted, "server_no_context_takeover")) &&
			(!has(asked, "server_max_window_bits") || has(granted, "server_max_window_bits")) &&
			size(granted, "server_max_window_bits") <= size(asked, "server_max_window_bits") &&
			(!has(granted, "client_max_window_bits") || has(asked, "client_max_window_bits"))
	}
	return false
}
