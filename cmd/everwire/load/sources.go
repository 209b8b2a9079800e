package load

import "net/netip"

// perSource is how many connections one source address is given: of the 28,000 ports that Linux has for them by default
// some may be in use.
const perSource = 20_000

// Loopback returns as many addresses of 127.1.0.0/16 as n connections to one server on this machine need, from 127.1.0.1:
// one for every 20,000. They are for Plan.Sources. On Linux they exist; elsewhere all but 127.0.0.1
// must be set up.
func Loopback(n int) []netip.Addr {
	var addrs []netip.Addr
	for i := range (n + perSource - 1) / perSource {
		addrs = append(addrs, netip.AddrFrom4([4]byte{127, 1, byte(i / 250), byte(1 + i%250)}))
	}
	return addrs
}
