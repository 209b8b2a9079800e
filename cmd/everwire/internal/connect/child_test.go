package connect

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func needShell(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("/bin/sh"); err != nil {
		missing(t, "there is no /bin/sh")
	}
}

func TestExec(t *testing.T) {
	needShell(t)
	tests := []struct {
		name, command string
		serve         func(t *testing.T, c *websocket.Conn)
		status        int
		text          string
	}{
		{"lines both ways", `while read -r line; do echo "got $line"; done`, func(t *testing.T, c *websocket.Conn) {
			for _, text := range []string{"a", "b c"} {
				send(t, c, text)
				if got := receive(t, c); got != "got "+text {
					t.Errorf("received %q", got)
				}
			}
			c.Close(websocket.CloseNormal, "")
		}, 0, ""},
		{"the command ends", "echo one; echo two", func(t *testing.T, c *websocket.Conn) {
			if a, b := receive(t, c), receive(t, c); a != "one" || b != "two" {
				t.Errorf("received %q, %q", a, b)
			}
			if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseNormal {
				t.Errorf("it ended with %v", err)
			}
		}, 0, ""},
		{"the command fails", "exit 7", func(t *testing.T, c *websocket.Conn) { c.Read(t.Context()) }, Failed,
			"the command of --exec ended with exit status 7"},
		{"the command reads nothing", "exec <&-; echo ready; sleep 0.2", func(t *testing.T, c *websocket.Conn) {
			receive(t, c)
			send(t, c, "a")
			if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseNormal {
				t.Errorf("it ended with %v, want 1000 as it does when the command ends", err)
			}
		}, 0, ""},
		{"the command speaks on when nobody listens", "yes", func(t *testing.T, c *websocket.Conn) {
			receive(t, c)
			c.Close(websocket.CloseNormal, "")
		}, 0, ""},
		{"the environment", `echo "$EVERWIRE_URL $EVERWIRE_SUBPROTOCOL $EVERWIRE_REMOTE_ADDR"`, func(t *testing.T, c *websocket.Conn) {
			addr := c.LocalAddr().String()
			if got, want := receive(t, c), "ws://"+addr+"/  "+addr; got != want {
				t.Errorf("received %q, want %q", got, want)
			}
			c.Read(t.Context())
		}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(c *websocket.Conn) { tt.serve(t, c) })
			c := to(url, "this is not read")
			c.Exec, c.Err = tt.command, os.Stderr
			got := run(t.Context(), c)
			if got.status != tt.status || !strings.Contains(got.text, tt.text) || got.out != "" {
				t.Errorf("%+v, want status %d and %q", got, tt.status, tt.text)
			}
		})
	}
}

func TestExecForEachThatComes(t *testing.T) {
	needShell(t)
	l := listen(t, Config{Listen: "127.0.0.1:0", Keep: true, Exec: `while read -r line; do echo "$$ $line"; done`})
	a, b := dial(t, l.url, nil), dial(t, l.url, nil)
	send(t, a, "x")
	send(t, b, "x")
	if a, b := receive(t, a), receive(t, b); a == b {
		t.Errorf("both have the same process: %q", a)
	}
	a.Close(websocket.CloseNormal, "")
	l.stop()
	if _, _, err := b.Read(context.Background()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("at the end: %v", err)
	}
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}
