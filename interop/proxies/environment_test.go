//go:build unix

package proxies

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// TestTheEnvironmentsProxies connects to 0.0.0.0, which means this machine and yet is no loopback address: those
// are never reached through a proxy of the environment's.
func TestTheEnvironmentsProxies(t *testing.T) {
	tiny, socks := startTinyproxy(t, "BasicAuth me "+secretly), startMicrosocks(t)
	to := startServers(t)
	first, second := "http://me:"+secretly+"@"+tiny.address, "socks5h://"+socks.address
	for _, row := range []struct {
		name    string
		env     string // NAME=value, separated by spaces
		ws, wss string // the address that is connected to: "" for the server itself
	}{
		{"none", "", "", ""},
		{"for ws", "HTTP_PROXY=" + first, tiny.address, ""},
		{"for wss", "HTTPS_PROXY=" + second, "", socks.address},
		{"for each", "http_proxy=" + second + " https_proxy=" + first, socks.address, tiny.address},
		{"for all", "ALL_PROXY=" + second, socks.address, socks.address},
		{"for all but ws", "ALL_PROXY=" + second + " HTTP_PROXY=" + first, tiny.address, socks.address},
		{"but not for the host", "ALL_PROXY=" + second + " NO_PROXY=example.com,0.0.0.0", "", ""},
		{"but not for the network", "ALL_PROXY=" + second + " no_proxy=0.0.0.0/8", "", ""},
		{"but not for a port", fmt.Sprintf("ALL_PROXY=%s NO_PROXY=0.0.0.0:%d", second, to.ws), "", socks.address},
		{"but for nobody", "ALL_PROXY=" + second + " NO_PROXY=*", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"} {
				t.Setenv(name, "")
				t.Setenv(strings.ToLower(name), "")
			}
			for _, setting := range strings.Fields(row.env) {
				name, value, _ := strings.Cut(setting, "=")
				t.Setenv(name, value)
			}
			opts := &websocket.DialOptions{TLSConfig: self.Client()}
			for i, rawURL := range to.urls("0.0.0.0") {
				want := []string{row.ws, row.wss}[i]
				if want == "" {
					want = fmt.Sprintf("127.0.0.1:%d", []int{to.ws, to.wss}[i])
				}
				c, err := websocket.Dial(context.Background(), rawURL, opts)
				must(t, err)
				if got := c.RemoteAddr().String(); got != want {
					t.Errorf("for %s it connected to %s, not to %s", rawURL, got, want)
				}
				c.Terminate()
			}
		})
	}
}
