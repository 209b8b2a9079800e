package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/bench"
	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/load"
	"github.com/everwire/everwire/websocket"
)

// With a rate the window is no part of the load: messages that are due are sent. It is there to bound memory.
const (
	openLoopWindow      = mostInFlight
	openBroadcastWindow = 1 << 10
)

// soakReopen is when a soak replaces a connection that failed.
const soakReopen = time.Second

// config returns what the flags say, or an error if they contradict each other.
func (v *benchFlags) config(flags *pflag.FlagSet, stdin io.Reader, address string) (bench.Config, error) {
	c := bench.Config{Thresholds: v.thresholds, Outputs: v.outputs, Quiet: v.quiet, Soak: v.soak > 0}
	var err error
	if err = v.contradictions(flags.Changed); err != nil {
		return c, err
	}
	p := &c.Plan
	*p = load.Plan{
		Scenario: v.scenario(), Connections: v.connections, ConnectRate: v.connectRate, Rate: v.rate,
		RatePerConnection: v.perConn, InFlight: v.inFlight, Warmup: time.Duration(v.warmup),
		Duration: time.Duration(v.duration), Stages: v.stages, Reopen: time.Duration(v.reopen),
		Timeout: time.Duration(v.timeout), Loops: v.loops, Deflate: v.compress.word != "off",
		Takeover: v.compress.word == "takeover", Expect: load.Expectation(v.expect.word),
	}
	if p.URL, err = dialer.URL(address); err != nil {
		return c, err
	}
	if strings.HasPrefix(p.URL, "ws+unix:") {
		return c, errors.New("a Unix domain socket cannot be loaded; give a ws:// or wss:// URL")
	}
	if len(v.stages) > 0 {
		p.Duration = 0 // is that of the stages
		if !flags.Changed("connections") {
			p.Connections = 0
		}
	}
	if v.soak > 0 {
		p.Duration = time.Duration(v.soak)
		if p.Reopen == 0 && p.Scenario != load.Broadcast {
			p.Reopen = soakReopen
		}
	}
	if (v.rate > 0 || v.perConn > 0) && !flags.Changed("in-flight") {
		p.InFlight = openLoopWindow
		if v.broadcast {
			p.InFlight = openBroadcastWindow
		}
	}
	if err := v.message(&c, stdin); err != nil {
		return c, err
	}
	if p.Sources, err = v.sources.addresses(p); err != nil {
		return c, err
	}
	return c, v.dialed(&c)
}

func (v *benchFlags) scenario() load.Scenario {
	switch {
	case v.broadcast:
		return load.Broadcast
	case v.idle:
		return load.Idle
	case v.handshake:
		return load.Handshake
	}
	return load.Echo
}

// contradictions returns an error if flags do not go together.
func (v *benchFlags) contradictions(given func(string) bool) error {
	for _, group := range [][]string{
		{"broadcast", "idle", "handshake"},
		{"size", "data", "data-file", "template"},
		{"text", "binary"},
		{"rate", "rate-per-connection"},
		{"duration", "soak", "stages"},
	} {
		if got := slices.DeleteFunc(slices.Clone(group), func(name string) bool { return !given(name) }); len(got) > 1 {
			return fmt.Errorf("--%s and --%s contradict each other; give one of them", got[0], got[1])
		}
	}
	// What a scenario has no use for would be ignored, and whoever wrote it would be none the wiser.
	for _, scenario := range []struct {
		name    string
		on      bool
		without []string
		because string
	}{
		{"broadcast", v.broadcast, []string{"rate-per-connection"}, "only one connection sends, at --rate"},
		{"broadcast", v.broadcast, []string{"stages", "reopen", "expect", "template"}, "every connection must get what one has sent"},
		{"idle", v.idle, []string{"rate", "rate-per-connection", "in-flight", "expect"}, "it just holds the connections"},
		{"handshake", v.handshake, []string{"connect-rate"}, "--rate says how many handshakes a second"},
		{"handshake", v.handshake, []string{
			"rate-per-connection", "in-flight", "expect", "size", "data", "data-file", "template", "text", "binary",
		}, "it sends no messages"},
		{"handshake", v.handshake, []string{"stages"}, "its connections come and go anyway"},
	} {
		for _, name := range scenario.without {
			if scenario.on && given(name) {
				return fmt.Errorf("--%s has no use for --%s: %s", scenario.name, name, scenario.because)
			}
		}
	}
	switch {
	case v.duration <= 0 || given("soak") && v.soak <= 0:
		return errors.New("the run must take some time; --duration and --soak must be more than 0")
	case v.timeout <= 0:
		return errors.New("--timeout must be more than 0")
	case given("stages") && given("warmup") && !given("connections"):
		return errors.New("--stages begins with no connection that --warmup could warm up; give --connections to begin with")
	}
	return nil
}

// message says what is sent.
func (v *benchFlags) message(c *bench.Config, stdin io.Reader) error {
	p := &c.Plan
	p.Text = v.text
	c.Source = "random"
	switch {
	case v.template != "":
		c.Source, p.Text = "template", !v.binary
		p.Template = v.template
		if !strings.Contains(v.template, "{{") {
			text, err := os.ReadFile(v.template)
			if err != nil {
				return fmt.Errorf("--template: %w; a template that is not in a file has {{ in it", err)
			}
			p.Template = string(text)
		}
		return nil
	case v.data != "":
		c.Source, p.Text, p.Payload = "text", !v.binary, []byte(v.data)
	case v.dataFile == "-":
		text, err := io.ReadAll(io.LimitReader(stdin, 1<<30+1))
		if err != nil {
			return fmt.Errorf("--data-file: %w", err)
		}
		c.Source, p.Payload = "file", text
	case v.dataFile != "":
		text, err := os.ReadFile(v.dataFile)
		if err != nil {
			return fmt.Errorf("--data-file: %w", err)
		}
		c.Source, p.Payload = "file", text
	case v.size == 0:
		p.Payload = []byte{}
	default:
		p.Size = v.size
	}
	if p.Text && !utf8.Valid(p.Payload) {
		return errors.New("what is to be sent as text is not UTF-8; give --binary, or leave --text out")
	}
	if p.Payload == nil && c.Source == "file" {
		p.Payload = []byte{}
	}
	return nil
}

// dialed takes over what the flags of package dialer say.
func (v *benchFlags) dialed(c *bench.Config) error {
	o, err := v.dial.Options()
	if err != nil {
		return err
	}
	o.Proxy = websocket.NoProxy // the load goes straight to the server
	c.Dial = o
	p := &c.Plan
	p.TLS, p.Subprotocols, p.Header = o.TLSConfig, o.Subprotocols, o.Header.Clone()
	p.Origin = p.Header.Get("Origin")
	p.Header.Del("Origin")
	return nil
}

// host is that of a URL.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
