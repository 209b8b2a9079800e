//go:build unix

package proxies

import (
	"fmt"
	"path/filepath"
	"testing"
)

func startMicrosocks(t *testing.T, more ...string) *program {
	return start(t, "microsocks", "", func(port string) []string {
		return append([]string{"-i", "127.0.0.1", "-p", port}, more...)
	})
}

func TestMicrosocks(t *testing.T) {
	proxy := startMicrosocks(t)
	for _, scheme := range []string{"socks5", "socks5h"} {
		url := scheme + "://" + proxy.address
		t.Run(scheme+", an address", func(t *testing.T) { mustEcho(t, "127.0.0.1", url, proxy.address) })
		t.Run(scheme+", a name", func(t *testing.T) {
			mustEcho(t, "localhost", url, proxy.address)
			proxy.log.wait(t, "connected to localhost:") // it was told the name
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		mustFail(t, "ws://"+freeAddress(t), "socks5://"+proxy.address, proxy.address, 0,
			"the proxy socks5://"+proxy.address+" did not connect to 127.0.0.1:")
	})
}

func TestMicrosocksWithAPassword(t *testing.T) {
	proxy := startMicrosocks(t, "-u", "me", "-P", secretly)
	says := "the proxy socks5://" + proxy.address + " did not connect to 127.0.0.1:1: "
	t.Run("right", func(t *testing.T) { mustEcho(t, "127.0.0.1", "socks5://me:"+secretly+"@"+proxy.address, proxy.address) })
	t.Run("none", func(t *testing.T) {
		mustFail(t, "ws://127.0.0.1:1", "socks5://"+proxy.address, proxy.address, 0, says+"no acceptable authentication methods")
	})
	t.Run("wrong", func(t *testing.T) {
		mustFail(t, "ws://127.0.0.1:1", "socks5://me:"+wrong+"@"+proxy.address, proxy.address, 0,
			says+"username/password authentication failed")
	})
}

func startDanted(t *testing.T, method string) *program {
	return start(t, "danted", "running", func(port string) []string {
		conf := configuration(t, "danted.conf", `logoutput: stderr
internal: 127.0.0.1 port = %s
external: 127.0.0.1
clientmethod: none
socksmethod: %s
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`, port, method)
		return []string{"-f", conf, "-p", filepath.Join(filepath.Dir(conf), "pid"), "-N", "1"}
	})
}

func TestDanted(t *testing.T) {
	proxy := startDanted(t, "none")
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) { mustEcho(t, host, "socks5h://"+proxy.address, proxy.address) })
	}
	t.Run("a password that it does not ask for", func(t *testing.T) {
		mustEcho(t, "127.0.0.1", "socks5://me:"+wrong+"@"+proxy.address, proxy.address)
	})
	t.Run("nobody there", func(t *testing.T) {
		mustFail(t, "ws://"+freeAddress(t), "socks5://"+proxy.address, proxy.address, 0, "connection refused")
	})
}

// TestDantedWithAPassword is about wrong ones: the right ones are those of the machine's users.
func TestDantedWithAPassword(t *testing.T) {
	proxy := startDanted(t, "username")
	says := fmt.Sprintf("the proxy socks5://%s did not connect to 127.0.0.1:1: ", proxy.address)
	t.Run("none", func(t *testing.T) {
		mustFail(t, "ws://127.0.0.1:1", "socks5://"+proxy.address, proxy.address, 0, says+"no acceptable authentication methods")
	})
	t.Run("wrong", func(t *testing.T) {
		mustFail(t, "wss://127.0.0.1:1", "socks5://everwire-nobody:"+wrong+"@"+proxy.address, proxy.address, 0,
			says+"username/password authentication failed")
	})
}
