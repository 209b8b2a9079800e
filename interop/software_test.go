package interop

import (
	"os"
	"testing"
)

// software is a piece of other people's software, and what a scenario has to know of it.
type software struct {
	name    string
	version string

	// cannot says why something is left out. Something is a part of a scenario, which asks by able, or a whole
	// column of the table.
	cannot map[string]string

	// takesNoSubprotocol is set of a client that stays when the server chooses none of the subprotocols offered.
	takesNoSubprotocol bool

	// sendsUserAsWritten is set of a client that does not decode the user and password of a URL.
	sendsUserAsWritten bool
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
