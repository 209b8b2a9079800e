package cli

import (
	"net"
	"strings"
	"testing"
)

func TestExitStatus(t *testing.T) {
	inUse, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()

	tests := []struct {
		name, args     string
		status         int
		stdout, stderr string // what they begin with; empty if nothing is to be written
	}{
		{"nothing", "", 0, "Everwire is", ""},
		{"help", "--help", 0, "Everwire is", ""},
		{"help of a command", "serve --help", 0, "Serve the demos", ""},
		{"help of a command, otherwise", "help serve", 0, "Serve the demos", ""},
		{"version", "--version", 0, "everwire version ", ""},
		{"unknown command", "serv", 2, "", `everwire: unknown command "serv" for "everwire"`},
		{"unknown flag", "--none", 2, "", "everwire: unknown flag: --none\nRun \"everwire --help\" for usage.\n"},
		{"unknown flag of a command", "serve --none", 2, "",
			"everwire: unknown flag: --none\nRun \"everwire serve --help\" for usage.\n"},
		{"argument too many", "serve here", 2, "", `everwire: unknown command "here" for "everwire serve"`},
		{"flag without its value", "serve --addr", 2, "", "everwire: flag needs an argument: --addr\n"},
		{"bad value", "serve --addr here", 2, "", `everwire: invalid argument "here" for "--addr" flag: must be host:port`},
		{"contradiction", "serve --tls-self-signed --tls-key key.pem", 2, "",
			"everwire: tls-self-signed makes a certificate and"},
		{"port in use", "serve --addr " + inUse.Addr().String(), 1, "",
			"everwire: cannot listen on " + inUse.Addr().String() + ": another program uses this port; stop that one, or " +
				"choose another port with --addr (--addr 127.0.0.1:0 takes any that is free)\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr buffer
			status := Main(t.Context(), strings.Fields(tt.args), &stdout, &stderr)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			for _, out := range []struct{ name, got, want string }{
				{"output", stdout.String(), tt.stdout},
				{"error output", stderr.String(), tt.stderr},
			} {
				if !strings.HasPrefix(out.got, out.want) || out.want == "" && out.got != "" {
					t.Errorf("%s %q, want it to begin with %q", out.name, out.got, out.want)
				}
			}
			if tt.status == exitFailed && strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("%q is not one line", stderr.String())
			}
		})
	}
}
