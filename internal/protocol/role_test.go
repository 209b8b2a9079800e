package protocol_test

import (
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

func TestRoleString(t *testing.T) {
	for role, want := range map[protocol.Role]string{protocol.Server: "server", protocol.Client: "client"} {
		if got := role.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
}
