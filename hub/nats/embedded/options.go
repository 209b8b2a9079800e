package embedded

import (
	"crypto/tls"
	"log/slog"
)

// Options are for [Start]. The zero value is a node alone that listens nowhere; it must have a Store.
type Options struct {
	// Listen is the address, host:port, at which other nodes reach this one: it listens there, and tells others of it. The host must
	// be one that others can reach, a name or an address, not 0.0.0.0. It belongs to this node for good: replicas are known by it. Default: none; no other node can join.
	Listen string

	// Peers are the Listen addresses of the nodes, in the same order on all of them, this one included. The first 1, 3 or 5 of them have
	// storage; see [StoragePeers]. A node whose Listen is not among these joins without: it needs no Store, may come and go, and nobody has to name it.
	// Default: Listen alone.
	Peers []string

	// Store is the directory of what is kept, made if it is not there. It belongs to this node alone. Needed with storage; without, it is
	// not touched.
	Store string

	// MaxStore is how many octets of the directory's disk may be used. Default: three quarters of what is free there.
	MaxStore int64

	// Durability says when a message is acknowledged. Default [Always].
	Durability Durability

	// Name is what the server is called in the cluster. It must be unique, must stay the same across restarts, and must have no spaces, because
	// replicas know each other by it. Default: made of Listen, which is both; else of Store.
	Name string

	// Cluster is the cluster's name, without spaces; nodes of another cluster are turned away. Default "everwire".
	Cluster string

	// Secret is what nodes show each other; who does not have it is turned away. It must be the same on all. Default: none; whoever
	// reaches Listen can join. It protects against strangers and not against who can read the traffic: see TLS.
	Secret string

	// TLS is for the connections between nodes, as server and as client: it needs Certificates, and RootCAs if these are not the system's. With
	// ClientAuth and ClientCAs nodes prove themselves to each other by certificate. Default: no encryption.
	TLS *tls.Config

	// Clients is the address, host:port, at which NATS clients of other programs are served: user "everwire", with Secret as the password; if
	// there is no Secret anybody. Port 0 is any free one; [Server.ClientAddr] tells which. Default: none.
	Clients string

	// Log is told what the server says: what it does at debug level, what goes wrong at warn or error. Default: slog.Default().
	Log *slog.Logger
}

// Durability says when a message that is to be kept is acknowledged to who published it.
type Durability uint8

const (
	// Always acknowledges when the message is on the disk (fsync) of each node that makes the majority: it survives that all nodes are
	// killed or lose their power at once. A publish then takes as long as a few of the disks' syncs.
	Always Durability = iota

	// Relaxed acknowledges when the nodes of the majority have given the message to their operating systems, and syncs every two minutes, as nats-server
	// does by default. It survives that the processes are killed, and, with three nodes, the loss of one. A power cut, or a crash of the system, of all at
	// once, or of one while another is paused or cut off, can take up to two minutes of acknowledged messages.
	Relaxed
)

// String returns "always" or "relaxed".
func (d Durability) String() string {
	if d == Relaxed {
		return "relaxed"
	}
	return "always"
}
