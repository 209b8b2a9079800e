package cli

import (
	"strings"
	"testing"
)

// The server is found by the same flags, variables and file as it was started with.
func TestHealth(t *testing.T) {
	addr, end := serveWith(t)
	ask := func(args ...string) (status int, stderr string) {
		var out, errs buffer
		// A machine that is busy may take longer than the usual 3 s.
		status = Main(t.Context(), append([]string{"health", "--timeout", "1m"}, args...), &out, &errs)
		if out.String() != "" {
			t.Errorf("it says %q, and the exit status says it all", out.String())
		}
		return status, errs.String()
	}
	if status, stderr := ask("--addr", addr); status != exitOK || stderr != "" {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	t.Setenv("EVERWIRE_ADDR", addr)
	t.Setenv("EVERWIRE_METRICS", "127.0.0.1:9090") // is the server's business
	if status, stderr := ask(); status != exitOK || stderr != "" {
		t.Errorf("by a variable: exit status %d: %s", status, stderr)
	}
	end()
	want := "everwire: nothing listens at http://" + addr + "/readyz; is everwire serve running, with this --addr?\n"
	if status, stderr := ask(); status != exitFailed || stderr != want {
		t.Errorf("exit status %d, error output %q, want 1, %q", status, stderr, want)
	}
	if status, stderr := ask("--timeout", "soon"); status != exitUsage || !strings.Contains(stderr, "must be a duration") {
		t.Errorf("exit status %d, error output %q, want 2", status, stderr)
	}
}
