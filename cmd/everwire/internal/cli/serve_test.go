package cli

import (
	"bufio"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

var endpoint = regexp.MustCompile(`ws://[0-9.:]+/chat`)

// findEndpoint reads what serve writes until there is the chat's URL.
func findEndpoint(t *testing.T, stdout io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := endpoint.FindString(lines.Text()); url != "" {
			go io.Copy(io.Discard, stdout)
			return url
		}
	}
	t.Fatalf("no endpoint was written: %v", lines.Err())
	return ""
}

func TestServeUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, stdout := io.Pipe()
	var stderr buffer
	status := make(chan int, 1)
	go func() {
		status <- Main(ctx, strings.Fields("serve --addr 127.0.0.1:0 --log-format json"), stdout, &stderr)
		stdout.Close()
	}()

	c, err := websocket.Dial(t.Context(), findEndpoint(t, out), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	cancel()
	if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the connection ended with %v, want code 1001", err)
	}
	if got := <-status; got != exitOK {
		t.Errorf("exit status %d, want 0; error output\n%s", got, stderr.String())
	}
	for _, msg := range []string{
		`"msg":"listening"`, `"msg":"connected","conn":1`, `"msg":"closed","conn":1`, `"msg":"stopped"`,
	} {
		if !strings.Contains(stderr.String(), msg) {
			t.Errorf("the log has no %s:\n%s", msg, stderr.String())
		}
	}
}
