package wstest

import (
	"errors"
	"net"
	"testing"
)

func TestOpErrorPrintsAsOnASocket(t *testing.T) {
	local, remote := net.Addr(Addr("pipe:1")), net.Addr(Addr("pipe:2"))
	for _, row := range []struct {
		name          string
		local, remote net.Addr
		want          string
	}{
		{"both ends", local, remote, "read pipe pipe:1->pipe:2: cause"},
		{"remote only", nil, remote, "read pipe pipe:2: cause"},
		{"neither", nil, nil, "read: cause"},
	} {
		cause := errors.New("cause")
		err := opError("read", row.local, row.remote, cause)
		if err.Error() != row.want || !errors.Is(err, cause) {
			t.Errorf("%s: %q, want %q", row.name, err, row.want)
		}
	}
}
