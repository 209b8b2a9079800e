package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What README.md shows is from the programs.
func TestReadmeShowsThePrograms(t *testing.T) {
	const root = "../.."
	files, err := filepath.Glob(filepath.Join(root, "*", "main.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d programs, %v", len(files), err)
	}
	var programs strings.Builder
	for _, file := range files {
		programs.WriteString(read(t, file))
	}
	shown := strings.Split(read(t, filepath.Join(root, "README.md")), "```go\n")[1:]
	if len(shown) == 0 {
		t.Fatal("README.md shows no Go")
	}
	for _, text := range shown {
		if code, _, _ := strings.Cut(text, "```"); !strings.Contains(programs.String(), code) {
			t.Errorf("no program has\n%s", code)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
