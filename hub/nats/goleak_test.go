package nats

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/everwire/everwire/internal/leak"
)

// The tests stop servers that are just making a stream. Nats-server then leaves the goroutines of its store behind, which are
// nobody's here; package embedded, which has a server of its own, looks for them.
func TestMain(m *testing.M) {
	leak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"),
		goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"))
}
