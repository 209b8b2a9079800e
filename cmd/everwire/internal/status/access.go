package status

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
)

// TokenVariable is the environment variable that holds the token where no file is named. There is no flag for the
// token itself, because everybody on a machine can read the arguments of its programs.
const TokenVariable = "EVERWIRE_ADMIN_TOKEN"

// ReadToken returns the token in a file, or if none is named that in TokenVariable, or "" if there is neither. White space
// around it does not count. A token that is too short, or that no header field can hold, is an error.
func ReadToken(file string) (string, error) {
	from, text := "the variable "+TokenVariable, os.Getenv(TokenVariable)
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("cannot read the operator's token: %w", err)
		}
		from, text = file, string(content)
	}
	token := strings.TrimSpace(text)
	if token == "" && file == "" {
		return "", nil
	}
	if fault := access.Fault(token); fault != "" {
		return "", fmt.Errorf("the operator's token in %s %s; make one with: openssl rand -hex 16", from, fault)
	}
	return token, nil
}

// isLocal reports whether a request comes from this machine and means this machine. What a proxy on this machine
// passes on does not, and neither does what a page sends whose site's name was made to lead here (DNS rebinding): both name
// another host.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	to, err := netip.ParseAddr(host)
	return err == nil && to.Unmap().IsLoopback()
}
