package readme

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// shown is the address that the documents' programs use. Here they get a free one instead.
const shown = "127.0.0.1:8080"

// A listener for programs that listen with net/http: it says where.
const listen = `package main

import (
	"fmt"
	"net"
	"net/http"
)

func listenAndServe(h http.Handler) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return http.Serve(ln, h)
}
`

// programs returns the Go programs of a document, of which there must be n.
func programs(t *testing.T, path string, n int) []block {
	t.Helper()
	var found []block
	for _, b := range read(t, path).blocks {
		if b.program() {
			found = append(found, b)
		}
	}
	if len(found) != n {
		t.Fatalf("%s has %d programs, not %d", path, len(found), n)
	}
	return found
}

// build builds a program, with the other files that it needs, and returns the path of the executable. The go
// command runs in the repository, so that its modules are found.
func build(t *testing.T, b block, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", filepath.Join(dir, "program.exe")}
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
		if strings.HasSuffix(name, ".go") {
			args = append(args, filepath.Join(dir, name))
		}
	}
	write(t, filepath.Join(dir, "main.go"), b.code)
	command(t, append(args, filepath.Join(dir, "main.go"))...)
	return filepath.Join(dir, "program.exe")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs the go command, which must succeed.
func command(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
}

// replace replaces the one occurrence of old in a program.
func replace(t *testing.T, b block, old, new string) block {
	t.Helper()
	if n := strings.Count(b.code, old); n != 1 {
		t.Fatalf("%s:%d: the program has %d times %s", b.document, b.line, n, old)
	}
	b.code = strings.Replace(b.code, old, new, 1)
	return b
}

var listening = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// serve runs a server until the end of the test and returns the address that it prints first.
func serve(t *testing.T, program string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() { // the end of the test's context has killed it
		<-drained
		cmd.Wait()
	})
	addr := listening.FindString(line)
	if addr == "" {
		t.Fatalf("the server printed %q, %v", line, err)
	}
	return cmd, addr
}

func TestReadmesServerAndClient(t *testing.T) {
	p := programs(t, "README.md", 2)
	for _, b := range p {
		if n := strings.Count(b.code, "\n"); n > 25 {
			t.Errorf("%s:%d: the program has %d lines, more than 25", b.document, b.line, n)
		}
	}
	server := replace(t, p[0], `http.ListenAndServe("`+shown+`", nil)`, "listenAndServe(nil)")
	_, addr := serve(t, build(t, server, map[string]string{"listen.go": listen}))
	checkOutput(t, build(t, replace(t, p[1], shown, addr), nil), "Hello, WebSocket <nil>\n")
}

func checkOutput(t *testing.T, program, want string) {
	t.Helper()
	var complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stderr = &complaints
	if out, err := cmd.Output(); err != nil || string(out) != want {
		t.Errorf("printed\n%s%s%v, want\n%s", out, &complaints, err, want)
	}
}

// gettingStarted returns the programs of the tutorial, each with its page if it has one.
func gettingStarted(t *testing.T) (echo, client, chat block, echoPage, chatPage map[string]string) {
	t.Helper()
	const path = "docs/getting-started.md"
	p := programs(t, path, 3)
	var pages []map[string]string
	for _, b := range read(t, path).blocks {
		if b.language == "html" {
			pages = append(pages, map[string]string{"page.html": b.code})
		}
	}
	if len(pages) != 2 {
		t.Fatalf("%s has %d pages, not 2", path, len(pages))
	}
	return p[0], p[1], p[2], pages[0], pages[1]
}

func TestGettingStartedsEchoAndClient(t *testing.T) {
	echo, client, _, page, _ := gettingStarted(t)
	_, addr := serve(t, build(t, replace(t, echo, shown, "127.0.0.1:0"), page))
	checkOutput(t, build(t, replace(t, client, shown, addr), nil), "Hello\nЗдравствуй\n今日は\n")
}

func TestGettingStartedsChat(t *testing.T) {
	_, _, chat, _, page := gettingStarted(t)
	cmd, addr := serve(t, build(t, replace(t, chat, shown, "127.0.0.1:0"), page))
	checkPage(t, "http://"+addr+"/", page["page.html"])

	first := dial(t, addr)
	says(t, first, "Anybody here?") // the answer shows that the server counts it among its clients
	hears(t, first, "Anybody here?")
	second := dial(t, addr)
	hears(t, first, "Somebody came.")
	says(t, second, "hi")
	hears(t, first, "hi")
	hears(t, second, "hi")
	if err := second.Close(websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
	hears(t, first, "Somebody left.")

	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _, err := first.Read(t.Context())
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway || closed.Reason != "server is shutting down" {
		t.Errorf("the server was interrupted: %v", err)
	}
	if state, err := cmd.Process.Wait(); err != nil || !state.Success() {
		t.Errorf("the server ended with %v, %v", state, err)
	}
}

func checkPage(t *testing.T, url, want string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != want {
		t.Errorf("%s is\n%s, %v", url, got, err)
	}
	if typ := resp.Header.Get("Content-Type"); typ != "text/html; charset=utf-8" {
		t.Errorf("%s is %s", url, typ)
	}
}

func dial(t *testing.T, addr string) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(t.Context(), "ws://"+addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

func says(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hears checks the next message.
func hears(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, data, err := c.Read(t.Context()); err != nil || string(data) != want {
		t.Fatalf("read %q, %v, want %q", data, err, want)
	}
}
