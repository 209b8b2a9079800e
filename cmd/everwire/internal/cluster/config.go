package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/everwire/everwire/hub/nats/embedded"
)

// Config says whom to join. The zero value is nobody: rooms are those of this process.
type Config struct {
	// NATS are the URLs of a NATS that there is, with commas between them.
	NATS string

	// CredsFile and TokenFile have what NATS knows this program by, at most one of them: a file of credentials (JWT and NKey), or a token.
	CredsFile, TokenFile string

	// Replicas is how many of its servers are to keep each message: 1, 3 or 5.
	Replicas int

	// Embedded brings a nats-server along, in the process. What follows is for it.
	Embedded bool

	// Addr is where the other nodes reach this one.
	Addr string

	// Peers are the addresses of the nodes, the same on all of them, this one's among them. Those that come first have storage.
	Peers []string

	// Store is the directory of what is kept. Default: one below the state directory, by Addr.
	Store string

	// Clients is where the server takes NATS clients of other programs, as user "everwire" with the secret, if there is one. "": nowhere.
	Clients string

	// SecretFile has what nodes show each other.
	SecretFile string

	// Relaxed acknowledges before it is on the disks.
	Relaxed bool
}

// DefaultAddr is the usual Addr, which only this machine reaches.
const DefaultAddr = "127.0.0.1:7900"

// Check says what makes no sense together, in one line that names settings as flags without their dashes.
func (c *Config) Check() error {
	switch {
	case c.NATS != "" && c.Embedded:
		return errors.New("cluster brings a NATS server along and nats joins one that there is; give one or the other")
	case c.NATS == "" && (c.CredsFile != "" || c.TokenFile != "" || c.Replicas > 1):
		return errors.New("nats-creds-file, nats-token-file and nats-replicas are for nats; give that as well, such as nats://127.0.0.1:4222")
	case c.CredsFile != "" && c.TokenFile != "":
		return errors.New("nats-creds-file and nats-token-file are two ways to say who this is; give one of them")
	case c.Embedded:
		return c.checkEmbedded()
	}
	instead := "give that as well"
	if c.NATS != "" {
		if err := c.checkURLs(); err != nil {
			return err
		}
		instead = "leave it out with nats"
	}
	for _, given := range []struct {
		name  string
		there bool
	}{
		{"cluster-addr", c.Addr != DefaultAddr && c.Addr != ""}, {"peers", len(c.Peers) > 0}, {"cluster-store", c.Store != ""},
		{"cluster-clients", c.Clients != ""}, {"cluster-secret-file", c.SecretFile != ""}, {"durability", c.Relaxed},
	} {
		if given.there {
			return fmt.Errorf("%s is for cluster; %s", given.name, instead)
		}
	}
	return nil
}

func (c *Config) checkURLs() error {
	for _, text := range c.urls() {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return errors.New("nats must be URLs such as nats://127.0.0.1:4222 or tls://nats.example.com, with commas between them")
		}
	}
	return nil
}

func (c *Config) urls() []string {
	var list []string
	for text := range strings.SplitSeq(c.NATS, ",") {
		list = append(list, strings.TrimSpace(text))
	}
	return list
}

// shown are the URLs without what may be secret in them.
func (c *Config) shown() string {
	var list []string
	for _, text := range c.urls() {
		if u, err := url.Parse(text); err == nil {
			list = append(list, u.Scheme+"://"+u.Host)
		}
	}
	return strings.Join(list, ", ")
}

func (c *Config) checkEmbedded() error {
	if _, err := embedded.StoragePeers([]string{c.Addr}); err != nil {
		return fmt.Errorf("cluster-addr: %w", said(err))
	}
	if _, err := embedded.StoragePeers(c.Peers); err != nil {
		return fmt.Errorf("peers: %w", said(err))
	}
	if isLoopback(c.Addr) {
		for _, peer := range c.Peers {
			if !isLoopback(peer) {
				return fmt.Errorf("cluster-addr %s cannot be reached from another machine, and %s is on one; give this machine's own "+
					"address, as it stands among the peers", c.Addr, peer)
			}
		}
	} else if c.SecretFile == "" {
		return fmt.Errorf("whoever reaches cluster-addr %s could join and read everything; give all nodes a cluster-secret-file "+
			"with the same in it (openssl rand -hex 16 makes one)", c.Addr)
	}
	if c.Clients != "" && !isLoopback(c.Clients) && c.SecretFile == "" {
		return fmt.Errorf("whoever reaches cluster-clients %s could read and write everything; give a cluster-secret-file", c.Clients)
	}
	return nil
}

// said is an error without the name of its package.
func said(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "embedded: ")) }

func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
