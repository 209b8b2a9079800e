package connect

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// An other is somebody else's WebSocket.
type other struct {
	name           string
	server, client []string // commands; the client's lacks the URL
}

// others are node's ws and Python's websockets, as far as they are there.
func others(t *testing.T, f func(t *testing.T, o other)) {
	modules, err := filepath.Abs("../../../../interop")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("ws (Node)", func(t *testing.T) {
		node, err := exec.LookPath("node")
		if err != nil {
			missing(t, "node is not installed")
		}
		if _, err := os.Stat(filepath.Join(modules, "node_modules", "ws")); err != nil {
			missing(t, "interop/node_modules has no ws")
		}
		f(t, other{"ws", []string{node, "testdata/server.js", modules}, []string{node, "testdata/client.js", modules}})
	})
	t.Run("websockets (Python)", func(t *testing.T) {
		// The distribution's comes first: a python3 that is earlier in the PATH may be another, without its packages.
		for _, python := range []string{"/usr/bin/python3", "python3"} {
			if exec.Command(python, "-c", "import websockets.legacy.server").Run() == nil {
				f(t, other{"websockets", []string{python, "-B", "testdata/server.py"}, []string{python, "-B", "testdata/client.py"}})
				return
			}
		}
		missing(t, "there is no python3 that can import websockets")
	})
}

// missing skips a test, or fails it where all must run.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("EVERWIRE_TEST_ALL") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// start runs a program until its input ends, with the test, and returns its output.
func start(t *testing.T, command []string) *bufio.Reader {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		io.Copy(io.Discard, stdout)
		cmd.Wait()
	})
	return bufio.NewReader(stdout)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	text, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

func TestOtherServers(t *testing.T) {
	others(t, func(t *testing.T, o other) {
		url := "ws://127.0.0.1:" + line(t, start(t, o.server))
		big := strings.Repeat("x", 1<<20)
		tests := []struct {
			name, path, input string
			change            func(c *Config)
			out               string
			status            int
			text              string
		}{
			{"lines", "/", "a\n\nb\n" + big + "\n", nil, "a\n\nb\n" + big + "\n", 0, ""},
			{"lengths", "/", "\x00\x00\x00\x02\xff\x00", func(c *Config) { c.Format = Prefixed }, "\x00\x00\x00\x02\xff\x00", 0, ""},
			{"uncompressed", "/", "a\n", func(c *Config) { c.Dial.Compression.Disabled = true }, "a\n", 0, ""},
			{"with takeover", "/", "a\n", func(c *Config) {
				c.Dial.Compression = websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext, Threshold: -1}
			}, "a\n", 0, ""},
			{"a subprotocol", "/", "a\n", func(c *Config) { c.Dial.Subprotocols = []string{"chat"} }, "a\n", 0, ""},
			{"closed with a code", "/", "a\n/close\n", func(c *Config) { c.CloseAfterInput = false }, "a\n", Abnormal,
				`the peer closed the connection: 4001`},
			{"cut", "/", "/die\n", func(c *Config) { c.CloseAfterInput = false }, "", Abnormal, "the connection broke off: "},
			{"refused", "/private", "", nil, "", Refused, "the server wants to know who you are (401 Unauthorized"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				c := to(url+tt.path, tt.input)
				c.CloseAfterInput = true
				if tt.change != nil {
					tt.change(&c)
				}
				// A server that has our Close frame need not answer any more.
				if c.CloseAfterInput && tt.status == 0 {
					c.CloseAfterInput, c.Wait.Messages = false, max(strings.Count(tt.input, "\n"), 1)
				}
				got := run(t.Context(), c)
				if got.out != tt.out || got.status != tt.status || !strings.Contains(got.text, tt.text) {
					t.Errorf("status %d %s, output %.100q; want %d %s, %.100q", got.status, got.text, got.out, tt.status, tt.text, tt.out)
				}
			})
		}
	})
}

func TestOtherClients(t *testing.T) {
	others(t, func(t *testing.T, o other) {
		l := listen(t, Config{Listen: "127.0.0.1:0", CloseAfterInput: true})
		client := start(t, append(o.client, l.url))
		l.out.await(t, "hello\n")
		io.WriteString(l.in, "how are you?\n")
		if got := line(t, client); got != "how are you?" {
			t.Errorf("it received %q", got)
		}
		l.in.Close()
		if got := line(t, client); got != "closed 1000" {
			t.Errorf("it ended with %q", got)
		}
		if got := <-l.ended; got.status != 0 {
			t.Errorf("%+v", got)
		}
	})
}
