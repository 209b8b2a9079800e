package cli

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestProxyUsage(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, row := range []struct {
		name, args string
		status     int
		want       string // what standard error begins with
	}{
		{"no URL", "", 2, "everwire: accepts 1 arg(s), received 0\n"},
		{"no URL of ours", "ftp://a", 2, `everwire: a URL of scheme "ftp" is no WebSocket's; it begins with ws:// or wss://`},
		{"a Unix domain socket", "ws+unix:///a:/b", 2, "everwire: a Unix domain socket is given by --unix-socket PATH here"},
		{"a bad origin", "ws://a --origin here", 2, "everwire: --origin must be auto, keep, target, or an origin such as https://example.com\n"},
		{"half a certificate", "ws://a --tls-cert x", 2, "everwire: --tls-cert and --tls-key belong together; give both\n"},
		{"two certificates", "ws://a --tls-self-signed --tls-cert x --tls-key y", 2, "everwire: --tls-self-signed makes a certificate and"},
		{"no certificate", "ws://a --tls-cert no --tls-key no", 2, "everwire: --tls-cert and --tls-key: open no: no such file"},
		{"a bad preview", "ws://a --preview -1", 2, "everwire: --preview must not be negative\n"},
		{"a bad field", "ws://a -H x", 2, "everwire: -H: a field must be written as 'Name: value'"},
		{"no place to listen", "ws://a --listen x", 2, `everwire: invalid argument "x" for "--listen" flag: must be host:port`},
		{"a port that is used", "ws://a --listen " + busy.Addr().String(), 1,
			"everwire: cannot listen on " + busy.Addr().String() + ": another program uses this port; choose another with --listen"},
		{"no place to record", "ws://a --listen 127.0.0.1:0 --record " + filepath.Join(t.TempDir(), "no", "file"), 1, "everwire: cannot record: open "},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr buffer
			status := Main(t.Context(), append([]string{"proxy"}, strings.Fields(row.args)...), &stdout, &stderr)
			if status != row.status || !strings.HasPrefix(stderr.String(), row.want) {
				t.Errorf("status %d, %q", status, stderr.String())
			}
		})
	}
}
