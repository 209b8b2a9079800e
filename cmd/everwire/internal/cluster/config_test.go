package cluster

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	three := []string{"10.0.0.1:7900", "10.0.0.2:7900", "10.0.0.3:7900"}
	tests := []struct {
		name   string
		config Config
		want   string // the beginning of the error; empty: it is well
	}{
		{"nobody", Config{}, ""},
		{"nobody, with what is so by default", Config{Addr: DefaultAddr, Replicas: 1}, ""},
		{"a NATS", Config{NATS: "nats://127.0.0.1:4222", Addr: DefaultAddr}, ""},
		{"several", Config{NATS: "nats://a:4222, tls://b,wss://c/", TokenFile: "t", Replicas: 3}, ""},
		{"alone", Config{Embedded: true, Addr: DefaultAddr}, ""},
		{"alone, by name", Config{Embedded: true, Addr: "localhost:7900"}, ""},
		{"three on this machine", Config{Embedded: true, Addr: "127.0.0.1:1", Peers: []string{"127.0.0.1:1", "127.0.0.1:2", "[::1]:3"}}, ""},
		{"one of three", Config{Embedded: true, Addr: three[1], Peers: three, SecretFile: "s"}, ""},
		{"a fourth, without storage", Config{Embedded: true, Addr: "10.0.0.4:7900", Peers: three, SecretFile: "s"}, ""},
		{"six, of which five have storage", Config{Embedded: true, Addr: "127.0.0.1:1", Peers: []string{
			"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5", "127.0.0.1:6"}}, ""},

		{"two", Config{Embedded: true, Addr: three[0], Peers: three[:2], SecretFile: "s"}, "peers: two peers (10.0.0.1:7900, 10.0.0.2:7900) would be less safe"},
		{"out of reach", Config{Embedded: true, Addr: "localhost:7900", Peers: three, SecretFile: "s"}, "cluster-addr localhost:7900 cannot be reached"},
		{"open", Config{Embedded: true, Addr: three[0], Peers: three}, "whoever reaches cluster-addr 10.0.0.1:7900 could join"},
		{"a NATS without a host", Config{NATS: "nats://"}, "nats must be URLs"},
		{"a NATS, and peers", Config{NATS: "nats://a", Peers: three}, "peers is for cluster; leave it out with nats"},
		{"a NATS, and durability", Config{NATS: "nats://a", Relaxed: true}, "durability is for cluster; leave it out with nats"},
		{"peers of nothing", Config{Peers: three}, "peers is for cluster; give that as well"},
		{"a NATS that is none", Config{NATS: "nats://a:4222,,"}, "nats must be URLs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.config.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "embedded") {
				t.Errorf("the error names a package: %v", err)
			}
		})
	}
}

// What is shown of URLs has no password.
func TestShown(t *testing.T) {
	c := Config{NATS: "nats://ada:secret@a:4222, tls://token@b"}
	if got := c.shown(); got != "nats://a:4222, tls://b" {
		t.Errorf("shown as %q", got)
	}
}
