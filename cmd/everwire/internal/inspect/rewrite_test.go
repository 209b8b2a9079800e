package inspect

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
)

func TestPathsAreJoined(t *testing.T) {
	for _, row := range []struct{ target, asked, want string }{
		{"ws://a", "/", "/"},
		{"ws://a", "/x?y", "/x?y"},
		{"ws://a/", "/x", "/x"},
		{"ws://a/base", "/", "/base"},
		{"ws://a/base/", "/", "/base/"},
		{"ws://a/base", "/x", "/base/x"},
		{"ws://a/base/", "/x/%2F", "/base/x/%2F"},
		{"ws://a/base?k=v", "/x?y", "/base/x?k=v&y"},
		{"ws://a?k=v", "/", "/?k=v"},
	} {
		target, err := newTarget(row.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.join(row.asked); got != row.want {
			t.Errorf("%s asked for %s: %s, want %s", row.target, row.asked, got, row.want)
		}
	}
}

func TestRewriting(t *testing.T) {
	peer := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 5}
	const came = "GET /x HTTP/1.1|Host: proxy:9000|Upgrade: websocket|Connection: Upgrade"
	for _, row := range []struct {
		name, target, came string
		header             http.Header
		r                  Rewriting
		want               string
	}{
		{"the defaults", "ws://far:1", came, nil, Rewriting{}, "GET /x HTTP/1.1|Host: far:1|Upgrade: websocket|Connection: Upgrade"},
		{"keep the host", "ws://far:1", came, nil, Rewriting{KeepHost: true}, came},
		{"an origin of the proxy's own", "wss://far", came + "|Origin: http://PROXY:9000", nil, Rewriting{KeepHost: true},
			came + "|Origin: https://far"},
		{"another origin", "ws://far", came + "|Origin: http://page", nil, Rewriting{KeepHost: true}, came + "|Origin: http://page"},
		{"keep the origin", "ws://far", came + "|Origin: http://proxy:9000", nil, Rewriting{KeepHost: true, Origin: OriginKeep},
			came + "|Origin: http://proxy:9000"},
		{"the target's origin", "ws://far", came + "|Origin: http://page", nil, Rewriting{KeepHost: true, Origin: OriginTarget},
			came + "|Origin: http://far"},
		{"the target's origin where there is none", "ws://far", came, nil, Rewriting{KeepHost: true, Origin: OriginTarget}, came},
		{"an origin that is given", "ws://far", came, nil, Rewriting{KeepHost: true, Origin: "https://x"}, came + "|Origin: https://x"},
		{"forwarded", "ws://far", came + "|X-Forwarded-For: 1.1.1.1", nil, Rewriting{KeepHost: true, Forwarded: true},
			came + "|X-Forwarded-For: 1.1.1.1, 10.0.0.1|X-Forwarded-Host: proxy:9000|X-Forwarded-Proto: http"},
		{"a password", "ws://me:pw@far", came, nil, Rewriting{KeepHost: true}, came + "|Authorization: Basic bWU6cHc="},
		{"a password that is not needed", "ws://me:pw@far", came + "|Authorization: x", nil, Rewriting{KeepHost: true}, came + "|Authorization: x"},
		{"fields", "ws://far", came + "|Cookie: a", http.Header{"Cookie": {"b"}, "X": {"1", "2"}}, Rewriting{KeepHost: true},
			came + "|Cookie: b|X: 1|X: 2"},
		{"no handshake", "ws://far", "GET /x HTTP/1.1|Host: a|Connection: keep-alive", nil, Rewriting{},
			"GET /x HTTP/1.1|Host: far|Connection: close"},
		{"the absolute-form", "ws://far", "GET http://proxy/x?y HTTP/1.1|Host: a|Upgrade: a|Connection: upgrade", nil, Rewriting{},
			"GET /x?y HTTP/1.1|Host: far|Upgrade: a|Connection: upgrade"},
	} {
		t.Run(row.name, func(t *testing.T) {
			target, err := newTarget(row.target, &websocket.DialOptions{Header: row.header})
			if err != nil {
				t.Fatal(err)
			}
			h, n, err := wire.ParseHead([]byte(strings.ReplaceAll(row.came, "|", "\r\n")+"\r\n\r\n"), wire.FromClient)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			got := string(row.r.rewrite(h, target, peer, false).Append(nil))
			if got = strings.TrimSuffix(strings.ReplaceAll(got, "\r\n", "|"), "||"); got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}
