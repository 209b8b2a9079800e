package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

// serveWith runs everwire serve until end is called, or to the end of the test. It returns its address, host:port.
func serveWith(t *testing.T, args ...string) (address string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	var stderr buffer
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...), stdout, &stderr)
		stdout.Close()
	}()
	end = sync.OnceFunc(func() {
		cancel()
		if status := <-ended; status != exitOK {
			t.Errorf("everwire serve ended with status %d:\n%s", status, stderr.String())
		}
	})
	t.Cleanup(end)
	line, _ := bufio.NewReader(out).ReadString('\n')
	go io.Copy(io.Discard, out)
	address = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		t.Fatalf("everwire serve says %q\n%s", line, stderr.String())
	}
	return address, end
}

// tokenFile returns a file with the operator's token.
func tokenFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAdmin(t *testing.T) {
	file := tokenFile(t)
	server, _ := serveWith(t, "--admin-token-file", file)
	admin := func(want int, args string, more ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs buffer
		all := append(append([]string{"admin"}, strings.Fields(args)...), more...)
		if got := Main(t.Context(), append(all, "--server", server), &out, &errs); got != want {
			t.Errorf("everwire %s: status %d, want %d\n%s%s", all, got, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	token := []string{"--token-file", file}

	c, err := websocket.Dial(t.Context(), "ws://"+server+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	if err := c.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}

	if out, _ := admin(exitOK, "list", token...); !regexp.MustCompile(`(?m)^1 +127\.0\.0\.1:\d+ +/echo .* 1 \(5 B\) `).MatchString(out) {
		t.Errorf("the list is\n%s", out)
	}
	if out, _ := admin(exitOK, "list nobody --sort -rtt", token...); strings.Count(out, "\n") != 1 {
		t.Errorf("the list of nobody is\n%s", out)
	}
	out, _ := admin(exitOK, "list --json", token...)
	var s status.Socket
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.ID != 1 {
		t.Errorf("%v: %s", err, out)
	}
	if out, _ := admin(exitOK, "stats"); !strings.Contains(out, "connections") {
		t.Errorf("the statistics are\n%s", out)
	}
	if _, errs := admin(exitFailed, "list"); errs != "everwire: there is no operator's token; give the file that the server was "+
		"started with by --token-file, or put it into the variable EVERWIRE_ADMIN_TOKEN\n" {
		t.Errorf("without a token: %q", errs)
	}

	var taps, notes buffer
	tapped := make(chan int, 1)
	go func() {
		tapped <- Main(t.Context(), append(token, "admin", "tap", "1", "--server", server), &taps, &notes)
	}()
	for s.Tapped = false; !s.Tapped; {
		out, _ := admin(exitOK, "list --json", token...)
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if out, _ := admin(exitOK, "close 1 --code 4001", append(token, "--reason", "log in again")...); out != "1 is closing with code 4001\n" {
		t.Errorf("closing says %q", out)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != 4001 {
		t.Errorf("the connection ended with %v", err)
	}
	if got := <-tapped; got != exitOK || !strings.Contains(taps.String(), "> close        FIN               14  4001 log in again\n") ||
		notes.String() != "closed with code 4001\n" { // which is the client's answer
		t.Errorf("tapping: status %d\n%s%s", got, taps.String(), notes.String())
	}
	if _, errs := admin(exitFailed, "close 1", token...); errs != "everwire: 1 was not closed: there is no such connection; it may have closed\n" {
		t.Errorf("closing it again says %q", errs)
	}
}

func TestAdminByTheVariable(t *testing.T) {
	t.Setenv(status.TokenVariable, "0123456789abcdef")
	server, _ := serveWith(t)
	var out, errs buffer
	if got := Main(t.Context(), []string{"admin", "list", "--server", server}, &out, &errs); got != exitOK {
		t.Errorf("status %d\n%s%s", got, out.String(), errs.String())
	}
	t.Setenv(status.TokenVariable, "fedcba9876543210")
	if got := Main(t.Context(), []string{"admin", "list", "--server", server}, &out, &errs); got != exitFailed ||
		!strings.Contains(errs.String(), "that is not the operator's token") {
		t.Errorf("with another: status %d\n%s", got, errs.String())
	}
}

func TestAdminUsage(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"no such command", "admin lst", `unknown command "lst"`},
		{"nobody to close", "admin close", "requires at least 1 arg"},
		{"no number", "admin close seventeen", `"seventeen" is no ID; everwire admin list shows them`},
		{"below the first", "admin tap 0", `"0" is no ID`},
		{"two to tap", "admin tap 1 2", "accepts 1 arg"},
		{"a code for no frame", "admin close 1 --code 1006", "code must be one that a Close frame may have"},
		{"a code that wraps", "admin close 1 --code 66536", "code must be one that a Close frame may have"},
		{"a long reason", "admin close 1 --reason " + strings.Repeat("x", 124), "at most 123 octets"},
		{"no order", "admin list --sort token", "must be id, -id, address"},
		{"no limit", "admin list --limit -1", "limit must not be negative"},
		{"no time", "admin list --timeout 0s", "timeout must be more than 0"},
		{"no frames", "admin tap 1 -n -1", "frames must not be negative"},
		{"no token", "admin list --token-file /does/not/exist", "cannot read the operator's token"},
		{"a token on the command line", "admin list --token secret", "unknown flag: --token"},
		{"serve with no token", "serve --admin-token-file /does/not/exist", "cannot read the operator's token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs buffer
			got := Main(t.Context(), strings.Fields(tt.args), &out, &errs)
			if line, _, _ := strings.Cut(errs.String(), "\n"); got != exitUsage || !strings.Contains(line, tt.want) || out.String() != "" {
				t.Errorf("status %d, %q, want 2 and %q", got, errs.String(), tt.want)
			}
		})
	}
}
