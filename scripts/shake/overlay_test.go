package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	const head = `; import __pause "github.com/everwire/everwire/scripts/shake/pause"`
	for name, c := range map[string]struct{ source, want string }{
		"statements": {
			"package p\n\nfunc f() {\n\ta()\n\tb() // last\n}\n",
			"package p" + head + "\n\nfunc f() {\n\t__pause.At(7); a()\n\t__pause.At(8); b() // last\n}\n",
		},
		"blocks": {
			"package p\nfunc f() int { if a() { b() }; for { c() } }\n",
			"package p" + head + "\nfunc f() int { __pause.At(7); if a() { __pause.At(8); b() }; __pause.At(9); for { __pause.At(10); c() } }\n",
		},
		"clauses": {
			"package p\nfunc f() {\nswitch {\ncase a():\n b()\n fallthrough\ndefault:\n}\n}\n",
			"package p" + head + "\nfunc f() {\n__pause.At(7); switch {\ncase a():\n __pause.At(8); b()\n __pause.At(9); fallthrough\ndefault:\n}\n}\n",
		},
		"select": {
			"package p\nfunc f() {\nselect {\ncase <-a:\n b()\n}\n}\n",
			"package p" + head + "\nfunc f() {\n__pause.At(7); select {\ncase <-a:\n __pause.At(8); b()\n}\n}\n",
		},
		"labels and literals": {
			"package p\nvar x = func() { a() }\nfunc f() {\nL:\n for { break L }\n}\n",
			"package p" + head + "\nvar x = func() { __pause.At(7); a() }\nfunc f() {\n__pause.At(8); L:\n for { __pause.At(9); break L }\n}\n",
		},
		"what the compiler is told about": {
			"package p\n\n//go:nosplit\nfunc f() { a() }\n\n// g does.\nfunc g() { b() }\n",
			"package p" + head + "\n\n//go:nosplit\nfunc f() { a() }\n\n// g does.\nfunc g() { __pause.At(7); b() }\n",
		},
		"nothing that is done": {"package p\n\nconst c = 1\n\nfunc f() {}\n", "package p\n\nconst c = 1\n\nfunc f() {}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, n, err := withPlaces(c.source, 7)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || n != strings.Count(got, "__pause.At(") {
				t.Errorf("%d places:\n%s\nwant\n%s", n, got, c.want)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "", got, 0); err != nil {
				t.Error(err)
			}
		})
	}
	if _, _, err := withPlaces("package p\nfunc {\n", 0); err == nil {
		t.Error("what is no Go has places")
	}
}

// A package is built with pauses, and what only computes has none.
func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	list, places, err := writeOverlay("../..", dir)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"internal/engine/loop.go": true, "hub/nats/link.go": true, "hub/nats/restart_test.go": true,
		"websocket/frame/mask.go": false, "scripts/shake/main.go": false, "scripts/shake/pause/pause_linux.go": false,
	} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(string(content), filepath.Join(root, name)); got != want {
			t.Errorf("%s is in the overlay: %v", name, got)
		}
	}
	binary := filepath.Join(dir, "built")
	build := exec.Command("go", "build", "-overlay", list, "-o", binary, "./examples/echo")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(symbols), "scripts/shake/pause.At") || places == 0 {
		t.Errorf("%d places, and none in what was built", places)
	}
}
