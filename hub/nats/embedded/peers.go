package embedded

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// StoragePeers returns those of a cluster's peers that have storage: the first 1, 3 or 5. It returns an error that explains why if there are
// two or four, if one is no host:port, or if one is there twice.
func StoragePeers(peers []string) ([]string, error) {
	for i, p := range peers {
		if err := checkAddress(p); err != nil {
			return nil, err
		}
		if slices.Contains(peers[:i], p) {
			return nil, fmt.Errorf("embedded: %s is among the peers twice", p)
		}
	}
	switch n := len(peers); {
	case n == 2:
		return nil, fmt.Errorf("embedded: two peers (%s) would be less safe than one: what is kept needs more than half of the nodes with storage, of two that is both, so that "+
			"the loss of either stops the other. List one (the other joins without storage) or three", strings.Join(peers, ", "))
	case n == 4:
		return nil, fmt.Errorf("embedded: four peers (%s) are no safer than three: more than half of four is three, so that one may be lost, as of three. "+
			"List three (others join without storage) or five, of which two may be lost", strings.Join(peers, ", "))
	case n > 5:
		return slices.Clone(peers[:5]), nil
	default:
		return slices.Clone(peers), nil
	}
}

// checkAddress says what is wrong with the address of a node.
func checkAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("embedded: %q is not host:port, such as 10.0.0.1:7900", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("embedded: %q has no port from 1 to 65535", s)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("embedded: %q names no host that other nodes can reach; give this node's own address", s)
	}
	return nil
}
