package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/cmd/everwire/internal/cluster"
	"github.com/everwire/everwire/cmd/everwire/internal/serve"
	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/hub"
)

// bound returns the flags of serve as they are given in args, the environment and the text of a file.
func bound(t *testing.T, args []string, env map[string]string, file string) (*serveFlags, string, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "everwire.toml")
	if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for k, v := range env {
		t.Setenv(k, v)
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	values := newServeFlags(flags)
	if file != "" {
		args = append(args, "--config", name)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return values, name, bind(flags)
}

func TestPrecedence(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  map[string]string
		file string
		want string
	}{
		{"default", nil, nil, ``, "127.0.0.1:8080"},
		{"file", nil, nil, `addr = "f:1"`, "f:1"},
		{"variable", nil, map[string]string{"EVERWIRE_ADDR": "e:1"}, ``, "e:1"},
		{"flag", []string{"--addr", "a:1"}, nil, ``, "a:1"},
		{"variable before file", nil, map[string]string{"EVERWIRE_ADDR": "e:1"}, `addr = "f:1"`, "e:1"},
		{"flag before file", []string{"--addr", "a:1"}, nil, `addr = "f:1"`, "a:1"},
		{"flag before variable", []string{"--addr", "a:1"}, map[string]string{"EVERWIRE_ADDR": "e:1"}, ``, "a:1"},
		{"flag before both", []string{"--addr", "a:1"}, map[string]string{"EVERWIRE_ADDR": "e:1"}, `addr = "f:1"`, "a:1"},
		{"flag with the default's value", []string{"--addr", "127.0.0.1:8080"}, nil, `addr = "f:1"`, "127.0.0.1:8080"},
		{"an empty variable is none", nil, map[string]string{"EVERWIRE_ADDR": ""}, `addr = "f:1"`, "f:1"},
		{"what is overridden may be wrong", []string{"--addr", "a:1"}, map[string]string{"EVERWIRE_ADDR": "?"},
			`addr = "?"`, "a:1"},
		{"other variables do not matter", nil, map[string]string{"EVERWIRE_NONE": "x", "ADDR": "x:1"}, ``, "127.0.0.1:8080"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, _, err := bound(t, tt.args, tt.env, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if got := values.addr.String(); got != tt.want {
				t.Errorf("addr %q, want %q", got, tt.want)
			}
		})
	}
}

// Each way to say everything comes to the same.
func TestEverySetting(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := serve.Config{
		Addr:            "[::1]:9000",
		TLSCert:         "cert.pem",
		TLSKey:          "key.pem",
		Origins:         []string{"example.com", "https://*.example.com"},
		ShutdownDelay:   5 * time.Second,
		ShutdownTimeout: 90 * time.Second,
		Metrics:         "127.0.0.1:9090",
		Pprof:           "[::1]:6060",
		AdminToken:      "0123456789abcdef",
		DrainWindow:     3 * time.Second,
		Rooms:           serve.Rooms{History: hub.History{Messages: 50, Age: time.Hour}},
		ChatNodes:       []string{"wss://a.example.com/chat", "ws://10.0.0.2:8080/chat"},
		Cluster: cluster.Config{
			Embedded: true, Addr: "10.0.0.1:7900", Peers: []string{"10.0.0.1:7900", "10.0.0.2:7900", "10.0.0.3:7900"},
			Store: "store", Clients: "10.0.0.1:4222", SecretFile: "secret", Relaxed: true, Replicas: 1,
		},
		Auth: serve.Auth{
			Mode: "jwt", Grace: time.Minute,
			JWT: auth.JWTOptions{
				SecretFile: "hs", PublicKeyFile: "pem", KeySetFile: "jwks", Issuer: "me", Audience: "you",
			},
			Limits: auth.Limits{
				ConnectionsPerUser: 5, RoomsPerConnection: 6, MembersPerRoom: 7, PublishesPerSecond: 2500, OctetsPerSecond: 65536,
				RoomPublishesPerSecond: 0.5,
			},
		},
		APIKeysFile: "keys", Webhook: "https://backend.example/events", WebhookSecretFile: "whsec",
		Shed: shed.Limits{Connections: 10000, Memory: 1536 << 20, Lag: 250 * time.Millisecond},
	}
	rooms := map[string]string{
		"chat-history": "50", "chat-history-age": "1h", "cluster": "true", "cluster-addr": "10.0.0.1:7900",
		"peers": "10.0.0.1:7900, 10.0.0.2:7900,10.0.0.3:7900", "cluster-store": "store", "cluster-clients": "10.0.0.1:4222", "cluster-secret-file": "secret",
		"durability": "relaxed", "auth": "jwt", "jwt-secret-file": "hs", "jwt-key-file": "pem", "jwks-file": "jwks", "jwt-issuer": "me",
		"jwt-audience": "you", "auth-grace": "1m", "api-keys-file": "keys", "webhook": "https://backend.example/events",
		"webhook-secret-file": "whsec", "user-connections": "5", "user-rate": "2.5k", "user-bandwidth": "64KiB", "connection-rooms": "6",
		"room-members": "7", "room-rate": "0.5", "max-connections": "10k", "shed-memory": "1.5GiB", "shed-lag": "250ms",
		"drain-window": "3s", "chat-nodes": "https://a.example.com, ws://10.0.0.2:8080/chat",
	}
	tests := []struct {
		name string
		args []string
		env  map[string]string
		file string
	}{
		{"flags", []string{"--addr", "[::1]:9000", "--tls-cert", "cert.pem", "--tls-key=key.pem", "--tls-self-signed=false",
			"--origin", "example.com", "--origin", "https://*.example.com", "--shutdown-timeout", "90s",
			"--shutdown-delay", "5s", "--metrics", "127.0.0.1:9090", "--pprof", "[::1]:6060", "--admin-token-file", token,
			"--log-format", "json", "--log-level", "warn"}, nil, ``},
		{"variables", nil, map[string]string{
			"EVERWIRE_ADDR":             "[::1]:9000",
			"EVERWIRE_TLS_CERT":         "cert.pem",
			"EVERWIRE_TLS_KEY":          "key.pem",
			"EVERWIRE_TLS_SELF_SIGNED":  "false",
			"EVERWIRE_ORIGIN":           "example.com, https://*.example.com",
			"EVERWIRE_SHUTDOWN_DELAY":   "5s",
			"EVERWIRE_SHUTDOWN_TIMEOUT": "1m30s",
			"EVERWIRE_METRICS":          "127.0.0.1:9090",
			"EVERWIRE_PPROF":            "[::1]:6060",
			"EVERWIRE_ADMIN_TOKEN_FILE": token,
			"EVERWIRE_LOG_FORMAT":       "json",
			"EVERWIRE_LOG_LEVEL":        "warn",
		}, ``},
		{"file", nil, nil, `
			addr = "[::1]:9000" # a comment
			tls-cert = "cert.pem"
			tls-key = 'key.pem'
			tls-self-signed = false
			origin = [
				"example.com",
				"https://*.example.com",
			]
			shutdown-delay = "5s"
			shutdown-timeout = "1m30s"
			metrics = "127.0.0.1:9090"
			pprof = "[::1]:6060"
			admin-token-file = "` + token + `"
			log-format = "json"
			log-level = "warn"
		`},
	}
	for name, value := range rooms {
		tests[0].args = append(tests[0].args, "--"+name+"="+value)
		tests[1].env["EVERWIRE_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = value
		tests[2].file += fmt.Sprintf("%s = %q\n", name, value)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, _, err := bound(t, tt.args, tt.env, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := values.serveConfig()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if values.logFormat.word != "json" || values.logLevel.word != "warn" {
				t.Errorf("log in %s from %s, want json from warn", &values.logFormat, &values.logLevel)
			}
		})
	}
}

// The table above must grow with the flags.
func TestEverySettingIsInTheTable(t *testing.T) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	newServeFlags(flags)
	n := 0
	flags.VisitAll(func(*pflag.Flag) { n++ })
	if n != 49 {
		t.Errorf("there are %d flags, and TestEverySetting knows 42, --config and those of what excludes others: four of nats, events-subject and auth-webhook", n)
	}
}

func TestConfigFromTheEnvironment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "everwire.toml")
	if err := os.WriteFile(name, []byte(`log-level = "error"`), 0o600); err != nil {
		t.Fatal(err)
	}
	values, _, err := bound(t, nil, map[string]string{"EVERWIRE_CONFIG": name}, ``)
	if err != nil || values.logLevel.word != "error" {
		t.Errorf("log level %s, error %v", &values.logLevel, err)
	}
}

// An error says where the mistake is and what is wrong: FILE is the file's name.
func TestBadSettings(t *testing.T) {
	env := func(name, value string) map[string]string { return map[string]string{name: value} }
	tests := []struct {
		name string
		env  map[string]string
		file string
		want string
	}{
		{"variable", env("EVERWIRE_LOG_LEVEL", "loud"), ``,
			`the variable EVERWIRE_LOG_LEVEL="loud": must be debug, info, warn or error`},
		{"variable, bool", env("EVERWIRE_TLS_SELF_SIGNED", "perhaps"), ``,
			`the variable EVERWIRE_TLS_SELF_SIGNED="perhaps": must be true or false`},
		{"variable, second of a list", env("EVERWIRE_ORIGIN", "example.com,https://example.com/path"), ``,
			`the variable EVERWIRE_ORIGIN="example.com,https://example.com/path": ` +
				`the origin pattern "https://example.com/path" goes on after the host and port, where an origin ends`},
		{"the first of two bad variables", map[string]string{"EVERWIRE_ADDR": "?", "EVERWIRE_LOG_LEVEL": "?"}, ``,
			`the variable EVERWIRE_ADDR="?": `},
		{"file", nil, "# first\n\naddr = \"here\"\n",
			`FILE:3: addr = "here": must be host:port, such as 127.0.0.1:8080, or :8080 for all of the machine's`},
		{"file, number for a duration", nil, "shutdown-timeout = 10",
			`FILE:1: shutdown-timeout = 10: must be a duration such as 10s, 500ms or 1m30s, or 0`},
		{"file, negative", nil, `shutdown-timeout = "-1s"`,
			`FILE:1: shutdown-timeout = "-1s": must be a duration such as 10s, 500ms or 1m30s, or 0`},
		{"file, fraction", nil, "shutdown-timeout = 1.5", `FILE:1: shutdown-timeout must be written in quotes`},
		{"file, list", nil, `log-format = ["text"]`, `FILE:1: log-format takes one value, not a list`},
		{"file, bad element", nil, "origin = [\n\"example.com\", \"a b\"]", `FILE:1: origin = "a b": the origin pattern "a b"`},
		{"file, list in a list", nil, `origin = [["example.com"]]`, `FILE:1: origin must be written in quotes`},
		{"file, table for a value", nil, "\n[addr]\n", `FILE:2: addr must be written in quotes`},
		{"unknown key", nil, "addr = \":1\"\nport = 80", `FILE:2: there is no setting port`},
		{"unknown key, quoted", nil, `"my port" = 80`, `FILE:1: there is no setting "my port"`},
		{"underscores", nil, `log_level = "info"`, `FILE:1: there is no setting log_level`},
		{"table", nil, "\n\n[serve]\naddr = \":1\"", `FILE:3: there is no setting serve`},
		{"table in a table", nil, "\n[serve.tls]\ncert = \"x\"", `FILE:2: there is no setting serve.tls`},
		{"dotted key", nil, "\nlog.level = \"info\"", `FILE:2: there is no setting log.level`},
		{"list of tables", nil, "\n[[serve]]\naddr = \":1\"", `FILE:2: there is no setting serve`},
		{"a file has no other file", nil, `config = "other.toml"`, `FILE:1: there is no setting config`},
		{"nor help", nil, `help = true`, `FILE:1: there is no setting help`},
		{"twice", nil, "addr = \":1\"\naddr = \":2\"", `FILE:2: Key 'addr' has already been defined`},
		{"no TOML", nil, "addr = \":1\"\naddr: 2\n", `FILE:2: `},
		{"ends in an escape", nil, "addr = \":1\"\n\nhttp = \"\\", `FILE:3: invalid escape`},
		{"bad escape behind new lines", nil, "addr = \"\"\"\n\n\\q\"\"\"", `FILE:3: invalid escape`},
		{"not UTF-8", nil, "addr = \"\xff\"", `FILE:1: `},
		{"no such file", env("EVERWIRE_CONFIG", "/none/everwire.toml"), ``,
			`cannot read the configuration: open /none/everwire.toml: `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, name, err := bound(t, nil, tt.env, tt.file)
			want := strings.ReplaceAll(tt.want, "FILE", name)
			if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

// A file is text from outside: whatever stands in it is a setting or an error.
func FuzzBindFile(f *testing.F) {
	for _, seed := range []string{
		``, `addr = ":1"`, "origin = [\"a\"]\n[x.y]\nz = 1", `a.b.c = {d = [1, {e = 2}]}`, "[[a.b]]\nc=1", `x = `, `"\`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "everwire.toml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		newServeFlags(flags)
		err := bindFile(flags, name)
		if err != nil && (!strings.HasPrefix(err.Error(), name+":") || strings.HasPrefix(err.Error(), name+":0")) {
			t.Errorf("no line is named: %v", err)
		}
	})
}
