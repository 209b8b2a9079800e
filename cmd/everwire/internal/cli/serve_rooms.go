package cli

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/cmd/everwire/internal/serve"
	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/hub"
)

// roomFlags are those of everwire serve that are about the chat's rooms: what they keep, with whom they are shared, who may come, and how many.
type roomFlags struct {
	history    int
	historyAge duration
	nodes      chatNodes

	nats, natsCreds, natsToken          string
	natsReplicas                        choice
	cluster                             toggle
	clusterAddr, clusterClients         address
	peers                               addresses
	clusterStore, clusterSecret         string
	durability                          choice
	auth                                choice
	jwtSecret, jwtKey, jwks, issuer, to string
	authWebhook                         string
	authGrace                           duration
	apiKeys, webhook, webhookSecret     string
	eventsSubject                       subject

	userConnections, connectionRooms, roomMembers int
	userRate, roomRate                            float64
	userBandwidth                                 size
	maxConnections                                int
	shedMemory                                    size
	shedLag                                       duration
}

func (v *roomFlags) add(flags *pflag.FlagSet) {
	*v = roomFlags{
		history: 1000, historyAge: duration(24 * time.Hour), connectionRooms: 32, clusterAddr: cluster.DefaultAddr,
		natsReplicas: choice{"1", []string{"1", "3", "5"}}, durability: choice{"always", []string{"always", "relaxed"}}, auth: choice{"none", []string{"none", "jwt", "webhook"}},
		authGrace: duration(30 * time.Second),
	}
	flags.Var(counted(&v.history, 1_000_000), "chat-history", "how many messages each room of the chat keeps; the same on all nodes")
	flags.Var(&v.historyAge, "chat-history-age", "how long it keeps them, at most; 0 is for ever")
	flags.Var(&v.nodes, "chat-nodes",
		"where clients reach the nodes, with commas: the chat's page goes on with another one when its own is gone")

	flags.Var(&v.cluster, "cluster", "be a node of a cluster, all of whose nodes share their rooms")
	flags.Lookup("cluster").NoOptDefVal = "true"
	flags.Var(&v.clusterAddr, "cluster-addr", "where other nodes reach this one, as it stands among the peers")
	flags.Var(&v.clusterClients, "cluster-clients", "where backends may connect by NATS, as user everwire with the secret (default: nowhere)")
	flags.Var(&v.peers, "peers", "the nodes' addresses with commas, the same on all; the first 1, 3 or 5 keep messages")
	flags.StringVar(&v.clusterStore, "cluster-store", "",
		"the `directory` of what this node keeps (default: below $XDG_STATE_HOME, or ~/.local/state)")
	flags.StringVar(&v.clusterSecret, "cluster-secret-file", "", "the `file` with what nodes show each other, the same on all")
	flags.Var(&v.durability, "durability", "when a message counts as kept: once on the disks, or relaxed, before that")
	flags.StringVar(&v.nats, "nats", "", "share rooms by the NATS at this `URL` instead, with commas between several")
	flags.StringVar(&v.natsCreds, "nats-creds-file", "", "the `file` with the credentials for it")
	flags.StringVar(&v.natsToken, "nats-token-file", "", "the `file` with a token for it")

	flags.Var(&v.natsReplicas, "nats-replicas", "how many of its servers keep each message; 3 where it is a cluster")

	flags.Var(&v.auth, "auth", "who may come to the chat: all, those with a JSON Web Token, or whom a webhook lets in")
	flags.StringVar(&v.jwtSecret, "jwt-secret-file", "", "the `file` with the secret of tokens by HS256")
	flags.StringVar(&v.jwtKey, "jwt-key-file", "", "the PEM `file` with public keys of tokens by RS256, ES256 or EdDSA")
	flags.StringVar(&v.jwks, "jwks-file", "", "the `file` with a JSON Web Key Set")
	flags.StringVar(&v.issuer, "jwt-issuer", "", "the `issuer` that a token must name")
	flags.StringVar(&v.to, "jwt-audience", "", "the `audience` that must be among those of a token")
	flags.StringVar(&v.authWebhook, "auth-webhook", "", "the `URL` that judges tokens")
	flags.Var(&v.authGrace, "auth-grace", "how long a client whose token expires has for a new one, before 4401")
	flags.StringVar(&v.apiKeys, "api-keys-file", "", "serve /api/ to backends that have one of the keys in this `file`")
	flags.StringVar(&v.webhook, "webhook", "", "tell the backend at this `URL` of connections and messages of the chat")
	flags.StringVar(&v.webhookSecret, "webhook-secret-file", "", "the `file` with the secret that this is signed with")
	flags.Var(&v.eventsSubject, "events-subject",
		"tell, and ask, who listens by NATS instead, on `prefix`.connect, .message and .disconnect")

	flags.Var(limit(&v.userConnections), "user-connections", "how many connections a user may have on each node (default: any)")
	flags.Var(perSecond(&v.userRate), "user-rate", "how many messages a second a user may publish on each node (default: any)")
	flags.Var(&v.userBandwidth, "user-bandwidth", "how many octets a second a user may publish on each node, such as 64KiB (default: any)")
	flags.Var(counted(&v.connectionRooms, 10_000), "connection-rooms", "how many rooms a connection may be in")
	flags.Var(limit(&v.roomMembers), "room-members", "how many connections of this node may be in a room (default: any)")
	flags.Var(perSecond(&v.roomRate), "room-rate", "how many messages a second a room takes on each node (default: any)")

	flags.Var(limit(&v.maxConnections), "max-connections", "answer new connections with 503 when there are so many (default: any)")
	flags.Var(&v.shedMemory, "shed-memory", "and while so much memory is in use, such as 1500MiB (default: any)")
	flags.Var(&v.shedLag, "shed-lag", "and while timers or event loops are so late, such as 250ms (default: any)")
	flags.Lookup("shed-lag").DefValue = ""
}

// fill puts what the flags say into a Config, or returns an error if they contradict each other.
func (v *roomFlags) fill(c *serve.Config) error {
	c.Rooms = serve.Rooms{History: hub.History{Messages: v.history, Age: time.Duration(v.historyAge)}}
	c.ChatNodes = v.nodes
	replicas, _ := strconv.Atoi(v.natsReplicas.word) // one of a few words
	c.Cluster = cluster.Config{
		NATS: v.nats, CredsFile: v.natsCreds, TokenFile: v.natsToken, Replicas: replicas,
		Embedded: bool(v.cluster), Addr: string(v.clusterAddr), Peers: v.peers,
		Store: v.clusterStore, Clients: string(v.clusterClients), SecretFile: v.clusterSecret, Relaxed: v.durability.word == "relaxed",
	}
	c.Shed = shed.Limits{Connections: v.maxConnections, Memory: int64(v.shedMemory), Lag: time.Duration(v.shedLag)}
	c.Auth = serve.Auth{
		Mode: v.auth.word, WebhookURL: v.authWebhook, Grace: time.Duration(v.authGrace),
		JWT: auth.JWTOptions{
			SecretFile: v.jwtSecret, PublicKeyFile: v.jwtKey, KeySetFile: v.jwks, Issuer: v.issuer, Audience: v.to,
		},
		Limits: auth.Limits{
			ConnectionsPerUser: v.userConnections, RoomsPerConnection: v.connectionRooms, MembersPerRoom: v.roomMembers,
			PublishesPerSecond: v.userRate, OctetsPerSecond: int(v.userBandwidth), RoomPublishesPerSecond: v.roomRate,
		},
	}
	c.APIKeysFile, c.Webhook, c.WebhookSecretFile = v.apiKeys, v.webhook, v.webhookSecret
	c.EventsSubject = string(v.eventsSubject)
	if err := c.Cluster.Check(); err != nil {
		return err
	}
	if err := v.checkAuth(); err != nil {
		return err
	}
	return v.checkEvents()
}

func (v *roomFlags) checkEvents() error {
	switch {
	case (v.webhook == "") != (v.webhookSecret == ""):
		return errors.New("webhook and webhook-secret-file belong together; give both")
	case v.webhook != "" && !isWeb(v.webhook):
		return errors.New("webhook must be a URL such as https://backend.example/events")
	case v.eventsSubject == "":
		return nil
	case v.webhook != "":
		return errors.New("webhook and events-subject are two ways to tell a backend; give one of them")
	case bool(v.cluster) && v.clusterClients == "":
		return errors.New("events-subject needs cluster-clients, where a backend can connect to listen, such as 127.0.0.1:4222; or give webhook instead")
	case !bool(v.cluster) && v.nats == "":
		return errors.New("events-subject is for nats or cluster; give one of them as well, such as --nats nats://127.0.0.1:4222")
	}
	return nil
}

func (v *roomFlags) checkAuth() error {
	keys := v.jwtSecret != "" || v.jwtKey != "" || v.jwks != ""
	switch mode := v.auth.word; {
	case mode == "jwt" && !keys:
		return errors.New("auth jwt needs keys to check tokens with; give jwt-secret-file, jwt-key-file or jwks-file")
	case mode != "jwt" && (keys || v.issuer != "" || v.to != ""):
		return errors.New("jwt-secret-file, jwt-key-file, jwks-file, jwt-issuer and jwt-audience are for auth jwt; give that as well")
	case mode == "webhook" && v.authWebhook == "":
		return errors.New("auth webhook needs auth-webhook, the URL that judges tokens")
	case mode != "webhook" && v.authWebhook != "":
		return errors.New("auth-webhook is for auth webhook; give that as well")
	case v.authWebhook != "" && !isWeb(v.authWebhook):
		return errors.New("auth-webhook must be a URL such as https://backend.example/may-come")
	}
	return nil
}

// isWeb reports whether a text is the URL of something on the web.
func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
