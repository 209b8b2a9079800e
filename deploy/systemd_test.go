package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// everwire builds the command, once, and returns its path.
func everwire(t *testing.T) string {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(binaries, "everwire")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "cmd", "everwire")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as container/Containerfile has it
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return binary, nil
})

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

// offered is a setting that stands in a comment.
var offered = regexp.MustCompile(`(?m)^#([A-Z][A-Za-z]+=)`)

// units writes all units into a folder, with a program that there is, and returns their paths. All is with what they offer in comments.
func units(t *testing.T, all bool) (paths []string) {
	t.Helper()
	committed, err := filepath.Glob("systemd/everwire*.s*")
	if err != nil || len(committed) != 3 {
		t.Fatalf("%q, %v", committed, err)
	}
	dir, binary := t.TempDir(), everwire(t)
	for _, file := range committed {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		adapted := strings.ReplaceAll(string(text), "/usr/local/bin/everwire", binary)
		if all {
			adapted = offered.ReplaceAllString(adapted, "$1")
		}
		paths = append(paths, writeFile(t, dir, filepath.Base(file), adapted))
	}
	return paths
}

func analyze(t *testing.T, args ...string) (said []byte, err error) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		missing(t, "systemd-analyze is not installed")
	}
	said, err = exec.Command("systemd-analyze", args...).CombinedOutput()
	return bytes.TrimSpace(said), err
}

func TestSystemdTakesTheUnits(t *testing.T) {
	for name, all := range map[string]bool{"as they are": false, "with all they offer": true} {
		t.Run(name, func(t *testing.T) {
			if said, err := analyze(t, append([]string{"verify"}, units(t, all)...)...); err != nil || len(said) > 0 {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

// TestEverwireTakesTheVariablesForACluster that the unit reads from a file, those in comments too.
func TestEverwireTakesTheVariablesForACluster(t *testing.T) {
	text, settings := unit(t)
	if settings["StateDirectory"] != "everwire" {
		t.Error("there is no folder for what a node keeps")
	}
	variables, err := os.ReadFile(filepath.Join("systemd", "cluster.env"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "#EnvironmentFile=/etc/everwire/cluster.env\n") || !strings.Contains(string(variables), "/etc/everwire/cluster.env") {
		t.Error("the unit does not name the file")
	}
	given := regexp.MustCompile(`(?m)^#?(EVERWIRE_[A-Z_]+)=\S+$`).FindAllStringSubmatch(string(variables), -1)
	given = append(given, regexp.MustCompile(`(?m)^#Environment=(EVERWIRE_[A-Z_]+)=\S+$`).FindAllStringSubmatch(text, -1)...)
	help, err := exec.Command(everwire(t), "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	// It looks at all of them before it looks for the certificate, which is not there.
	cmd := exec.Command(everwire(t), "serve", "--tls-cert", "none", "--tls-key", "none")
	cmd.Env = []string{} // not this process's
	for _, v := range given {
		flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(v[1], "EVERWIRE_"), "_", "-"))
		if !strings.Contains(string(help), " "+flag+" ") {
			t.Errorf("there is no flag %s", flag)
		}
		if v[1] != "EVERWIRE_ADMIN_TOKEN_FILE" { // which is read at once
			cmd.Env = append(cmd.Env, strings.TrimPrefix(strings.TrimPrefix(v[0], "#"), "Environment="))
		}
	}
	if len(cmd.Env) < 4 {
		t.Errorf("only %q", cmd.Env)
	}
	if said, err := cmd.CombinedOutput(); !strings.HasPrefix(string(said), "everwire: cannot serve over TLS: ") {
		t.Errorf("%v: %s", err, said)
	}
}

// By systemd's own marks, from 0 to 10, where less is better and most services have more than 9.
func TestSystemdFindsTheServiceHardened(t *testing.T) {
	_, settings := unit(t)
	if settings["User"] != "" || settings["DynamicUser"] != "yes" {
		t.Error("it has a user")
	}
	for _, path := range units(t, true) {
		if filepath.Ext(path) != ".service" {
			continue
		}
		if said, err := analyze(t, "security", "--offline=true", "--threshold=15", "--no-pager", path); err != nil {
			t.Errorf("%v: more than 1.5:\n%s", err, said)
		}
	}
}

// onFreePorts starts a program on two ports, and on others if one of them is taken meanwhile.
func onFreePorts(t *testing.T, start func(at []string) (*process, error)) ([]string, *process) {
	t.Helper()
	for range 5 {
		at := freePorts(t, 2)
		p, err := start(at)
		if err == nil {
			return at, p
		}
		if !errors.Is(err, errInUse) {
			t.Fatal(err)
		}
	}
	t.Fatal("every time a port was in use")
	return nil, nil
}

// TestEverwireTakesSystemdsSockets that are passed by systemd's own program.
func TestEverwireTakesSystemdsSockets(t *testing.T) {
	if _, err := exec.LookPath("systemd-socket-activate"); err != nil {
		missing(t, "systemd-socket-activate is not installed")
	}
	binary := everwire(t)
	at, _ := onFreePorts(t, func(at []string) (*process, error) { // "as 4" is the second
		return run(t, nil, "as 4.", "systemd-socket-activate", "--listen="+at[0], "--listen="+at[1],
			"--fdname=everwire.socket:metrics", binary, "serve")
	})
	c, err := websocket.Dial(context.Background(), "ws://"+at[0]+"/echo", nil) // the server starts now
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	wantEcho(t, c, websocket.Text, "hello")
	answer, err := http.Get("http://" + at[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("/metrics: %s", answer.Status)
	}
}

// TestEverwireServesAsTheUnitSays, behind nginx, until systemd stops it.
func TestEverwireServesAsTheUnitSays(t *testing.T) {
	nginx.find(t)
	_, settings := unit(t)
	command := strings.Fields(settings["ExecStart"])
	command[0] = everwire(t)
	free, ours := onFreePorts(t, func(free []string) (*process, error) {
		here := slices.Clone(command)
		for i := range here {
			here[i] = strings.Replace(here[i], "127.0.0.1:8080", free[0], 1)
			here[i] = strings.Replace(here[i], "127.0.0.1:9090", free[1], 1)
		}
		return run(t, nil, `"listening"`, here...)
	})
	at := free[0]
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
