package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
)

const (
	ownUser    = "everwire-process" // of the account that rooms are in
	clientUser = "everwire"         // the same
	systemUser = "everwire-system"
	nodeUser   = "everwire-node" // what nodes show each other

	maxPayload = 8 << 20         // above this nats-server warns
	giveUp     = 5 * time.Second // how long what is sent may wait for one who has stopped reading

	// noGuests is an authorization block: without one nats-server adds a user for whoever has no password, if there are no accounts but
	// the two that it always has.
	noGuests = "authorization { timeout: 5 }"
)

// A plan is what the Options come down to.
type plan struct {
	Options
	storage []string // the peers with storage; none for a node that listens nowhere
	keeps   bool     // this one is among them, or alone
	joins   string   // where a node without storage finds a cluster whose storage is one node
	secret  string   // what nodes show each other
}

func newPlan(o Options) (*plan, error) {
	if o.Listen != "" {
		if err := checkAddress(o.Listen); err != nil {
			return nil, err
		}
		if len(o.Peers) == 0 {
			o.Peers = []string{o.Listen}
		}
	} else if len(o.Peers) > 0 {
		return nil, errors.New("embedded: with Peers a node needs Listen: its own address, at which they reach it")
	}
	storage, err := StoragePeers(o.Peers)
	if err != nil {
		return nil, err
	}
	if strings.Contains(o.Name, " ") || strings.Contains(o.Cluster, " ") {
		return nil, errors.New("embedded: the names of a node and of a cluster have no spaces")
	}
	p := &plan{Options: o, storage: storage, keeps: len(storage) == 0 || slices.Contains(storage, o.Listen)}
	if len(storage) == 1 && !p.keeps {
		p.joins = storage[0]
	}
	if p.keeps && o.Store == "" {
		return nil, errors.New("embedded: a node with storage needs Store, a directory for it")
	}
	if p.Cluster == "" {
		p.Cluster = "everwire"
	}
	if p.Name == "" {
		p.Name = defaultName(o)
	}
	// Not the Secret itself, so that no log line of the server's can hold it. Without one as well: as soon as there are users, which clients
	// are, nats-server lets in no node that shows nothing.
	sum := sha256.Sum256([]byte("everwire nodes\x00" + o.Secret))
	p.secret = hex.EncodeToString(sum[:])
	return p, nil
}

// defaultName is the same at each start, and no two nodes of a cluster have the same.
func defaultName(o Options) string {
	if o.Listen != "" {
		return "everwire-" + o.Listen
	}
	dir := o.Store
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	sum := sha256.Sum256([]byte(dir))
	return "everwire-" + hex.EncodeToString(sum[:8])
}

// listenable returns an error if the addresses cannot be listened at, in the system's words. The server would say so too, but later, with goroutines behind it that it does
// not end then.
func (p *plan) listenable() error {
	for _, addr := range []string{p.Listen, p.Clients} {
		if addr == "" {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("embedded: %w", err)
		}
		l.Close()
	}
	return nil
}

// clustered reports whether storage is on several nodes, which then elect leaders.
func (p *plan) clustered() bool { return len(p.storage) > 1 }

// configure makes nats-server's options. Password is that of this process's own connections.
func (p *plan) configure(password string) (*natsd.Options, error) {
	o := &natsd.Options{}
	if err := o.ProcessConfigString(noGuests); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	system := natsd.NewAccount(natsd.DEFAULT_SYSTEM_ACCOUNT)
	o.ServerName = p.Name
	o.DontListen = p.Clients == ""
	o.NoSigs, o.NoLog, o.DisableJetStreamBanner = true, true, true
	o.MaxPayload = maxPayload
	o.WriteDeadline = giveUp
	o.SystemAccount, o.Accounts = system.Name, []*natsd.Account{system}
	o.Users = []*natsd.User{
		{Username: ownUser, Password: password},
		{Username: systemUser, Password: password, Account: system},
	}
	if p.Clients != "" {
		if err := p.serveClients(o); err != nil {
			return nil, err
		}
	}
	if p.keeps {
		o.JetStream = true
		o.StoreDir = p.Store
		o.JetStreamMaxStore = p.MaxStore
		o.SyncAlways = p.Durability == Always
	}
	switch {
	case p.Listen == "":
	case p.joins != "":
		p.joinOne(o)
	case len(p.storage) == 1:
		p.acceptJoining(o)
	default:
		p.joinCluster(o)
	}
	return o, nil
}

func (p *plan) serveClients(o *natsd.Options) error {
	host, port, err := net.SplitHostPort(p.Clients)
	if err != nil {
		return fmt.Errorf("embedded: Clients %q is not host:port, such as 127.0.0.1:4222", p.Clients)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("embedded: Clients %q has no port from 0 to 65535", p.Clients)
	}
	o.Host, o.Port = host, int(n)
	if n == 0 {
		o.Port = natsd.RANDOM_PORT
	}
	o.Users = append(o.Users, &natsd.User{Username: clientUser, Password: p.Secret})
	if p.Secret == "" {
		o.NoAuthUser = clientUser
	}
	return nil
}

// joinCluster is for a cluster whose storage is on several nodes: routes between all nodes, those without storage among them.
func (p *plan) joinCluster(o *natsd.Options) {
	c := &o.Cluster
	c.Name = p.Cluster
	c.Host, c.Port = hostPort(p.Listen)
	c.Advertise = p.Listen
	c.NoAdvertise = p.Clients == ""
	c.TLSConfig = p.TLS
	c.PingInterval, c.MaxPingsOut = 2*time.Second, 3 // a node that was cut off without a word is noticed in 8 s
	c.WriteDeadline = giveUp
	c.Username, c.Password = nodeUser, p.secret
	if p.Clients == "" {
		// nats-server begins its routes after its listener for clients, and never without one. At this one nobody gets in, for want of the password.
		o.DontListen = false
		o.Host, o.Port = "127.0.0.1", natsd.RANDOM_PORT
	}
	// Only those with storage: nats-server takes the number of routes for the number of votes that the first election needs. All
	// other nodes are learned of from these.
	for _, peer := range p.storage {
		o.Routes = append(o.Routes, p.toNode(peer))
	}
}

// acceptJoining is for the one node with storage: JetStream in a cluster elects, and cannot with one vote. So it runs alone, and others join as
// leaf nodes.
func (p *plan) acceptJoining(o *natsd.Options) {
	l := &o.LeafNode
	l.Host, l.Port = hostPort(p.Listen)
	l.Advertise = p.Listen
	l.TLSConfig = p.TLS
	l.Username, l.Password = nodeUser, p.secret
	passJetStream(o)
}

// passJetStream lets requests to JetStream pass between leaf nodes and the one with storage, as if they were one server.
func passJetStream(o *natsd.Options) {
	o.JsAccDefaultDomain = map[string]string{natsd.DEFAULT_GLOBAL_ACCOUNT: ""}
}

// joinOne is for a node that joins the one with storage.
func (p *plan) joinOne(o *natsd.Options) {
	o.LeafNode.ReconnectInterval = time.Second
	o.LeafNode.Remotes = []*natsd.RemoteLeafOpts{{URLs: []*url.URL{p.toNode(p.joins)}, TLS: p.TLS != nil, TLSConfig: p.TLS}}
	passJetStream(o)
}

// toNode is where another node is, and what it is shown.
func (p *plan) toNode(addr string) *url.URL {
	return &url.URL{Scheme: "nats", Host: addr, User: url.UserPassword(nodeUser, p.secret)}
}

// hostPort splits an address that was checked.
func hostPort(addr string) (string, int) {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return host, n
}
