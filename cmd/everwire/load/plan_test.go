package load

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestPlanIsChecked(t *testing.T) {
	tests := []struct {
		name, want string
		p          Plan
	}{
		{"no URL", "not a URL of the kind", Plan{Connections: 1}},
		{"http", "not a URL of the kind", Plan{URL: "http://localhost", Connections: 1}},
		{"no host", "names no host", Plan{URL: "ws:///x", Connections: 1}},
		{"no connections", "Connections is 0", Plan{URL: "ws://localhost"}},
		{"negative window", "InFlight is -1", Plan{URL: "ws://localhost", Connections: 1, InFlight: -1}},
		{"scenario", `no scenario "x"`, Plan{URL: "ws://localhost", Connections: 1, Scenario: "x"}},
		{"size", "the limit is", Plan{URL: "ws://localhost", Connections: 1, Size: 1<<30 + 1}},
		{"rate", "must be neither", Plan{URL: "ws://localhost", Connections: 1, Rate: -1}},
		{"takeover", "needs Deflate", Plan{URL: "ws://localhost", Connections: 1, Takeover: true}},
	}
	for _, tt := range tests {
		tt.p.Duration = time.Second
		if _, err := Run(context.Background(), tt.p); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestTarget(t *testing.T) {
	tests := []struct {
		url  string
		want target
	}{
		{"ws://example.com", target{false, "example.com", "example.com", "80", "/"}},
		{"wss://example.com/a?b=c", target{true, "example.com", "example.com", "443", "/a?b=c"}},
		{"ws://[::1]:81/x", target{false, "[::1]:81", "::1", "81", "/x"}},
	}
	for _, tt := range tests {
		if got, err := parseTarget(tt.url); got != tt.want || err != nil {
			t.Errorf("%s: %+v, %v", tt.url, got, err)
		}
	}
}
