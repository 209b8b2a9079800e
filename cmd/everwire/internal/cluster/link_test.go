package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/nats/embedded"
)

// natsServer starts a NATS for clients, who need a password, and returns its address, host:port.
func natsServer(t *testing.T) string {
	t.Helper()
	srv, err := embedded.Start(t.Context(), embedded.Options{Store: t.TempDir(), Clients: "127.0.0.1:0", Secret: "open sesame", Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		srv.Shutdown(ctx)
	})
	if err := srv.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return srv.ClientAddr()
}

// linked returns a Hub that has joined as a Config says.
func linked(t *testing.T, c Config, node string) (*hub.Hub, *Link) {
	t.Helper()
	l, err := Open(t.Context(), c, node, quiet())
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New(&hub.Options{Broker: l.Broker, Node: node, Log: quiet(), Room: func(string) hub.RoomOptions {
		return hub.RoomOptions{History: hub.History{Messages: 10, Age: time.Hour}}
	}})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		h.Close(ctx)
		l.Close()
	})
	return h, l
}

func TestHubsShareRoomsByANATS(t *testing.T) {
	c := Config{NATS: "nats://everwire:open%20sesame@" + natsServer(t), Replicas: 1}
	one, l := linked(t, c, "one")
	other, _ := linked(t, c, "other")
	if err := l.Broker.Err(); err != nil || !strings.HasPrefix(l.Says, "shared by all that use NATS at nats://127.0.0.1:") || strings.Contains(l.Says, "sesame") {
		t.Errorf("it says %q, error %v", l.Says, err)
	}
	<-l.Ready()
	if _, err := one.Publish(t.Context(), "blue", hub.Message{Data: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	kept, err := other.History(t.Context(), "blue", hub.Position{}, 10)
	if err != nil || len(kept) != 1 || string(kept[0].Data) != "hello" {
		t.Errorf("the other has %v, %v", kept, err)
	}
}

func TestWhyNATSCannotBeJoined(t *testing.T) {
	at := natsServer(t)
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"nothing there", Config{NATS: "nats://127.0.0.1:1"},
			"cannot join NATS at nats://127.0.0.1:1: nothing answers there; start it, check the address, or use --cluster, which needs none"},
		{"no password", Config{NATS: "nats://" + at},
			"cannot join NATS at nats://" + at + ": it does not let us in; --nats-creds-file or --nats-token-file says who we are"},
		{"a wrong token", Config{NATS: "nats://" + at, TokenFile: file(t, "wrong\n")},
			"cannot join NATS at nats://" + at + ": it does not let us in; --nats-creds-file or --nats-token-file says who we are"},
		{"an empty token", Config{NATS: "nats://" + at, TokenFile: file(t, "\n")}, "cannot read the token for NATS: "},
		{"no credentials", Config{NATS: "nats://" + at, CredsFile: "/does/not/exist"}, "cannot join NATS at nats://" + at + ": "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Open(t.Context(), tt.config, "node", quiet())
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

// freeAddr is an address that was free just now, of a range from which the system gives no ports to who asks for any.
func freeAddr() string {
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
}

func TestPortOfANodeThatIsInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	l, err := Open(t.Context(), Config{Embedded: true, Addr: ln.Addr().String(), Store: t.TempDir()}, "node", quiet())
	if err == nil {
		l.Close()
	}
	want := fmt.Sprintf("cannot start the cluster's server at %v: the port is in use by another program; stop that one, or choose another "+
		"port with --cluster-addr, and among the --peers", ln.Addr())
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

// A node alone, and one that joins it without storage: what one publishes the other has.
func TestNodeWithoutStorageJoinsOne(t *testing.T) {
	var keeper Config
	var l *Link
	for { // until no other program has taken the port meanwhile
		keeper = Config{Embedded: true, Addr: freeAddr(), Store: t.TempDir(), SecretFile: file(t, "s")}
		keeper.Peers = []string{keeper.Addr}
		first, err := Open(t.Context(), keeper, "keeper", quiet())
		if err == nil {
			l = first
			break
		}
		if !strings.Contains(err.Error(), "in use") {
			t.Fatal(err)
		}
	}
	defer l.Close()
	h := hub.New(&hub.Options{Broker: l.Broker, Node: "keeper", Log: quiet()})
	defer h.Close(context.Background())
	if want := fmt.Sprintf("of the cluster: alone, for others to join, at %s, in %s, durability always", keeper.Addr, keeper.Store); l.Says != want {
		t.Errorf("it says %q, want %q", l.Says, want)
	}
	<-l.Ready()

	guest, joined := linked(t, Config{
		Embedded: true, Addr: "127.0.0.1:1", Peers: keeper.Peers, SecretFile: keeper.SecretFile, Store: "/dev/null/nothing",
	}, "guest")
	if want := "of the cluster, which 127.0.0.1:1 joins without storage, by " + keeper.Addr; joined.Says != want {
		t.Errorf("it says %q, want %q", joined.Says, want)
	}
	<-joined.Ready()
	if err := joined.Broker.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := guest.Publish(t.Context(), "blue", hub.Message{Data: []byte("hello")}); err != nil {
		t.Errorf("publishing: %v", err)
	}
}
