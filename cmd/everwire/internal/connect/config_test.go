package connect

import (
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestContradictions(t *testing.T) {
	url := Config{URL: "ws://a", Dial: &websocket.DialOptions{}}
	listen := Config{Listen: ":1", Accept: &websocket.AcceptOptions{}}
	tests := []struct {
		name   string
		base   Config
		change func(c *Config)
		want   string // "" for no contradiction
	}{
		{"a URL", url, func(*Config) {}, ""},
		{"listening", listen, func(*Config) {}, ""},
		{"neither", Config{}, func(*Config) {}, "give a URL to connect to"},
		{"both", url, func(c *Config) { c.Listen = ":1" }, "give one of them"},
		{"two to join", url, func(c *Config) { c.Exec, c.TCP = "a", "b:1" }, "give one of them"},
		{"TCP without a URL", listen, func(c *Config) { c.TCPListen = ":2" }, "--listen with --tcp"},
		{"TCP behind listening", listen, func(c *Config) { c.TCP, c.Keep = "a:1", true }, ""},
		{"keeping what is made", url, func(c *Config) { c.Keep = true }, "give --reconnect"},
		{"making again what has come", listen, func(c *Config) { c.Reconnect = true }, "give --keep"},
		{"TCP again", url, func(c *Config) { c.TCP, c.Reconnect = "a:1", true }, "leave it out"},
		{"a command again", url, func(c *Config) { c.Exec, c.Reconnect = "a", true }, ""},
		{"a message for a command", url, func(c *Config) { c.Exec, c.Messages = "a", []string{"x"} }, "which --exec"},
		{"waiting for a command's answers", url, func(c *Config) { c.Exec, c.Wait.Messages = "a", 1 }, "--wait and --expect are for"},
		{"expecting of TCP", url, func(c *Config) { c.TCP, c.Expect = "a:1", regexp.MustCompile("a") }, "--wait and --expect are for"},
		{"lines of TCP", url, func(c *Config) { c.TCP, c.Format = "a:1", Null }, "as they come"},
		{"the whole of a command", url, func(c *Config) { c.Exec, c.Format = "a", Whole }, "--whole"},
		{"a raw message", url, func(c *Config) { c.Messages, c.Format = []string{"a"}, Raw }, "leave --raw out"},
		{"a whole message", url, func(c *Config) { c.Messages, c.Format = []string{"a"}, WholeBinary }, "leave --whole out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.base
			tt.change(&c)
			err := c.Check()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
