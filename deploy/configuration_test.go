package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mark is what the lines end in that differ from place to place.
const mark = "# yours"

// A change replaces text in the marked lines of a file, as a reader does who adapts it. A line that is
// not marked stays as it is committed.
type change struct{ from, to string }

// adapt returns a committed file with changes made. It fails the test if a change finds no line.
func adapt(t *testing.T, file string, changes ...change) string {
	t.Helper()
	committed, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(committed), "\n")
	for _, c := range changes {
		found := false
		for i, line := range lines {
			setting, marked := strings.CutSuffix(line, mark)
			if marked && strings.Contains(setting, c.from) {
				lines[i] = strings.ReplaceAll(setting, c.from, c.to) + mark
				found = true
			}
		}
		if !found {
			t.Fatalf("%s has no line with %q that ends in %q", file, c.from, mark)
		}
	}
	return strings.Join(lines, "\n")
}

// writeFile writes a file that the program may read, whoever it runs as.
func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChangesFindMarkedLinesOnly(t *testing.T) {
	for _, file := range []string{
		"nginx/everwire.conf", "nginx/everwire-location.conf", "nginx/stream.conf",
		"haproxy/everwire.cfg", "haproxy/tcp.cfg", "caddy/Caddyfile",
	} {
		committed, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		if adapt(t, file) != string(committed) {
			t.Errorf("%s: without a change it is not as committed", file)
		}
		changed := strings.Split(adapt(t, file, change{" ", "_"}), "\n")
		for i, line := range strings.Split(string(committed), "\n") {
			if marked := strings.HasSuffix(line, mark); marked == (line == changed[i]) {
				t.Errorf("%s:%d: marked %t, but it became %q", file, i+1, marked, changed[i])
			}
		}
	}
}
