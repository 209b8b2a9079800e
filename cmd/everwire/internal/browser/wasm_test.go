package browser

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/websocket"
)

// The client's end in a page: the program in the folder wasm, compiled and run by the browser, over its WebSocket.

// buildWasm compiles the program and returns the folder that it and what starts it are in.
func buildWasm(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "main.wasm"), "./wasm")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=") // no -race there
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wasm_exec.js"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const wasmPage = `<!doctype html><html lang="en"><title>Go</title><link rel="icon" href="data:,"><body>loading</body>
<script src="/wasm_exec.js"></script>
<script>
const go = new Go();
WebAssembly.instantiateStreaming(fetch("/main.wasm"), go.importObject).then(r => go.run(r.instance));
</script></html>`

const wasmWorker = `importScripts("/wasm_exec.js");
const go = new Go();
WebAssembly.instantiateStreaming(fetch("/main.wasm"), go.importObject).then(r => go.run(r.instance));
onmessage = async event => postMessage(await run(event.data));`

// A wasmSite is the server that the program in the page talks to.
type wasmSite struct {
	*site
	closes chan websocket.CloseEvent // of /ws/echo, as the server saw them

	mu      sync.Mutex
	stalled []*websocket.Socket // of /ws/unread
}

func serveWasm(t *testing.T, secure bool, dir string) *wasmSite {
	s := &wasmSite{closes: make(chan websocket.CloseEvent, 100)}
	mux := http.NewServeMux()
	endpoint := func(path string, server *websocket.Server, f func(*websocket.Socket, *http.Request)) {
		server.OnConnection(f)
		t.Cleanup(func() { server.Close() })
		mux.Handle(path, server)
	}
	large := websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: 64 << 20}}
	echo := &websocket.Server{Options: large}
	endpoint("/ws/echo", echo, func(ws *websocket.Socket, _ *http.Request) {
		ws.OnMessage(func(ws *websocket.Socket, m websocket.Message) { ws.SendMessage(m) })
		ws.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { s.closes <- e })
	})
	endpoint("/ws/close", &websocket.Server{}, func(ws *websocket.Socket, r *http.Request) {
		code, _ := strconv.Atoi(r.FormValue("code"))
		reason := r.FormValue("reason")
		ws.OnMessage(func(ws *websocket.Socket, _ websocket.Message) {
			if err := ws.Close(websocket.CloseCode(code), reason); err != nil {
				t.Error(err)
			}
		})
	})
	endpoint("/ws/die", &websocket.Server{}, func(ws *websocket.Socket, _ *http.Request) {
		ws.OnMessage(func(ws *websocket.Socket, _ websocket.Message) { ws.Terminate() })
	})
	endpoint("/ws/burst", &websocket.Server{}, func(ws *websocket.Socket, _ *http.Request) {
		for i := range 1000 {
			ws.SendText(strconv.Itoa(i))
		}
		ws.Close(1000, "that was all")
	})
	endpoint("/ws/subprotocols", &websocket.Server{Options: websocket.AcceptOptions{Subprotocols: []string{"c", "b"}}},
		func(*websocket.Socket, *http.Request) {})
	endpoint("/ws/unread", &websocket.Server{Options: large}, func(ws *websocket.Socket, _ *http.Request) {
		ws.Pause()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stalled = append(s.stalled, ws)
	})
	mux.HandleFunc("/release", func(http.ResponseWriter, *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, ws := range s.stalled {
			ws.Resume()
		}
		s.stalled = nil
	})
	mux.HandleFunc("/ws/refuse", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	mux.HandleFunc("/ws/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(wasmPage)) })
	mux.HandleFunc("/worker.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write([]byte(wasmWorker))
	})
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	s.site = listen(t, secure, mux)
	return s
}

func TestGoInThePage(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	dir := buildWasm(t)
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			s := serveWasm(t, secure, dir)
			p := open(t, s.http)
			if !p.sees(`document.body.textContent === "ready"`, 2*patience) {
				t.Fatalf("the program does not start:\n%s", p.visible())
			}
			authority := strings.TrimPrefix(strings.TrimPrefix(s.http, "https://"), "http://")
			refusal := "error: websocket: handshake failed: cannot connect to " + authority + ": "
			noReason := refusal + "the browser does not tell a page why"
			givenUp := refusal + "context canceled"

			for _, step := range []struct {
				scenario   string
				want       []string
				closes     []websocket.CloseEvent // that the server sees
				complaints []string               // of the browser
			}{
				{scenario: "socket echo", want: []string{
					"setup CONNECTING", "websocket: not open yet", "open", `binary "copied"`, `text "Grüße, 世界 😀"`,
					`text "\ufeffnot a byte order mark"`, `text ""`, `binary ""`, `binary "\x00\xff\x80"`,
					"binary " + short(largeMessage(1<<20)), "text " + short([]byte(strings.Repeat("0123456789abcdeß", 60_000))),
					"CLOSING", `close 1000 "" clean=true`, "CLOSED 0 true",
				}, closes: []websocket.CloseEvent{{Code: 1000, Reason: "done", WasClean: true}}},
				{scenario: "socket order", want: []string{"0 problems"},
					closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}}},
				{scenario: "socket closes", want: []string{
					"open", `close 1000 "" clean=true`, "open", `close 3000 "" clean=true`, "open", `close 4999 "" clean=true`,
					"open", `close 1005 "" clean=true`,
				}, closes: []websocket.CloseEvent{
					{Code: 1000, Reason: "Grüße", WasClean: true}, {Code: 3000, WasClean: true},
					{Code: 4999, Reason: "\ufeffthat's it", WasClean: true}, {Code: 1005, WasClean: true},
				}},
				{scenario: "server closes", want: []string{
					"open", `close 1000 "Bye" clean=true`, "true", "open", `close 1011 "" clean=true`, "true",
					"open", `close 4321 "😀" clean=true`, "true", "open", `close 1005 "" clean=true`, "true",
				}},
				{scenario: "server dies", want: []string{"open", `close 1006 "" clean=false`}},
				{scenario: "refused", want: []string{
					"CONNECTING <nil>", "a HandshakeError: true", noReason, `close 1006 "" clean=false`, "CLOSED",
				}, complaints: []string{"Unexpected response code: 403"}},
				{scenario: "given up", want: []string{
					givenUp, `close 1006 "" clean=false`, `close 1006 "" clean=false`, "late: true", "close 1006",
				}, complaints: slices.Repeat([]string{"closed before the connection is established"}, 3)},
				{scenario: "subprotocols", want: []string{
					"open", `"b"`, "the URL is whole: true", "addresses: true true", "extensions: true", `close 1000 "" clean=true`,
					noReason, `close 1006 "" clean=false`,
				}, complaints: []string{"Sent non-empty 'Sec-WebSocket-Protocol' header"}},
				{scenario: "buffered amount", want: []string{
					"open", "the queue is full: true, and all counts: true", "flush: context deadline exceeded", "some of it waits: true",
					"flush: <nil>, left: 0", `close 1000 "" clean=true`,
				}},
				{scenario: "queue", want: []string{
					"open", "flush: <nil>", `close 1000 "" clean=true`, "some were dropped: true, not all: true",
				}},
				{scenario: "blob", want: []string{
					"text 1", "the same: true", "text 2", "too large: websocket: a page cannot send a message larger than 256 MiB",
				}, closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}}},
				{scenario: "pause", want: []string{"open", "resume", `text "one"`, `text "two"`, `close 1000 "" clean=true`},
					closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}}},
				{scenario: "too big", want: []string{
					"open", "binary " + short(largeMessage(100)),
					"error: websocket: a message is larger than the limit of 100 bytes (RFC 6455 §7.4.1, close code 1009)",
					"true", `close 1006 "" clean=false`,
				}, closes: []websocket.CloseEvent{{Code: 1005, WasClean: true}}},
				{scenario: "unsupported", want: []string{
					"true websocket: DialOptions.Header: that is the browser's to decide, not a page's: unsupported operation",
					"true websocket: DialOptions.Redirects: that is the browser's to decide, not a page's: unsupported operation",
					"true websocket: DialOptions.OnResponse: that is the browser's to decide, not a page's: unsupported operation",
					"websocket: a page cannot send a user and password: unsupported operation",
					"websocket: a page cannot connect to a Unix domain socket: unsupported operation",
					`websocket: URL scheme "ftp" is not ws, wss, http, https or ws+unix`,
					"websocket: a WebSocket URL has no fragment (RFC 6455 §3)",
					"open", "websocket: a page can send neither Pings nor Pongs: unsupported operation", "0s", `close 1000 "" clean=true`,
				}, closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}}},
				{scenario: "in a callback", want: []string{
					"open", `text "outer"`, "inner <nil> <nil>", "<nil>", "error: websocket: panic in a callback: after all",
					`close 1006 "" clean=false`,
				}, closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}, {Code: 1005, WasClean: true}}},
				{scenario: "own stream", want: []string{
					`the server sees "secret"`,
					"11000 <nil> permessage-deflate; server_no_context_takeover; client_no_context_takeover", "<nil>", "<nil>",
				}},
				{scenario: "reconnecting", want: []string{
					"websocket: invalid close code or reason", "3 opens, then websocket: closed by peer: 1011 internal error",
				}},
				{scenario: "conn echo", want: []string{
					"text true <nil>", "binary true <nil>", "text true <nil>", "binary true <nil>", "text true <nil>", "binary true <nil>",
					"<nil>", "text 200011 true <nil>", "<nil>", "websocket: closed by peer: 1000 normal closure",
				}, closes: []websocket.CloseEvent{{Code: 1000, Reason: "bye", WasClean: true}}},
				{scenario: "conn messages", want: []string{
					`1000 messages, 0 problems, websocket: closed by peer: 1000 normal closure: "that was all"`,
				}},
				{scenario: "conn contexts", want: []string{
					"context deadline exceeded", "context deadline exceeded", "context deadline exceeded", "0 lost",
					"true", "websocket: invalid close code or reason",
				}, closes: []websocket.CloseEvent{{Code: 1005, WasClean: true}}},
				{scenario: "conn writers", want: []string{"0 problems <nil>"},
					closes: []websocket.CloseEvent{{Code: 4000, WasClean: true}}},
				{scenario: "conn closes", want: []string{
					"websocket: invalid close code or reason", "<nil>", "websocket: closed by peer: 4001", "websocket: closed",
				}, closes: []websocket.CloseEvent{{Code: 4001, Reason: "bye", WasClean: true}, {Code: 1005, WasClean: true}}},
				{scenario: "conn server closes", want: []string{
					`websocket: closed by peer: 4000: "over" <nil>`, "true", "1006 abnormal closure",
				}},
				{scenario: "conn refused", want: []string{"true", "true"},
					complaints: []string{"Unexpected response code: 403", "closed before the connection is established"}},
				{scenario: "conn as a stream", want: []string{"true <nil>", "<nil>"},
					closes: []websocket.CloseEvent{{Code: 1000, WasClean: true}}},
				{scenario: "conn without reader", want: []string{`websocket: closed by peer: 1000 normal closure: "Bye"`}},
			} {
				t.Run(step.scenario, func(t *testing.T) {
					defer func(parent *testing.T) { p.t = parent }(p.t)
					p.t = t
					got := p.scenario(step.scenario)
					if !slices.Equal(got, step.want) {
						t.Errorf("it went\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(step.want, "\n\t"))
					}
					missing := slices.Clone(step.closes) // of several connections, whose closes come in any order
					for range step.closes {
						got := receive(t, s.closes)
						at := slices.Index(missing, got)
						if at < 0 {
							t.Errorf("the server saw %+v, want one of %+v", got, missing)
							continue
						}
						missing = slices.Delete(missing, at, at+1)
					}
					for _, text := range step.complaints {
						p.awaitConsole(text)
					}
				})
			}
			t.Run("a worker", func(t *testing.T) {
				got := call[[]string](p, `name => new Promise(resolve => {
					const worker = new Worker("/worker.js");
					worker.onmessage = ({data}) => {
						if (data === "ready") {
							worker.postMessage(name);
						} else {
							worker.terminate();
							resolve(data);
						}
					};
				})`, "conn writers")
				if want := []string{"0 problems <nil>"}; !slices.Equal(got, want) {
					t.Errorf("it went %q, want %q", got, want)
				}
				if got, want := receive(t, s.closes), (websocket.CloseEvent{Code: 4000, WasClean: true}); got != want {
					t.Errorf("the server saw %+v, want %+v", got, want)
				}
			})
			t.Run("the page is reloaded", func(t *testing.T) {
				if got, want := p.scenario("stays"), []string{"open"}; !slices.Equal(got, want) {
					t.Errorf("it went %q, want %q", got, want)
				}
				p.do("reload", chromedp.Reload())
				if got, want := receive(t, s.closes), (websocket.CloseEvent{Code: 1001, WasClean: true}); got != want {
					t.Errorf("the server saw %+v, want %+v", got, want)
				}
			})
			if n := len(s.closes); n > 0 {
				t.Errorf("the server saw %d more close events", n)
			}
		})
	}
}

// scenario runs one in the page and returns its journal.
func (p *tab) scenario(name string) []string {
	p.t.Helper()
	return call[[]string](p, `name => run(name)`, name)
}

// largeMessage and short are as in the program.
func largeMessage(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func short(b []byte) string {
	sum := uint32(0)
	for _, c := range b {
		sum = sum*31 + uint32(c)
	}
	return fmt.Sprintf("%q… %d octets, sum %08x", b[:8], len(b), sum)
}

// The example of a page in Go is what a reader of the documents starts with.
func TestTheExampleOfAPageInGo(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	program := filepath.Join(t.TempDir(), "wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/everwire/everwire/examples/wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	example := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0")
	example.Env = append(os.Environ(), "GOFLAGS=")
	example.Stderr = os.Stderr
	stdout, err := example.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := example.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { example.Wait() }) // the end of the test's context has killed it
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("it prints no URL: %v", err)
	}
	john, mary := open(t, strings.TrimSpace(url)), open(t, strings.TrimSpace(url))
	for _, p := range []*tab{john, mary} {
		if !p.sees(`document.querySelector("#state").textContent === "open"`, 2*patience) {
			t.Fatalf("the program does not start:\n%s", p.visible())
		}
	}
	for i, text := range []string{"Hello, 世界", "<b>again</b>"} {
		john.write("#text", text)
		john.enter()
		for _, p := range []*tab{john, mary} {
			p.wantLines("#log", []string{"Hello, 世界", "<b>again</b>"}[:i+1]...)
		}
	}
}
