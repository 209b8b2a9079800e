package inspect

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// missing skips a test whose software is not there; if EVERWIRE_TEST_ALL is set it fails.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// node returns a command that runs a script with ws for Node.
func node(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	modules, err := filepath.Abs("../../../../interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "ws")); err != nil {
		missing(t, "interop/node_modules has no ws: run make tools")
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-e", script}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stderr = t.Output()
	return cmd
}

// python returns a command that runs a script with websockets for Python.
func python(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import websockets").Run() == nil {
			cmd := exec.CommandContext(t.Context(), name, append([]string{"-c", script}, args...)...)
			cmd.Stderr = t.Output()
			return cmd
		}
	}
	missing(t, "there is no python3 that can import websockets")
	return nil
}

// Servers echo, compressed, and write their port. Clients send a text at a URL, read it back, close with 4001 and
// write it.
const (
	nodeServer = `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } }, () => console.log(s.address().port));
s.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));`
	nodeClient = `const WebSocket = require('ws');
const ws = new WebSocket(process.argv[1], { perMessageDeflate: { threshold: 0 } });
ws.on('open', () => ws.send('hello '.repeat(100)));
ws.on('message', (data) => { console.log(String(data)); ws.close(4001, 'enough'); });
ws.on('error', (e) => { console.log(e.message); process.exit(1); });`
	pythonServer = `
import asyncio
from websockets.legacy.server import serve
async def echo(ws, path=None):
    async for m in ws:
        await ws.send(m)
async def main():
    s = await serve(echo, "127.0.0.1", 0)
    print(s.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()
asyncio.run(main())`
	pythonClient = `
import asyncio, sys
from websockets.legacy.client import connect
async def main():
    async with connect(sys.argv[1]) as ws:
        await ws.send("hello " * 100)
        print(await ws.recv(), flush=True)
        await ws.close(4001, "enough")
asyncio.run(main())`
)

func TestOtherPeoplesServersBehindTheProxy(t *testing.T) {
	for _, row := range []struct {
		name   string
		server func(*testing.T) *exec.Cmd
	}{
		{"ws for Node", func(t *testing.T) *exec.Cmd { return node(t, nodeServer) }},
		{"websockets for Python", func(t *testing.T) *exec.Cmd { return python(t, pythonServer) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := row.server(t)
			out, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				server.Process.Kill()
				server.Wait()
			}()
			port, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			target := "ws://127.0.0.1:" + strings.TrimSpace(port)
			r := start(t, target, nil)
			d := dialing()
			d.Compression.Threshold = -1
			c, err := websocket.Dial(t.Context(), r.url+"/any", d)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(c.Extensions(), "permessage-deflate") {
				t.Errorf("the extensions are %q", c.Extensions())
			}
			for range 3 {
				echoes(t, c, websocket.Text, []byte(strings.Repeat("hello ", 100)))
			}
			if err := c.Close(4001, "enough"); err != nil {
				t.Error(err)
			}
			r.stop()
			said, err := replay(t, r.recorded.String(), target, nil)
			if err != nil || !strings.HasSuffix(said, "1 connection replayed, no differences\n") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

func TestOtherPeoplesClientsAtTheProxy(t *testing.T) {
	for _, row := range []struct {
		name   string
		client func(t *testing.T, url string) *exec.Cmd
	}{
		{"ws for Node", func(t *testing.T, url string) *exec.Cmd { return node(t, nodeClient, url) }},
		{"websockets for Python", func(t *testing.T, url string) *exec.Cmd { return python(t, pythonClient, url) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t, echo(t, false, websocket.AcceptOptions{Compression: all}), func(p *Proxy) { p.Journal.Frames = true })
			out, err := row.client(t, r.url+"/any").Output()
			if want := strings.Repeat("hello ", 100); err != nil || strings.TrimSuffix(string(out), "\n") != want {
				t.Errorf("it wrote %q, %v", out, err)
			}
			r.stop()
			journal := r.journal.String()
			for _, want := range []string{"→ = text 600 inflated", "← = text 600 inflated", `by the client: 4001 "enough"`} {
				if !strings.Contains(journal, want) {
					t.Errorf("the journal has no %q:\n%s", want, journal)
				}
			}
		})
	}
}
