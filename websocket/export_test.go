package websocket

import "net/netip"

// PoisonBuffers tells tests what kind of build this is.
const PoisonBuffers = poisonBuffers

// Away reports, in a listener of s, whether that is called off the loop.
func Away(s *Socket) bool { return s.away }

// CompressedForms returns how many times p was compressed.
func CompressedForms(p *Prepared) (n int) {
	if forms := p.forms.Load(); forms != nil {
		for i := range forms {
			if forms[i].payload != nil {
				n++
			}
		}
	}
	return n
}

// AddressesAtTheDoor returns how many client addresses a Server remembers.
func AddressesAtTheDoor(srv *Server) int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.door.byAddress)
}

// ForwardedFor is what a Server with those proxies makes of X-Forwarded-For that the first of them sent.
func ForwardedFor(lines []string, proxies ...netip.Prefix) netip.Addr {
	srv := Server{TrustedProxies: proxies}
	return forwardedFor(lines, proxies[0].Addr(), srv.trusts)
}

// ActiveConnections returns how many connections and handshakes a Server has counted in.
func ActiveConnections(srv *Server) int {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.active
}

// BudgetUsed returns how many octets of a Server's budget are in use.
func BudgetUsed(srv *Server) int64 { return srv.settings.budget.used.Load() }

// BudgetLimit returns a Server's budget, -1 if it has none.
func BudgetLimit(srv *Server) int64 {
	set, _ := srv.connectionSettings()
	if set.budget == nil {
		return -1
	}
	return set.budget.limit
}

// MemoryLimit is what the default budget is a quarter of.
func MemoryLimit() int64 { return memoryLimit() }
