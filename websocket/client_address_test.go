package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func TestClientAddr(t *testing.T) {
	trusted := prefixes("10.0.0.0/8", "fd00::/8", "::ffff:172.16.0.0/108")
	for _, row := range []struct {
		name, peer string
		forwarded  []string
		want       string // "" for none
	}{
		{"nobody in front", "192.0.2.1:1000", nil, "192.0.2.1"},
		{"a stranger's word", "192.0.2.1:1000", []string{"198.51.100.7"}, "192.0.2.1"},
		{"IPv6", "[2001:db8::1]:1000", []string{"198.51.100.7"}, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:1000", nil, "192.0.2.1"},
		{"a zone", "[fe80::1%eth0]:1000", nil, "fe80::1"},
		{"without a port", "192.0.2.1", nil, "192.0.2.1"},
		{"a Unix socket", "@", []string{"198.51.100.7"}, ""},
		{"nothing", "", []string{"198.51.100.7"}, ""},

		{"a proxy that says nothing", "10.0.0.1:1000", nil, "10.0.0.1"},
		{"a proxy that says nothing, in a line", "10.0.0.1:1000", []string{""}, "10.0.0.1"},
		{"a proxy", "10.0.0.1:1000", []string{"198.51.100.7"}, "198.51.100.7"},
		{"a proxy as IPv4 in IPv6", "[::ffff:10.0.0.1]:1000", []string{"198.51.100.7"}, "198.51.100.7"},
		{"a proxy of a prefix in IPv6", "172.16.0.1:1000", []string{"198.51.100.7"}, "198.51.100.7"},
		{"beside that prefix", "172.32.0.1:1000", []string{"198.51.100.7"}, "172.32.0.1"},
		{"a proxy over IPv6", "[fd00::1]:1000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"what the client made up", "10.0.0.1:1000", []string{"127.0.0.1, 198.51.100.7"}, "198.51.100.7"},
		{"in a line of its own", "10.0.0.1:1000", []string{"127.0.0.1", "198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:1000", []string{"1.1.1.1, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"two proxies in two lines", "10.0.0.1:1000", []string{"1.1.1.1,198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{"nobody but proxies", "10.0.0.1:1000", []string{"10.0.0.3", "10.0.0.2"}, "10.0.0.3"},
		{"garbage", "10.0.0.1:1000", []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		{"garbage before a proxy", "10.0.0.1:1000", []string{"198.51.100.7, _hidden, 10.0.0.2"}, "10.0.0.2"},
		{"garbage that is not reached", "10.0.0.1:1000", []string{"\x00;<>, 198.51.100.7"}, "198.51.100.7"},
		{"empty elements", "10.0.0.1:1000", []string{", 198.51.100.7,", " ,\t"}, "198.51.100.7"},
		{"a port", "10.0.0.1:1000", []string{"198.51.100.7:1234"}, "198.51.100.7"},
		{"brackets", "10.0.0.1:1000", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"brackets and a port", "10.0.0.1:1000", []string{"[2001:db8::7]:1234"}, "2001:db8::7"},
		{"brackets around IPv4", "10.0.0.1:1000", []string{"[198.51.100.7]"}, "10.0.0.1"},
		{"a port that is none", "10.0.0.1:1000", []string{"198.51.100.7:x"}, "10.0.0.1"},
		{"unmapped and without a zone", "10.0.0.1:1000", []string{"fe80::7%1, ::ffff:10.0.0.2"}, "fe80::7"},
		{"a host name", "10.0.0.1:1000", []string{"evil.example"}, "10.0.0.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{TrustedProxies: trusted}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = row.peer
			r.Header["X-Forwarded-For"] = row.forwarded
			var want netip.Addr
			if row.want != "" {
				want = netip.MustParseAddr(row.want)
			}
			equal(t, "address", srv.ClientAddr(r), want)
			r.Header["Forwarded"] = []string{"for=203.0.113.9"}
			equal(t, "address with Forwarded", srv.ClientAddr(r), want)
		})
	}
}

// FuzzForwardedFor holds that whoever is found is either of the proxies or the rightmost of the others, and that
// what stands to the left of it is of no account.
func FuzzForwardedFor(f *testing.F) {
	f.Add("198.51.100.7, 10.0.0.2", "10.0.0.3:80")
	f.Add("[2001:db8::7]:1", "")
	f.Add("x,[::1]", ",")
	f.Add("fe80::1%a,b", "::ffff:10.0.0.9")
	f.Add("\"198.51.100.7\"", "unknown")
	f.Fuzz(func(t *testing.T, first, second string) {
		proxies := prefixes("10.0.0.0/8")
		got := websocket.ForwardedFor([]string{first, second}, proxies...)
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%v", got)
		}
		if joined := websocket.ForwardedFor([]string{first + "," + second}, proxies...); joined != got {
			t.Errorf("in one line it is %v, in two %v", joined, got)
		}
		if proxies[0].Contains(got) {
			return
		}
		if more := websocket.ForwardedFor([]string{"203.0.113.9," + first, second}, proxies...); more != got {
			t.Errorf("with more to the left it is %v, not %v", more, got)
		}
		if behind := websocket.ForwardedFor([]string{first, second, "203.0.113.9"}, proxies...); behind.String() != "203.0.113.9" {
			t.Errorf("%v is not the rightmost", behind)
		}
	})
}

func ExampleServer_ClientAddr() {
	srv := websocket.Server{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	r := httptest.NewRequest("GET", "/chat", nil)
	r.RemoteAddr = "10.0.0.1:40000"                               // the proxy's
	r.Header.Set("X-Forwarded-For", "127.0.0.1, 198.51.100.7:50") // the first is the client's own invention
	fmt.Println(srv.ClientAddr(r))
	// Output: 198.51.100.7
}

func TestSocketClientAddr(t *testing.T) {
	for _, row := range []struct {
		name    string
		proxies []netip.Prefix
		header  http.Header
		want    string
	}{
		{"nobody in front", nil, http.Header{"X-Forwarded-For": {"198.51.100.7"}}, "127.0.0.1"},
		{"a proxy that says nothing", prefixes("127.0.0.0/8"), nil, "127.0.0.1"},
		{"a proxy", prefixes("127.0.0.0/8"), http.Header{"X-Forwarded-For": {"198.51.100.7"}}, "198.51.100.7"},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{TrustedProxies: row.proxies}
			addrs := make(chan netip.Addr, 2)
			srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
				addrs <- s.ClientAddr()
				addrs <- srv.ClientAddr(r)
			})
			hs := httptest.NewServer(&srv)
			t.Cleanup(func() {
				srv.Close()
				hs.Close()
			})
			c, err := websocket.Dial(context.Background(), hs.URL, &websocket.DialOptions{Header: row.header})
			must(t, err)
			c.Terminate()
			equal(t, "of the socket", (<-addrs).String(), row.want)
			equal(t, "of the request", (<-addrs).String(), row.want)
		})
	}
	t.Run("not connected, and in memory", func(t *testing.T) {
		s, c := wstest.Sockets(t, nil, nil, nil)
		equal(t, "of a pipe", s.ClientAddr(), netip.Addr{})
		equal(t, "of a pipe's client", c.ClientAddr(), netip.Addr{})
		s, err := websocket.New("ws://127.0.0.1:1", &websocket.DialOptions{}, nil)
		must(t, err)
		equal(t, "of a socket that is CONNECTING", s.ClientAddr(), netip.Addr{})
		s.Terminate()
	})
}

func TestProxiesThatCannotWork(t *testing.T) {
	for _, row := range []struct {
		name string
		srv  *websocket.Server
		says string
	}{
		{"a prefix that is none", &websocket.Server{TrustedProxies: []netip.Prefix{{}}}, "TrustedProxies"},
		{"nobody to send the header", &websocket.Server{ProxyProtocol: true}, "TrustedProxies"},
	} {
		t.Run(row.name, func(t *testing.T) {
			silenceLog(t)
			ln := wstest.Listen()
			if err := row.srv.Serve(ln); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("Serve returned %v", err)
			}
			w := httptest.NewRecorder()
			row.srv.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			equal(t, "status", w.Code, 500)
		})
	}
}

func TestClientAddrOfManyProxies(t *testing.T) {
	lines := slices.Repeat([]string{"10.0.0.2, 10.0.0.3"}, 1000)
	equal(t, "address", websocket.ForwardedFor(append([]string{"198.51.100.7"}, lines...), prefixes("10.0.0.0/8")...).String(), "198.51.100.7")
}
