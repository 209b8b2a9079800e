package websocket

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/handshake"
)

func TestParseTarget(t *testing.T) {
	for _, row := range []struct {
		name, url string
		want      target
	}{
		{"a host alone", "ws://site.com", target{url: "ws://site.com/", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/"}},
		{"wss", "wss://site.com/a", target{url: "wss://site.com/a", network: "tcp", address: "site.com:443", tls: true,
			serverName: "site.com", host: "site.com", requestURI: "/a"}},
		{"http", "http://site.com/a", target{url: "ws://site.com/a", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/a"}},
		{"https and a port", "https://site.com:8443/", target{url: "wss://site.com:8443/", network: "tcp",
			address: "site.com:8443", tls: true, serverName: "site.com", host: "site.com:8443", requestURI: "/"}},
		{"letters of either case", "WSS://Site.COM/A", target{url: "wss://site.com/A", network: "tcp",
			address: "Site.COM:443", tls: true, serverName: "Site.COM", host: "site.com", requestURI: "/A"}},
		{"the default port", "ws://site.com:80/", target{url: "ws://site.com/", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/"}},
		{"the other scheme's port", "ws://site.com:443/", target{url: "ws://site.com:443/", network: "tcp",
			address: "site.com:443", serverName: "site.com", host: "site.com:443", requestURI: "/"}},
		{"an empty port", "ws://site.com:/", target{url: "ws://site.com/", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/"}},
		{"IPv6", "ws://[::1]:81/", target{url: "ws://[::1]:81/", network: "tcp", address: "[::1]:81",
			serverName: "::1", host: "[::1]:81", requestURI: "/"}},
		{"IPv6 with a zone", "wss://[fe80::1%25eth0]/", target{url: "wss://[fe80::1%25eth0]/", network: "tcp",
			address: "[fe80::1%eth0]:443", tls: true, serverName: "fe80::1", host: "[fe80::1]", requestURI: "/"}},
		{"letters of another alphabet", "wss://Bücher.Example:81/", target{url: "wss://xn--bcher-kva.example:81/",
			network: "tcp", address: "xn--bcher-kva.example:81", tls: true, serverName: "xn--bcher-kva.example",
			host: "xn--bcher-kva.example:81", requestURI: "/"}},
		{"such letters, escaped", "ws://%E4%BE%8B%E3%81%88.%E3%83%86%E3%82%B9%E3%83%88", target{url: "ws://xn--r8jz45g.xn--zckzah/",
			network: "tcp", address: "xn--r8jz45g.xn--zckzah:80", serverName: "xn--r8jz45g.xn--zckzah",
			host: "xn--r8jz45g.xn--zckzah", requestURI: "/"}},
		{"a query without a path", "ws://site.com?a=b", target{url: "ws://site.com/?a=b", network: "tcp",
			address: "site.com:80", serverName: "site.com", host: "site.com", requestURI: "/?a=b"}},
		{"an empty query", "ws://site.com/?", target{url: "ws://site.com/?", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/?"}},
		{"what a target may not have", "ws://site.com/a b/ü?c d=\"ü\"", target{
			url: "ws://site.com/a%20b/%C3%BC?c%20d=%22%C3%BC%22", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "/a%20b/%C3%BC?c%20d=%22%C3%BC%22"}},
		{"escapes stay", "ws://site.com/a%2Fb?c%26d", target{url: "ws://site.com/a%2Fb?c%26d", network: "tcp",
			address: "site.com:80", serverName: "site.com", host: "site.com", requestURI: "/a%2Fb?c%26d"}},
		{"two slashes", "ws://site.com//a", target{url: "ws://site.com//a", network: "tcp", address: "site.com:80",
			serverName: "site.com", host: "site.com", requestURI: "//a"}},
		{"user and password", "ws://me:p%40ss@site.com/", target{url: "ws://site.com/", network: "tcp",
			address: "site.com:80", serverName: "site.com", host: "site.com", requestURI: "/", auth: "Basic bWU6cEBzcw=="}},
		{"a socket", "ws+unix:///run/ws.sock", target{url: "ws+unix:///run/ws.sock", network: "unix",
			address: "/run/ws.sock", host: "localhost", requestURI: "/"}},
		{"a socket, path and query", "ws+unix:///run/ws.sock:/chat%2F1?a=b c", target{
			url: "ws+unix:///run/ws.sock:/chat%2F1?a=b%20c", network: "unix", address: "/run/ws.sock",
			host: "localhost", requestURI: "/chat%2F1?a=b%20c"}},
		{"a socket with a colon", "ws+unix:///run/a%3Ab:c", target{url: "ws+unix:///run/a%3Ab:c", network: "unix",
			address: "/run/a:b", host: "localhost", requestURI: "/c"}},
		{"a socket, user and password", "ws+unix://me:pw@/run/ws.sock", target{url: "ws+unix:///run/ws.sock",
			network: "unix", address: "/run/ws.sock", host: "localhost", requestURI: "/", auth: "Basic bWU6cHc="}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := parseTarget(row.url)
			if err != nil {
				t.Fatal(err)
			}
			if *got != row.want {
				t.Errorf("got  %+v\nwant %+v", *got, row.want)
			}
		})
	}
}

// FuzzTarget checks that whatever URL and header are taken, exactly one request comes of them, and that it
// can be read.
func FuzzTarget(f *testing.F) {
	f.Add("ws://me:pw@site.com:81/a b?c=ü d", "X-A", "1")
	f.Add("ws+unix:///run/ws.sock:/chat?a=b c", "Host", "site.com")
	f.Add("wss://[fe80::1%25eth0]/?", "x-b", "\t")
	f.Add("http://a%2f/%0d%0aX:y", "X\r\nY", "1\r\nZ: 2")
	f.Add("ws://a\x7f/?\x00", "Authorization", "\x00")
	f.Fuzz(func(t *testing.T, url, name, value string) {
		to, err := parseTarget(url)
		if err != nil {
			return
		}
		offer := &handshake.Offer{Key: handshake.NewKey()}
		fields, err := ownFields(http.Header{name: {value}})
		if err != nil {
			return
		}
		octets, err := to.request(offer, fields)
		if err != nil {
			return
		}
		if again, err := parseTarget(to.url); err != nil || again.requestURI != to.requestURI || again.address != to.address && !strings.EqualFold(again.address, to.address) {
			t.Fatalf("%q is shown as %q, which is %+v, %v", url, to.url, again, err)
		}
		br := bufio.NewReader(bytes.NewReader(octets))
		r, err := http.ReadRequest(br)
		if err != nil {
			t.Fatalf("%q: %v", octets, err)
		}
		if rest := br.Buffered(); rest > 0 || r.Method != "GET" || r.RequestURI != to.requestURI || len(r.Header) > 6 {
			t.Fatalf("%q reads as %+v, and %d octets more", octets, r, rest)
		}
		if r.Header.Get("Sec-WebSocket-Key") != offer.Key {
			t.Fatalf("%q is no handshake", octets)
		}
	})
}
