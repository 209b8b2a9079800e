//go:build unix

package cli

import (
	"bufio"
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// proxying runs "everwire proxy" as a program of its own, and returns the URL that it is at.
func proxying(t *testing.T, out *buffer, args ...string) (cmd *exec.Cmd, url string) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], append([]string{"proxy", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stdout = out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 2 {
		t.Fatalf("it says %q, %v", line, err)
	}
	return cmd, words[1]
}

// TestASessionIsRecordedAndPlayedAgain is what docs/inspecting.md begins with.
func TestASessionIsRecordedAndPlayedAgain(t *testing.T) {
	target := echo(t)
	for _, row := range []struct {
		name   string
		signal os.Signal
		args   []string
	}{
		{"ws", os.Interrupt, nil},
		{"wss", syscall.SIGTERM, []string{"--tls-self-signed"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "session.jsonl")
			var shown buffer
			proxy, url := proxying(t, &shown, append([]string{target, "-vv", "--record", file}, row.args...)...)
			opts := &websocket.DialOptions{Proxy: websocket.NoProxy, TLSConfig: insecure(t)}
			c, err := websocket.Dial(t.Context(), url+"/room?token=x", opts)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Terminate()
			if err := c.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, data, err := c.Read(t.Context()); err != nil || string(data) != "hello" {
				t.Fatalf("got %q, %v", data, err)
			}
			proxy.Process.Signal(row.signal)
			if status := exitStatus(t, proxy); status.ExitStatus() != 0 {
				t.Errorf("it ended with %v", status)
			}
			for _, want := range []string{"#1 > GET /room?… HTTP/1.1\n", "#1 → text 5 fin mask=", "#1 ← text 5 fin \"hello\"\n", "#1 closed after "} {
				if !strings.Contains(shown.String(), want) {
					t.Errorf("there is no %q in\n%s", want, shown.String())
				}
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the recording is %v, %v", info, err)
			}

			var stdout, stderr buffer
			if status := Main(t.Context(), []string{"replay", file, target, "--compare", "--fast"}, &stdout, &stderr); status != 0 {
				t.Errorf("replay: status %d\n%s%s", status, stdout.String(), stderr.String())
			}
			if !strings.HasSuffix(stdout.String(), "#1 GET /room?…: sent 1 of 1 frame, 1 message came\n1 connection replayed, no differences\n") {
				t.Errorf("replay says\n%s", stdout.String())
			}
			said, _ := greeting(t, false)
			stdout, stderr = buffer{}, buffer{}
			if status := Main(t.Context(), []string{"replay", file, said, "--compare", "--fast"}, &stdout, &stderr); status != 1 ||
				!strings.Contains(stdout.String(), `message 2 is more than was recorded: text 11 "hello again"`) ||
				stderr.String() != "everwire: what came back differs from the recording\n" {
				t.Errorf("another server: status %d\n%s%s", status, stdout.String(), stderr.String())
			}
		})
	}
}

func TestARecordingOnStandardOutput(t *testing.T) {
	var out buffer
	proxy, url := proxying(t, &out, echo(t), "--record", "-")
	c, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Proxy: websocket.NoProxy})
	if err != nil {
		t.Fatal(err)
	}
	c.Close(websocket.CloseNormal, "")
	proxy.Process.Signal(os.Interrupt)
	if status := exitStatus(t, proxy); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, `{"type":`) {
			t.Errorf("a line for people is there: %s", line)
		}
	}
	if !strings.Contains(out.String(), `"type":"close"`) {
		t.Errorf("the end is not recorded:\n%s", out.String())
	}
}

// insecure takes any certificate.
func insecure(t *testing.T) *tls.Config {
	t.Helper()
	config, err := clientTLS("", true)
	if err != nil {
		t.Fatal(err)
	}
	return config
}
