package load

import (
	"context"
	"math"
	"net/http"
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
		{"rate without end", "ConnectRate is +Inf", Plan{URL: "ws://localhost", Connections: 1, ConnectRate: math.Inf(1)}},
		{"two rates", "set one", Plan{URL: "ws://localhost", Connections: 1, Rate: 1, RatePerConnection: 1}},
		{"rate per connection that holds", "is for the scenario echo", Plan{URL: "ws://localhost", Connections: 1, Scenario: Idle, RatePerConnection: 1}},
		{"connect rate of handshakes", "its Rate says", Plan{URL: "ws://localhost", Connections: 1, Scenario: Handshake, ConnectRate: 1}},
		{"negative time", "Reopen is -1ns", Plan{URL: "ws://localhost", Connections: 1, Reopen: -1}},
		{"broadcast reopened", "not for Broadcast", Plan{URL: "ws://localhost", Connections: 1, Scenario: Broadcast, Reopen: 1}},
		{"broadcast in stages", "Stages are for", Plan{URL: "ws://localhost", Connections: 1, Scenario: Broadcast, Stages: upAndDown}},
		{"interval", "at least 1ms", Plan{URL: "ws://localhost", Connections: 1, Interval: 1}},
		{"negative stage", "stage 2 goes to -1", Plan{URL: "ws://localhost", Stages: []Stage{{1, 1}, {1, -1}}}},
		{"stages for nothing", "ask for no connection", Plan{URL: "ws://localhost", Stages: []Stage{{1, 0}}}},
		{"stages of no time", "take no time", Plan{URL: "ws://localhost", Stages: []Stage{{0, 1}}}},
		{"stages and another duration", "leave it out", Plan{URL: "ws://localhost", Stages: []Stage{{time.Minute, 1}}}},
		{"two messages", "set one", Plan{URL: "ws://localhost", Connections: 1, Payload: []byte{}, Template: "x"}},
		{"broadcast of a template", "are for the scenarios", Plan{URL: "ws://localhost", Connections: 1, Scenario: Broadcast, Template: "x"}},
		{"expectation", "must be exact, any or none", Plan{URL: "ws://localhost", Connections: 1, Expect: "x"}},
		{"broadcast of anything", "can only be exact", Plan{URL: "ws://localhost", Connections: 1, Scenario: Broadcast, Expect: ExpectAny}},
		{"field's name", "not the name", Plan{URL: "ws://localhost", Connections: 1, Header: http.Header{"A B": {"x"}}}},
		{"field's value", "not a value", Plan{URL: "ws://localhost", Connections: 1, Header: http.Header{"A": {"x\r\nB: y"}}}},
		{"own field", "handshake's own", Plan{URL: "ws://localhost", Connections: 1, Header: http.Header{"sec-websocket-key": {"x"}}}},
		{"subprotocol's field", "made from Subprotocols", Plan{URL: "ws://localhost", Connections: 1, Header: http.Header{"Sec-WebSocket-Protocol": {"x"}}}},
		{"subprotocol", "not a subprotocol's name", Plan{URL: "ws://localhost", Connections: 1, Subprotocols: []string{"a,b"}}},
		{"origin", "not an origin", Plan{URL: "ws://localhost", Connections: 1, Origin: "a\nb"}},
		{"two origins", "set twice", Plan{URL: "ws://localhost", Connections: 1, Origin: "a", Header: http.Header{"Origin": {"b"}}}},
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
		{"ws://example.com", target{false, "example.com", "example.com", "80", "/", ""}},
		{"wss://example.com/a?b=c", target{true, "example.com", "example.com", "443", "/a?b=c", ""}},
		{"ws://[::1]:81/x", target{false, "[::1]:81", "::1", "81", "/x", ""}},
		{"ws://joe:s%40cret@example.com/", target{false, "example.com", "example.com", "80", "/", "Basic am9lOnNAY3JldA=="}},
	}
	for _, tt := range tests {
		if got, err := parseTarget(tt.url); got != tt.want || err != nil {
			t.Errorf("%s: %+v, %v", tt.url, got, err)
		}
	}
}
