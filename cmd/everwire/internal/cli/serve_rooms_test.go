package cli

import (
	"strings"
	"testing"
)

// What makes no sense is refused with one line that says what to do.
func TestRoomSettingsThatMakeNoSense(t *testing.T) {
	const node = "--cluster --cluster-addr 10.0.0.1:7900 --cluster-secret-file s --peers "
	tests := []struct{ name, args, want string }{
		{"two peers", node + "10.0.0.1:7900,10.0.0.2:7900", "peers: two peers (10.0.0.1:7900, 10.0.0.2:7900) would be less safe than one: "},
		{"four peers", node + "10.0.0.1:7900,10.0.0.2:7900,10.0.0.3:7900,10.0.0.4:7900", "peers: four peers ("},
		{"a peer twice", node + "10.0.0.1:7900,10.0.0.2:7900,10.0.0.1:7900", "peers: 10.0.0.1:7900 is among the peers twice"},
		{"a peer that is everywhere", node + "0.0.0.0:7900", `peers: "0.0.0.0:7900" names no host that other nodes can reach`},
		{"no peer", node + "here", `"here" is not host:port, such as 10.0.0.1:7900`},
		{"a peer without a port", node + "10.0.0.1:0", `"10.0.0.1:0" is not host:port`},
		{"everywhere", "--cluster --cluster-addr :7900", `cluster-addr: ":7900" names no host that other nodes can reach`},
		{"no port", "--cluster --cluster-addr 127.0.0.1:0", `cluster-addr: "127.0.0.1:0" has no port from 1 to 65535`},
		{"out of reach", "--cluster --peers 10.0.0.1:7900,10.0.0.2:7900,10.0.0.3:7900",
			"cluster-addr 127.0.0.1:7900 cannot be reached from another machine, and 10.0.0.1:7900 is on one; give"},
		{"open to strangers", "--cluster --cluster-addr 10.0.0.1:7900",
			"whoever reaches cluster-addr 10.0.0.1:7900 could join and read everything; give all nodes a cluster-secret-file"},
		{"peers alone", "--peers 10.0.0.1:7900", "peers is for cluster; give that as well"},
		{"a store alone", "--cluster-store dir", "cluster-store is for cluster; give that as well"},
		{"an address alone", "--cluster-addr 10.0.0.1:7900", "cluster-addr is for cluster; give that as well"},
		{"a secret alone", "--cluster-secret-file s", "cluster-secret-file is for cluster; give that as well"},
		{"durability alone", "--durability relaxed", "durability is for cluster; give that as well"},
		{"another durability", "--cluster --durability never", "must be always or relaxed"},
		{"two NATS", "--cluster --nats nats://127.0.0.1:4222", "cluster brings a NATS server along and nats joins one that there is"},
		{"no NATS", "--nats 127.0.0.1:4222", "nats must be URLs such as nats://127.0.0.1:4222"},
		{"not NATS", "--nats nats://127.0.0.1,http://127.0.0.1:4222", "nats must be URLs such as nats://127.0.0.1:4222"},
		{"credentials for nobody", "--nats-creds-file c", "nats-creds-file, nats-token-file and nats-replicas are for nats; give that as well"},
		{"replicas of nothing", "--nats-replicas 3", "nats-creds-file, nats-token-file and nats-replicas are for nats; give that as well"},
		{"two replicas", "--nats nats://127.0.0.1 --nats-replicas 2", "must be 1, 3 or 5"},
		{"twice who we are", "--nats nats://127.0.0.1 --nats-creds-file c --nats-token-file t", "are two ways to say who this is"},

		{"tokens without a key", "--auth jwt", "auth jwt needs keys to check tokens with; give jwt-secret-file,"},
		{"a key without tokens", "--jwt-key-file k", "are for auth jwt; give that as well"},
		{"an issuer without tokens", "--auth webhook --auth-webhook http://x/ --jwt-issuer me", "are for auth jwt; give that as well"},
		{"nobody to ask", "--auth webhook", "auth webhook needs auth-webhook, the URL that judges tokens"},
		{"nothing to ask", "--auth-webhook http://x/", "auth-webhook is for auth webhook; give that as well"},
		{"no URL to ask", "--auth webhook --auth-webhook x", "auth-webhook must be a URL such as https://"},
		{"another way", "--auth basic", "must be none, jwt or webhook"},
		{"an unsigned webhook", "--webhook http://x/", "webhook and webhook-secret-file belong together; give both"},
		{"a signature of nothing", "--webhook-secret-file s", "webhook and webhook-secret-file belong together; give both"},
		{"no URL to tell", "--webhook ftp://x/ --webhook-secret-file s", "webhook must be a URL such as https://"},

		{"no node", "--chat-nodes wss://a/,b.example.com", `"b.example.com" is not where clients reach a node, such as wss://b.example.com or`},
		{"nobody to listen", "--events-subject shop", "events-subject is for nats or cluster; give one of them as well, such as"},
		{"nowhere to listen", "--cluster --events-subject shop", "events-subject needs cluster-clients, where a backend can connect to listen"},
		{"backends of strangers", "--cluster --cluster-clients 10.0.0.1:4222", "whoever reaches cluster-clients 10.0.0.1:4222 could read and write everything"},
		{"backends alone", "--cluster-clients 127.0.0.1:4222", "cluster-clients is for cluster; give that as well"},
		{"told twice", "--nats nats://127.0.0.1 --events-subject shop --webhook http://x/ --webhook-secret-file s", "are two ways to tell a backend; give one"},
		{"no subject", "--nats nats://127.0.0.1 --events-subject shop.*", "must be letters, digits, - and _, with dots between, such as shop.events"},

		{"no history", "--chat-history 0", "must be from 1 to "},
		{"an age that is none", "--chat-history-age old", "must be a duration such as"},
		{"no rooms", "--connection-rooms 0", "must be from 1 to "},
		{"nobody in a room", "--room-members 0", "must be from 1 to "},
		{"no connections of a user", "--user-connections none", "must be a whole number"},
		{"no rate of a user", "--user-rate 0", "must be a number in a second"},
		{"no rate of a room", "--room-rate fast", "must be a number in a second"},
		{"no bandwidth", "--user-bandwidth 64kb", "must be a number of octets, such as 65536, 64KiB"},
		{"no connections", "--max-connections 0", "must be from 1 to "},
		{"no memory", "--shed-memory 0", "must be a number of octets, such as"},
		{"memory without end", "--shed-memory 2000TiB", "must be a number of octets, such as"},
		{"lag in the past", "--shed-lag -1s", "must be a duration such as"},
		{"a window in the past", "--drain-window -1s", "must be a duration such as"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs buffer
			got := Main(t.Context(), strings.Fields("serve "+tt.args), &out, &errs)
			if line, _, _ := strings.Cut(errs.String(), "\n"); got != exitUsage || !strings.Contains(line, tt.want) || out.String() != "" {
				t.Errorf("status %d, %q, want 2 and %q", got, errs.String(), tt.want)
			}
		})
	}
}

// What cannot be read, or reached, ends the program with 1 and one line.
func TestRoomSettingsThatCannotWork(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"no key", "--auth jwt --jwt-key-file /does/not/exist", "everwire: cannot judge tokens: keys: stat /does/not/exist: "},
		{"no API keys", "--api-keys-file /does/not/exist", "everwire: cannot read the API keys: "},
		{"no webhook secret", "--webhook http://127.0.0.1:1/ --webhook-secret-file /does/not/exist", "everwire: cannot read the webhook's secret: "},
		{"no cluster secret", "--cluster --cluster-secret-file /does/not/exist", "everwire: cannot read the cluster's secret: "},
		{"no NATS token", "--nats nats://127.0.0.1:1 --nats-token-file /does/not/exist", "everwire: cannot read the token for NATS: "},
		{"no NATS", "--nats nats://ada:secret@127.0.0.1:1", "everwire: cannot join NATS at nats://127.0.0.1:1: nothing answers there; start it,"},
		{"no store", "--cluster --cluster-store /dev/null/store", "everwire: cannot start the cluster's server at 127.0.0.1:7900: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs buffer
			got := Main(t.Context(), strings.Fields("serve --addr 127.0.0.1:0 --log-level error "+tt.args), &out, &errs)
			if text := errs.String(); got != exitFailed || !strings.HasPrefix(text, tt.want) || strings.Count(text, "\n") != 1 || out.String() != "" {
				t.Errorf("status %d, %q, want 1 and %q", got, text, tt.want)
			}
		})
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]size{
		"1": 1, "65536": 65536, "64KiB": 65536, "64kB": 64000, "1.5GiB": 3 << 29, "512MiB": 512 << 20, "2GB": 2e9, "1024TiB": 1 << 50,
	} {
		var got size
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "KiB", "1 KiB", "1KB", "1e9", "NaN", "Inf", "0.5", "1025TiB", "1KiBKiB"} {
		var got size
		if err := got.Set(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

// Without any of these flags the chat is as it was: open, of this process, with its usual history.
func TestRoomSettingsByDefault(t *testing.T) {
	values, _, err := bound(t, nil, nil, ``)
	if err != nil {
		t.Fatal(err)
	}
	c, err := values.serveConfig()
	if err != nil {
		t.Fatal(err)
	}
	if c.Auth.Mode != "none" || c.Cluster.Embedded || c.Cluster.NATS != "" || c.Rooms.History.Messages != 1000 || c.Shed.Connections != 0 ||
		c.Shed.Memory != 0 || c.Shed.Lag != 0 {
		t.Errorf("%+v", c)
	}
	if c.Auth.Limits.RoomsPerConnection != 32 || c.Auth.Limits.ConnectionsPerUser != 0 {
		t.Errorf("limits %+v", c.Auth.Limits)
	}
}
