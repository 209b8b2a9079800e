package auth

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// page is what docs/chat-authentication.md shows, in the order in which it is there.
func page(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../../../docs/chat-authentication.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	return blocks
}

// program returns where a foreign program is, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("EVERWIRE_TEST_ALL") != "":
		t.Fatalf("%s is missing", name)
	default:
		t.Skipf("%s is missing", name)
	}
	return path
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, complaints.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// The programs of the page make tokens that are let in.
func TestTheDocumentedProgramsMakeTokens(t *testing.T) {
	blocks := page(t)
	aSecret := [][]string{{"openssl", "rand", "-base64", "-out", "secret", "48"}}
	for _, c := range []struct {
		name     string
		language string
		marker   string // of the block that makes a token
		command  []string
		keys     [][]string // commands that make the keys
		opts     JWTOptions
		join     string
	}{
		{"openssl", "sh", "openssl dgst", []string{"sh", "-c"}, aSecret, JWTOptions{SecretFile: "secret"}, "team.*"},
		{"Python", "python", "hmac", []string{"python3", "-c"}, aSecret, JWTOptions{SecretFile: "secret"}, "team.*"},
		{"Node", "js", "createHmac", []string{"node", "-e"}, aSecret, JWTOptions{SecretFile: "secret"}, "team.*"},
		{"Node with a key pair", "js", "createPrivateKey", []string{"node", "-e"}, [][]string{
			{"openssl", "genpkey", "-algorithm", "ed25519", "-out", "issuer.key"},
			{"openssl", "pkey", "-in", "issuer.key", "-pubout", "-out", "issuer.pem"},
		}, JWTOptions{PublicKeyFile: "issuer.pem"}, ">"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, k := range c.keys {
				run(t, dir, k[0], k[1:]...)
			}
			var code string
			for _, b := range blocks[c.language] {
				if strings.Contains(b, c.marker) {
					code = b
				}
			}
			if code == "" {
				t.Fatalf("the page has no block of %s with %s", c.language, c.marker)
			}
			token := run(t, dir, c.command[0], c.command[1], code)
			t.Chdir(dir)
			a, _ := newJWT(t, c.opts)
			g, err := authenticate(a, token)
			if err != nil {
				t.Fatal(err)
			}
			if g.User != "u17" || g.Name != "Ada" || len(g.Join) != 1 || g.Join[0] != c.join || !g.MayPublish("team.blue") || g.Expires.IsZero() {
				t.Errorf("the grant is %+v", g)
			}
		})
	}
}

// The webhook of the page lets in whom it says.
func TestTheDocumentedWebhookJudges(t *testing.T) {
	program(t, "python3")
	var code string
	for _, b := range page(t)["python"] {
		if strings.Contains(b, "HTTPServer") {
			code = b
		}
	}
	last := `http.server.HTTPServer(("127.0.0.1", 9000), MayCome).serve_forever()`
	if !strings.Contains(code, last) {
		t.Fatalf("the page has no webhook that ends with %s", last)
	}
	// A free port, and word of which.
	code = strings.Replace(code, last, `server = http.server.HTTPServer(("127.0.0.1", 0), MayCome)
print(server.server_port, flush=True)
server.serve_forever()`, 1)
	cmd := exec.CommandContext(t.Context(), "python3", "-c", code)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	port := make([]byte, 16)
	n, err := out.Read(port)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Webhook("http://"+net.JoinHostPort("127.0.0.1", strings.TrimSpace(string(port[:n])))+"/may-come", WebhookOptions{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.(*webhook).client.CloseIdleConnections)
	g, err := authenticate(a, "open sesame")
	if err != nil || g.User != "u17" || !g.MayJoin("team.blue") || g.MayJoin("blue") {
		t.Errorf("%+v, %v", g, err)
	}
	refusedWith(t, a, "swordfish", ErrUnauthorized, "says 403")
}

// The table of patterns on the page is what they match.
func TestTheDocumentedPatterns(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/chat-authentication.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| pattern | ")
	if !found {
		t.Fatal("the page has no table of patterns")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	lines := strings.Split(table, "\n")
	cells := func(line string) []string {
		parts := strings.Split(strings.Trim(line, "|"), "|")
		for i := range parts {
			parts[i] = strings.Trim(parts[i], " `")
		}
		return parts
	}
	rooms := cells(strings.TrimSuffix(lines[0], "|"))
	if len(rooms) != 4 || len(lines) != 7 {
		t.Fatalf("the table has %d columns and %d lines", len(rooms), len(lines))
	}
	for _, line := range lines[2:] {
		row := cells(line)
		for i, room := range rooms {
			if got, want := matches(row[0], room), row[i+1] == "yes"; got != want {
				t.Errorf("%s matches %s: %v, and the page says %v", row[0], room, got, want)
			}
		}
	}
}
