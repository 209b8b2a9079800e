package examples

import (
	"bufio"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

var programs string // the folder of the examples, built

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "examples")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./...")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// start runs an example until the end of the test and returns the first line that it prints.
func start(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := command(t, name, args...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() }) // the end of the test's context has killed it
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s printed no line: %v", name, err)
	}
	return strings.TrimSpace(line)
}

func command(t *testing.T, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(t.Context(), filepath.Join(programs, name), args...)
}

func TestEchoAndDial(t *testing.T) {
	dial := command(t, "dial", "-url", start(t, "echo", "-addr", "127.0.0.1:0"))
	dial.Stdin = strings.NewReader("one\nдва\n\n")
	out, err := dial.Output()
	if err != nil || string(out) != "one\nдва\n\n" {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestHelloAndClient(t *testing.T) {
	server := start(t, "hello", "-addr", "127.0.0.1:0", "-stay", "1ms")
	out, err := command(t, "client", "-url", server).Output()
	const want = "[open] Connection established\n" +
		"Sending to server\n" +
		"[message] Data received from server: Hello from server, John!\n" +
		"[close] Connection closed cleanly, code=1000 reason=Bye!\n"
	if err != nil || string(out) != want {
		t.Errorf("printed\n%s%v, want\n%s", out, err, want)
	}
}

func TestChat(t *testing.T) {
	url := start(t, "chat", "-addr", "127.0.0.1:0")
	var people []*websocket.Conn
	for _, message := range []string{"anyone here?", "yes, me"} {
		c, err := websocket.Dial(t.Context(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		people = append(people, c)
		if err := c.Write(t.Context(), websocket.Text, []byte(message)); err != nil {
			t.Fatal(err)
		}
		for _, person := range people {
			if _, data, err := person.Read(t.Context()); err != nil || string(data) != message {
				t.Errorf("read %q, %v, want %q", data, err, message)
			}
		}
	}
}

func TestReadmeListsEveryExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("*/main.go")
	if err != nil || len(examples) == 0 {
		t.Fatalf("examples %v, %v", examples, err)
	}
	for _, example := range examples {
		if !strings.Contains(string(readme), "]("+filepath.ToSlash(example)+")") {
			t.Errorf("README.md does not list %s", example)
		}
	}
}
