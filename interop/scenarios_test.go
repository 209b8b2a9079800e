package interop

import "testing"

// A scenario is what any software must do with any of our faces, in the roles that it is listed for.
type scenario struct {
	name string
	run  func(*testing.T, pairing)
	of   []feature // what it is about
	with compression
}

// compression says what scenarios a permessage-deflate connection is for.
type compression int

const (
	either     compression = iota // it is run twice
	compressed                    // it is about compression
	plain                         // it cannot be run, or makes no difference, with compression
)

var inBothRoles = []scenario{
	{name: "messages", run: messages, of: []feature{text, binary}},
	{name: "many messages", run: manyMessages, of: []feature{text}},
	{name: "large messages", run: largeMessages, of: []feature{largest}},
	{name: "their fragments", run: theirFragments, of: []feature{fragments, between}},
	{name: "our fragments", run: ourFragments, of: []feature{fragments, between}},
	{name: "their pings", run: theirPings, of: []feature{control}},
	{name: "our pings", run: ourPings, of: []feature{control}},
	{name: "they close", run: theyClose, of: []feature{closing}},
	{name: "we close", run: weClose, of: []feature{closing}},
	{name: "both close", run: bothClose, of: []feature{closing}},
	{name: "last words", run: lastWords, of: []feature{closing}},
	{name: "they terminate", run: theyTerminate, of: []feature{closing}},
	{name: "we terminate", run: weTerminate, of: []feature{closing}},
	{name: "we fail", run: weFail, of: []feature{failing}},
	{name: "they fail", run: theyFail, of: []feature{failing}},
	{name: "they take less", run: theyTakeLess, of: []feature{failing}},
	{name: "they read slowly", run: theyReadSlowly, of: []feature{flow}},
	{name: "we read slowly", run: weReadSlowly, of: []feature{flow}},
	{name: "over TLS", run: overTLS, of: []feature{encrypted}},
	{name: "they hang up over TLS", run: theyHangUp, of: []feature{encrypted}, with: plain},
	{name: "over Unix domain sockets", run: overUnix, of: []feature{unixSockets}},
	{name: "without the other", run: withoutTheOther, of: []feature{agreeing}, with: compressed},
	{name: "context takeover", run: contextTakeover, of: []feature{takeover}, with: compressed},
	{name: "window bits", run: windowBits, of: []feature{window}, with: compressed},
	{name: "empty messages", run: emptyMessages, of: []feature{text, binary}, with: compressed},
	{name: "we inflate too much", run: weInflateTooMuch, of: []feature{inflated}, with: compressed},
	{name: "they inflate too much", run: theyInflateTooMuch, of: []feature{inflated}, with: compressed},
	{name: "they cannot inflate", run: theyCannotInflate, of: []feature{failing}, with: compressed},
}

// asServer have a client of theirs, and ours is the server.
var asServer = []scenario{
	{name: "client offers subprotocols", run: clientOffersSubprotocols, of: []feature{subprotocols}},
	{name: "client has an origin", run: clientHasOrigin, of: []feature{handshakes}, with: plain},
	{name: "server refuses", run: serverRefuses, of: []feature{handshakes}, with: plain},
	{name: "client asks", run: clientAsks, of: []feature{handshakes}, with: plain},
	{name: "they distrust", run: theyDistrust, of: []feature{encrypted}, with: plain},
}

// asClient have a server of theirs, and ours is the client.
var asClient = []scenario{
	{name: "we offer subprotocols", run: weOfferSubprotocols, of: []feature{subprotocols}},
	{name: "they refuse", run: theyRefuse, of: []feature{handshakes}, with: plain},
	{name: "we ask", run: weAsk, of: []feature{handshakes}, with: plain},
	{name: "we distrust", run: weDistrust, of: []feature{encrypted}, with: plain},
}

// runAll runs scenarios with each of the faces, without and with compression, and enters what came of it into
// the table. The role is theirs.
func runAll(t *testing.T, faces []face, them *software, role string, program *program, scenarios []scenario) {
	for _, f := range faces {
		t.Run(f.name, func(t *testing.T) {
			for _, mode := range []struct {
				name string
				not  compression
			}{{"plain", compressed}, {"compressed", plain}} {
				t.Run(mode.name, func(t *testing.T) {
					for _, s := range scenarios {
						if s.with == mode.not {
							continue
						}
						p := pairing{face: f, program: program, them: them, deflate: mode.not == plain}
						p.result = seen.expect(them, role, s, f.name, p.deflate)
						t.Run(s.name, func(t *testing.T) {
							defer func() { p.result.over(t) }()
							s.run(t, p)
						})
					}
				})
			}
		})
	}
}
