package interop

import (
	"os"
	"testing"
)

// A scenario is what any software must do with any of our faces, in the roles that it is listed for.
type scenario struct {
	name string
	run  func(*testing.T, pairing)
}

var inBothRoles = []scenario{
	{"messages", messages},
	{"many messages", manyMessages},
	{"large messages", largeMessages},
	{"their fragments", theirFragments},
	{"our fragments", ourFragments},
	{"their pings", theirPings},
	{"our pings", ourPings},
	{"they close", theyClose},
	{"we close", weClose},
	{"both close", bothClose},
	{"last words", lastWords},
	{"they terminate", theyTerminate},
	{"we terminate", weTerminate},
	{"we fail", weFail},
	{"they fail", theyFail},
	{"they take less", theyTakeLess},
	{"they read slowly", theyReadSlowly},
	{"we read slowly", weReadSlowly},
	{"over TLS", overTLS},
	{"they hang up over TLS", theyHangUp},
	{"over Unix domain sockets", overUnix},
}

// asServer have a client of theirs, and ours is the server.
var asServer = []scenario{
	{"client offers subprotocols", clientOffersSubprotocols},
	{"client has an origin", clientHasOrigin},
	{"server refuses", serverRefuses},
	{"client asks", clientAsks},
	{"client offers deflate", clientOffersDeflate},
	{"they distrust", theyDistrust},
}

// asClient have a server of theirs, and ours is the client.
var asClient = []scenario{
	{"we offer subprotocols", weOfferSubprotocols},
	{"they refuse", theyRefuse},
	{"we ask", weAsk},
	{"they can deflate", theyCanDeflate},
	{"we distrust", weDistrust},
}

// runAll runs scenarios with each of the faces.
func runAll(t *testing.T, faces []face, program *program, scenarios []scenario) {
	for _, f := range faces {
		t.Run(f.name, func(t *testing.T) {
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) { s.run(t, pairing{f, program}) })
			}
		})
	}
}

// missing skips a test that lacks other people's software, or fails it where nothing may be skipped.
func missing(t *testing.T, what string) {
	t.Helper()
	const remedy = `; "make tools" installs it`
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(what + remedy)
	}
	t.Skip(what + remedy)
}
