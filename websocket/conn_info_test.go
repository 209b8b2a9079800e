package websocket

import (
	"net"
	"net/http"
	"reflect"
	"testing"
)

func TestEndpointIsTheAddressItWasMadeOf(t *testing.T) {
	for _, row := range []struct {
		name string
		addr net.Addr
		ok   bool
	}{
		{"IPv4", &net.TCPAddr{IP: net.IP{192, 0, 2, 1}, Port: 80}, true},
		{"IPv4 in IPv6", &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 65535}, true},
		{"IPv6", &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}, true},
		{"the unspecified address", &net.TCPAddr{IP: net.IPv6zero, Port: 1}, true},
		{"IPv6 with a zone", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 1, Zone: "eth0"}, false},
		{"multicast", &net.TCPAddr{IP: net.ParseIP("ff02::1"), Port: 1}, false},
		{"no port", &net.TCPAddr{IP: net.IP{192, 0, 2, 1}}, false},
		{"no IP", &net.TCPAddr{Port: 1}, false},
		{"a Unix domain socket", &net.UnixAddr{Name: "/x", Net: "unix"}, false},
		{"nothing", nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			e, ok := endpointOf(row.addr)
			if ok != row.ok || ok == e.none() {
				t.Fatalf("endpointOf = %v, %v", e, ok)
			}
			if ok && !reflect.DeepEqual(e.addr(), row.addr) {
				t.Errorf("it became %#v", e.addr())
			}
			if ok && e.ipAddr() != parseAddr(row.addr.String()) {
				t.Errorf("the IP became %v", e.ipAddr())
			}
		})
	}
}

func TestConnectionsShareWhatIsKnownOfThem(t *testing.T) {
	var x infos
	local := func(port int) net.Addr { return &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: port} }
	first := x.share(&connInfo{url: "ws://a/", local: local(80)})
	for _, row := range []struct {
		name   string
		info   connInfo
		shares bool
	}{
		{"the same", connInfo{url: "ws://a/", local: local(80)}, true},
		{"another URL", connInfo{url: "ws://b/", local: local(80)}, false},
		{"another local address", connInfo{url: "ws://a/", local: local(81)}, false},
		{"another kind of local address", connInfo{url: "ws://a/", local: &net.UnixAddr{}}, false},
		{"a subprotocol", connInfo{url: "ws://a/", local: local(80), subprotocol: "soap"}, false},
		{"a header", connInfo{url: "ws://a/", local: local(80), header: http.Header{}}, false},
		{"a remote address that is no endpoint", connInfo{url: "ws://a/", local: local(80), remote: &net.UnixAddr{}}, false},
	} {
		if got := x.share(&row.info) == first; got != row.shares {
			t.Errorf("%s: shared %v", row.name, got)
		}
	}
	for range 2 * len(x.recent) {
		x.share(&connInfo{url: "ws://" + string(rune('c'+x.next))})
	}
	if got := x.share(&connInfo{url: "ws://a/", local: local(80)}); got == first {
		t.Error("what was not used for long is kept")
	}
}
