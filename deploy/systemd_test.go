package deploy

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// everwire builds the command and returns its path.
func everwire(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "everwire")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "cmd", "everwire")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as docs/deployment.md has it for containers
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return binary
}

// unit returns the unit's settings.
func unit(t *testing.T) (text string, settings map[string]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("systemd", "everwire.service"))
	if err != nil {
		t.Fatal(err)
	}
	settings = map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			settings[name] = value
		}
	}
	return string(b), settings
}

func TestSystemdTakesTheUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		missing(t, "systemd-analyze is not installed")
	}
	text, _ := unit(t)
	text = strings.ReplaceAll(text, "/usr/local/bin/everwire", everwire(t))
	said, err := exec.Command("systemd-analyze", "verify", writeFile(t, t.TempDir(), "everwire.service", text)).CombinedOutput()
	if said = bytes.TrimSpace(said); err != nil || len(said) > 0 {
		t.Errorf("%v: %s", err, said)
	}
}

// TestEverwireServesAsTheUnitSays, behind nginx, until systemd stops it.
func TestEverwireServesAsTheUnitSays(t *testing.T) {
	nginx.find(t)
	_, settings := unit(t)
	command := strings.Fields(settings["ExecStart"])
	command[0] = everwire(t)
	at := freePorts(t, 1)[0]
	for i := range command {
		command[i] = strings.Replace(command[i], "127.0.0.1:8080", at, 1)
	}
	ours, err := run(t, nil, "listening", command...)
	if err != nil {
		t.Fatal(err)
	}
	p := nginx.front(t, backends{everwire: [2]string{at, at}, website: at})
	answer, err := p.browser(t).Get("https://ws.example.com/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %s", answer.Status)
	}
	c := p.dial(t, "wss://ws.example.com/echo", websocket.DialOptions{
		Header: http.Header{"Origin": {"https://ws.example.com"}}})
	wantEcho(t, c, websocket.Text, "hello")
	if err := ours.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Read(context.Background())
	if websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the connection ended by %v, want 1001", err)
	}
	await(t, "the end of everwire", ours.exited)
	if code := ours.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}
