package cli

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/websocket"
)

// echo returns the URL of a server that sends every message back.
func echo(t *testing.T) string {
	t.Helper()
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	front := httptest.NewServer(&srv)
	t.Cleanup(func() {
		front.Close()
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return "ws" + strings.TrimPrefix(front.URL, "http")
}

func TestConnectStatus(t *testing.T) {
	url := echo(t)
	var mute websocket.Server
	defer mute.Close()
	silence := httptest.NewServer(&mute)
	defer silence.Close()
	tests := []struct {
		name, args     string
		status         int
		stdout, stderr string // the first is all of it, the second what it begins with
	}{
		{"answers", "URL -m a -m b --wait 2", 0, "a\nb\n", ""},
		{"by http", "HTTP -m a --wait 1", 0, "a\n", ""},
		{"closing after the input", "URL -m a -n", 0, "a\n", ""},
		{"octets 0", "URL -m a -0 -n", 0, "a\x00", ""},
		{"lengths", "URL -m a --binary -n", 0, "\x00\x00\x00\x01a", ""},
		{"as expected", "URL -m abc --expect ^a.c$", 0, "abc\n", ""},
		{"compressed in every way", "URL -m a -n --compress takeover,client-window=9,server-window=9,threshold=0,level=9", 0, "a\n", ""},
		{"not as expected", "URL -m abc --expect b$ -n", 6, "abc\n", "everwire: no message matched \"b$\" (of 1) before the connection was closed: 1000"},
		{"in time", "MUTE -m a --wait 2 --timeout 100ms", 5, "", "everwire: --timeout passed: 0 of 2 messages came\n"},
		{"nobody there", "ws://127.0.0.1:1 -n -m a", 3, "", "everwire: 127.0.0.1:1 refused the connection: nothing listens there; "},
		{"no URL", "", 2, "", "everwire: give a URL to connect to, such as ws://localhost:8080/echo, or --listen to wait for a connection\nRun "},
		{"two URLs", "URL URL", 2, "", "everwire: accepts at most 1 arg(s), received 2\n"},
		{"no URL of ours", "ftp://a", 2, "", `everwire: a URL of scheme "ftp" is no WebSocket's; it begins with ws:// or wss://`},
		{"a bad regular expression", "URL --expect (", 2, "", `everwire: invalid argument "(" for "--expect" flag: is not a regular expression: missing closing )`},
		{"a bad wait", "URL --wait soon", 2, "", `everwire: invalid argument "soon" for "--wait" flag: must be a number of messages`},
		{"a bad address", "--listen here", 2, "", "everwire: --listen must be host:port"},
		{"two formats", "URL -0 --binary", 2, "", "everwire: -0, --binary, --raw and --whole each say"},
		{"a contradiction", "URL --keep", 2, "", "everwire: --keep is for --listen"},
		{"a bad field", "URL -H x", 2, "", "everwire: -H: a field must be written as 'Name: value'"},
		{"a client's flag for listening", "--listen :0 --bearer x", 2, "", "everwire: --bearer is for connections that are made, not for --listen"},
		{"a bad origin for listening", "--listen :0 --origin http://", 2, "", "everwire: --origin: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := strings.Fields(strings.NewReplacer("URL", url, "HTTP", "http"+strings.TrimPrefix(url, "ws"), "MUTE", silence.URL).Replace(tt.args))
			var stdout, stderr buffer
			status := Main(t.Context(), append([]string{"connect"}, args...), &stdout, &stderr)
			if status != tt.status || stdout.String() != tt.stdout || !strings.HasPrefix(stderr.String(), tt.stderr) {
				t.Errorf("status %d, output %q, error output %q; want %d, %q, %q",
					status, stdout.String(), stderr.String(), tt.status, tt.stdout, tt.stderr)
			}
			if tt.stderr == "" && stderr.String() != "" || status > 2 && strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("error output %q", stderr.String())
			}
		})
	}
}

// Every flag is in a group of the help, and every group in the examples.
func TestConnectHelp(t *testing.T) {
	cmd := newConnect()
	usage := cmd.UsageString()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !strings.Contains(usage, "--"+f.Name+" ") {
			t.Errorf("--%s is not in the help", f.Name)
		}
	})
	for _, group := range new(connectFlags).register() {
		shown := false
		group.flags.VisitAll(func(f *pflag.Flag) {
			shown = shown || strings.Contains(cmd.Example, "--"+f.Name) || f.Shorthand != "" && strings.Contains(cmd.Example, " -"+f.Shorthand)
		})
		if !shown {
			t.Errorf("the examples have nothing of %q", group.title)
		}
	}
	for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
		if len(line) > 105 {
			t.Errorf("%q is too long", line)
		}
	}
}

func TestConnectCompletion(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", "ws://"},
		{"--compress ", "no-takeover"},
		{"--compress takeover,client-w", "takeover,client-window=8"},
		{"--binary-as ", "hex"},
		{"--color ", "always"},
		{"--wait ", "500ms"},
		{"--proxy ", "socks5://"},
		{"--listen ", "127.0.0.1:9000"},
		{"--max-message-size ", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr buffer
			args := append([]string{"__complete", "connect"}, strings.Split(tt.args, " ")...)
			if status := Main(t.Context(), args, &stdout, &stderr); status != 0 {
				t.Fatalf("status %d: %s", status, stderr.String())
			}
			if words := strings.Split(stdout.String(), "\n"); !slices.Contains(words, tt.want) {
				t.Errorf("%q, want %s among them", words, tt.want)
			}
		})
	}
}
