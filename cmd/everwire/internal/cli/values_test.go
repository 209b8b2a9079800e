package cli

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestValues(t *testing.T) {
	tests := []struct {
		name, text string
		value      pflag.Value
		want       string // what the value reads afterwards
		ok         bool
	}{
		{"choice", "json", &choice{"text", logFormats}, "json", true},
		{"choice, another word", "xml", &choice{"text", logFormats}, "text", false},
		{"choice, case matters", "JSON", &choice{"text", logFormats}, "text", false},

		{"toggle on", "true", new(toggle), "true", true},
		{"toggle on by 1", "1", new(toggle), "true", true},
		{"toggle, another word", "on", new(toggle), "false", false},

		{"duration", "1m30s", new(duration), "1m30s", true},
		{"duration zero", "0", new(duration), "0s", true},
		{"duration without unit", "10", new(duration), "0s", false},
		{"duration negative", "-1ns", new(duration), "0s", false},

		{"address", "127.0.0.1:8080", new(address), "127.0.0.1:8080", true},
		{"address, IPv6", "[::1]:0", new(address), "[::1]:0", true},
		{"address, name", "localhost:65535", new(address), "localhost:65535", true},
		{"address, no host", ":8080", new(address), ":8080", true},
		{"address, only a port", "8080", new(address), "", false},
		{"address, only a host", "localhost", new(address), "", false},
		{"address, no port", "localhost:", new(address), "", false},
		{"address, port too large", "localhost:65536", new(address), "", false},
		{"address, named port", "localhost:http", new(address), "", false},
		{"address, IPv6 without brackets", "::1:8080", new(address), "", false},
		{"address, URL", "http://localhost:8080", new(address), "", false},

		{"subject", "shop.events_2", new(subject), "shop.events_2", true},
		{"subject beside the rooms", "everwire.events.shop", new(subject), "everwire.events.shop", true},
		{"subject of the rooms", "everwire.h", new(subject), "", false},
		{"subject of everything", "everwire", new(subject), "", false},
		{"subject, wildcard", "shop.>", new(subject), "", false},
		{"subject, empty token", "shop..events", new(subject), "", false},
		{"subject, reserved", "$SYS.events", new(subject), "", false},
		{"subject, space", "my shop", new(subject), "", false},
		{"subject, none", "", new(subject), "", false},

		{"origins, one", "example.com", new(origins), "example.com", true},
		{"origins, two", "null, *", new(origins), "null,*", true},
		{"origins, one more", "b.example", &origins{"a.example"}, "a.example,b.example", true},
		{"origins, path", "https://example.com/", new(origins), "", false},
		{"origins, none", "", new(origins), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.value.Set(tt.text); (err == nil) != tt.ok {
				t.Errorf("error %v, want one: %t", err, !tt.ok)
			}
			if got := tt.value.String(); got != tt.want {
				t.Errorf("value %q, want %q", got, tt.want)
			}
		})
	}
}

func TestContradictions(t *testing.T) {
	tests := []struct {
		name  string
		flags serveFlags
		ok    bool
	}{
		{"no TLS", serveFlags{}, true},
		{"files", serveFlags{tlsCert: "c", tlsKey: "k"}, true},
		{"self-signed", serveFlags{tlsSelfSigned: true}, true},
		{"no key", serveFlags{tlsCert: "c"}, false},
		{"no certificate", serveFlags{tlsKey: "k"}, false},
		{"both kinds", serveFlags{tlsSelfSigned: true, tlsCert: "c", tlsKey: "k"}, false},
		{"self-signed with a key", serveFlags{tlsSelfSigned: true, tlsKey: "k"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.flags.shutdownTimeout = duration(time.Second)
			if _, err := tt.flags.serveConfig(); (err == nil) != tt.ok {
				t.Errorf("error %v, want one: %t", err, !tt.ok)
			}
		})
	}
}
