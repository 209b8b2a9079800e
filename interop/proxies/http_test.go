//go:build unix

package proxies

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func startTinyproxy(t *testing.T, more string) *program {
	return start(t, "tinyproxy", "Starting main loop", func(port string) []string {
		return []string{"-d", "-c", configuration(t, "tinyproxy.conf", "Port %s\nListen 127.0.0.1\nTimeout 60\n%s\n", port, more)}
	})
}

func TestTinyproxy(t *testing.T) {
	proxy := startTinyproxy(t, "")
	t.Run("an address", func(t *testing.T) { mustEcho(t, "127.0.0.1", "http://"+proxy.address, proxy.address) })
	t.Run("a name", func(t *testing.T) { mustEcho(t, "localhost", "http://"+proxy.address, proxy.address) })
	t.Run("nobody there", func(t *testing.T) {
		// tinyproxy tells whatever goes wrong by status 500.
		mustFail(t, "ws://"+freeAddress(t), "http://"+proxy.address, proxy.address, 500, "the proxy http://"+proxy.address+" answered 500")
	})
}

func TestTinyproxyWithAPassword(t *testing.T) {
	proxy := startTinyproxy(t, "BasicAuth me "+secretly)
	const url = "ws://127.0.0.1:1"
	says := "the proxy http://" + proxy.address + " answered 407 Proxy Authentication Required to CONNECT 127.0.0.1:1"
	t.Run("right", func(t *testing.T) { mustEcho(t, "127.0.0.1", "http://me:"+secretly+"@"+proxy.address, proxy.address) })
	t.Run("none", func(t *testing.T) { mustFail(t, url, "http://"+proxy.address, proxy.address, 407, says) })
	// tinyproxy does not ask again who was wrong, but turns him away.
	t.Run("wrong", func(t *testing.T) {
		mustFail(t, url, "http://me:"+wrong+"@"+proxy.address, proxy.address, 401, "the proxy http://"+proxy.address+" answered 401")
	})
}

// startSquid starts squid, with or without TLS. Only it knows who everwire.test is.
func startSquid(t *testing.T, secure bool, access string) *program {
	hosts := configuration(t, "hosts", "127.0.0.1 everwire.test\n")
	return start(t, "squid", "Socket connections at", func(port string) []string {
		listen := "http_port 127.0.0.1:" + port
		if secure {
			listen = "https_port 127.0.0.1:" + port + " tls-cert=" + configuration(t, "cert.pem", "%s", self.PEM) +
				" tls-key=" + configuration(t, "key.pem", "%s", self.Key)
		}
		service := "everwire" + port // of which several may run at once, in shared memory
		t.Cleanup(func() {           // which is left when it is killed
			left, _ := filepath.Glob("/dev/shm/" + service + "-*.shm")
			for _, path := range left {
				os.Remove(path)
			}
		})
		return []string{"-N", "-n", service, "-d", "1", "-f", configuration(t, "squid.conf", `%s
%s
hosts_file %s
cache deny all
cache_mem 8 MB
max_filedescriptors 1024
access_log none
cache_log /dev/null
cache_store_log none
pid_filename none
pinger_enable off
visible_hostname proxy.test
coredump_dir %s
`, listen, access, hosts, filepath.Dir(hosts))}
	})
}

func TestSquid(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			proxy := startSquid(t, scheme == "https", "http_access allow all")
			url := scheme + "://" + proxy.address
			t.Run("an address", func(t *testing.T) { mustEcho(t, "127.0.0.1", url, proxy.address) })
			t.Run("a name that only the proxy knows", func(t *testing.T) { mustEcho(t, "everwire.test", url, proxy.address) })
			t.Run("nobody there", func(t *testing.T) {
				mustFail(t, "wss://"+freeAddress(t), url, proxy.address, 503, "the proxy "+url+" answered 503 Service Unavailable to CONNECT")
			})
		})
	}
}

func TestSquidWithAPassword(t *testing.T) {
	judge := configuration(t, "judge", `while read line; do [ "$line" = "me %s" ] && echo OK || echo ERR; done`, secretly)
	access := "auth_param basic program /bin/sh " + judge + "\nauth_param basic children 1\n" +
		"acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all"
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			proxy := startSquid(t, scheme == "https", access)
			url := func(user string) string { return scheme + "://" + user + proxy.address }
			says := "the proxy " + url("") + " answered 407 Proxy Authentication Required to CONNECT 127.0.0.1:1"
			t.Run("right", func(t *testing.T) { mustEcho(t, "127.0.0.1", url("me:"+secretly+"@"), proxy.address) })
			t.Run("none", func(t *testing.T) { mustFail(t, "ws://127.0.0.1:1", url(""), proxy.address, 407, says) })
			t.Run("wrong", func(t *testing.T) {
				mustFail(t, "ws://127.0.0.1:1", url("me:"+wrong+"@"), proxy.address, 407, says)
			})
		})
	}
}

// TestSquidWhoseCertificateIsNotTrusted has TLS to the proxy fail.
func TestSquidWhoseCertificateIsNotTrusted(t *testing.T) {
	proxy := startSquid(t, true, "http_access allow all")
	opts := through(t, "https://"+proxy.address, proxy.address)
	opts.ProxyTLSConfig = nil
	_, err := websocket.Dial(context.Background(), "ws://127.0.0.1:1", opts)
	if err == nil || !strings.Contains(err.Error(), "cannot connect to the proxy https://"+proxy.address+": tls:") {
		t.Errorf("Dial returned %v", err)
	}
}
