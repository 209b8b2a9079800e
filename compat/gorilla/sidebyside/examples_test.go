package sidebyside

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	theirs = `"github.com/gorilla/websocket"`
	ours   = `"github.com/everwire/everwire/compat/gorilla"`
)

// The servers among the examples listen on a port that is given; here they get a free one and say which. The client waits a second for
// the server's answer to its Close frame; here it is as patient as the test.
const (
	waits   = "time.After(time.Second)"
	waitsOn = "time.After(time.Minute)"
	listens = "http.ListenAndServe(*addr, nil)"
	listen  = `package main

import (
	"fmt"
	"net"
	"net/http"
)

func listenAndServe() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return http.Serve(ln, nil)
}
`
)

// examples are gorilla's own programs, by name, each with its files.
var examples = map[string][]string{
	"autobahn":    {"autobahn/server.go"},
	"chat":        {"chat/main.go", "chat/hub.go", "chat/client.go"},
	"command":     {"command/main.go"},
	"echo-client": {"echo/client.go"},
	"echo-server": {"echo/server.go"},
	"filewatch":   {"filewatch/main.go"},
}

// switched builds an example with nothing changed but its import path, and returns the executable.
func switched(t *testing.T, name string) string {
	t.Helper()
	module := strings.TrimSpace(string(command(t, ".", "list", "-m", "-f", "{{.Dir}}", "github.com/gorilla/websocket")))
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	goMod := strings.ReplaceAll(read(t, "go.mod"), "=> ../../..", "=> "+filepath.ToSlash(root))
	write(t, filepath.Join(dir, "go.mod"), goMod)
	write(t, filepath.Join(dir, "go.sum"), read(t, "go.sum"))
	program := filepath.Join(dir, "program.exe")
	args := []string{"build", "-mod=mod", "-o", program}
	for _, file := range examples[name] {
		text := read(t, filepath.Join(module, "examples", file))
		if strings.Contains(text, theirs) {
			text = strings.ReplaceAll(text, theirs, ours)
		}
		text = strings.ReplaceAll(text, waits, waitsOn)
		if strings.Contains(text, listens) {
			text = strings.ReplaceAll(text, listens, "listenAndServe()")
			write(t, filepath.Join(dir, "listen.go"), listen)
			args = append(args, "listen.go")
		}
		write(t, filepath.Join(dir, filepath.Base(file)), text)
		args = append(args, filepath.Base(file))
	}
	command(t, dir, args...)
	return program
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs the go command, which must succeed without a network, and returns what it prints.
func command(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, &complaints)
	}
	return out
}

func TestExamplesSwitchByTheirImportPath(t *testing.T) {
	for _, name := range []string{"autobahn", "command", "filewatch"} { // the others are built to be run
		t.Run(name, func(t *testing.T) { switched(t, name) })
	}
}

var listening = regexp.MustCompile(`^127\.0\.0\.1:\d+$`)

// A process runs an example until the end of the test.
type process struct {
	*exec.Cmd
	t    *testing.T
	pipe *os.File       // of both outputs
	out  *bufio.Scanner // reads it
}

func start(t *testing.T, program, dir string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { // the end of the test's context has killed it
		cmd.Wait()
		r.Close()
	})
	return &process{cmd, t, r, bufio.NewScanner(r)}
}

// says waits for a line that matches.
func (p *process) says(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	p.pipe.SetReadDeadline(time.Now().Add(patience))
	for p.out.Scan() {
		if line := p.out.Text(); re.MatchString(line) {
			return line
		}
	}
	p.t.Fatalf("it did not say %s: %v", pattern, p.out.Err())
	return ""
}

func TestEchoExampleRuns(t *testing.T) {
	server := start(t, switched(t, "echo-server"), ".")
	addr := server.says(listening.String())
	client := start(t, switched(t, "echo-client"), ".", "-addr", addr)
	client.says("^recv: ")
	server.says("^recv: ")
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt")
	}
	if err := client.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	client.says(`^read: websocket: close 1000 \(normal\)$`)
	server.says(`^read: websocket: close 1000 \(normal\)$`)
}

// The chat's clients are gorilla's own.
func TestChatExampleRuns(t *testing.T) {
	server := start(t, switched(t, "chat"), ".")
	addr := server.says(listening.String())
	var clients [2]conn
	for i := range clients {
		c, _, err := packages[0].dial(t.Context(), dialer{}, "ws://"+addr+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(patience))
		clients[i] = c
		if err := c.WriteMessage(textMessage, []byte("first\nwords")); err != nil { // its echo shows that the hub knows of it
			t.Fatal(err)
		}
		hears(t, c, "first words")
	}
	hears(t, clients[0], "first words")
	if err := clients[1].WriteMessage(textMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		hears(t, c, "hello")
	}
	if err := clients[0].WriteMessage(textMessage, make([]byte, 513)); err != nil { // its limit is 512
		t.Fatal(err)
	}
	if _, _, err := clients[0].ReadMessage(); !packages[0].isClose(err, 1009) {
		t.Errorf("past the limit: %v", err)
	}
}

func hears(t *testing.T, c conn, want string) {
	t.Helper()
	if _, data, err := c.ReadMessage(); err != nil || string(data) != want {
		t.Fatalf("read %q, %v; want %q", data, err, want)
	}
}
