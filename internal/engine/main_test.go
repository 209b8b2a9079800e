package engine

import (
	"net"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) {
	// Go's netpoller opens descriptors of its own when it is first used, which the tests that count descriptors
	// must not see.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	leak.VerifyTestMain(m)
}
