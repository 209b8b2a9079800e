package bench

import (
	"net/url"
	"runtime"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// settings are what the report says about the plan.
func (c *Config) settings() Settings {
	p := &c.Plan
	s := Settings{
		URL: shownURL(p.URL), Scenario: p.Scenario, Connections: p.Connections, ConnectRate: p.ConnectRate, Rate: p.Rate,
		PerConnection: p.RatePerConnection, InFlight: p.InFlight, Size: p.Size, Source: c.Source, Text: p.Text,
		Compress: "off", Expect: p.Expect, Stages: p.Stages, Warmup: p.Warmup, Duration: p.Duration, Reopen: p.Reopen,
		Soak: c.Soak, Loops: p.Loops,
	}
	if p.Payload != nil {
		s.Size = len(p.Payload)
	}
	if p.Deflate {
		s.Compress = "no-takeover"
	}
	if p.Takeover {
		s.Compress = "takeover"
	}
	if len(p.Stages) > 0 {
		s.Duration = length(p.Stages)
		s.Connections = max(s.Connections, most(p.Stages))
	}
	if s.Scenario == "" {
		s.Scenario = load.Echo
	}
	if runtime.GOOS != "linux" || strings.HasPrefix(p.URL, "wss:") {
		s.Loops = 0 // each connection has its goroutines
	}
	return s
}

// shownURL is a URL without what may be secret in it: user, password and query.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?" // Run refuses it
	}
	u.User = nil
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.String()
}
