package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// root is the folder of the repository, as seen from this package.
const root = "../.."

// A block is a fenced piece of code in a document.
type block struct {
	document string // its path below root
	line     int    // of the code's first line in it
	language string
	code     string
}

// program reports whether b is a whole Go program.
func (b block) program() bool {
	return b.language == "go" && strings.HasPrefix(b.code, "package main\n")
}

// A document is a Markdown file, taken apart.
type document struct {
	path     string // below root
	prose    string // everything but the blocks
	blocks   []block
	headings []string
}

func read(t *testing.T, path string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	d := document{path: path}
	var prose, code strings.Builder
	var fence *block
	for i, line := range strings.SplitAfter(string(text), "\n") {
		mark, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence != nil && fenced:
			fence.code = code.String()
			d.blocks = append(d.blocks, *fence)
			fence = nil
			code.Reset()
		case fence != nil:
			code.WriteString(line)
		case fenced:
			fence = &block{document: path, line: i + 2, language: mark}
		case strings.HasPrefix(line, "    "): // code that is indented, or the rest of a list's item
			prose.WriteString(line)
		default:
			if heading := strings.TrimLeft(line, "#"); heading != line {
				d.headings = append(d.headings, strings.TrimSpace(heading))
			}
			prose.WriteString(line)
		}
	}
	if fence != nil {
		t.Fatalf("%s:%d: the block has no end", path, fence.line)
	}
	d.prose = prose.String()
	return d
}

// documents returns README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md.
func documents(t *testing.T) []document {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("docs has %d pages, %v", len(pages), err)
	}
	all := []document{read(t, "README.md"), read(t, "CONTRIBUTING.md"), read(t, "CHANGELOG.md")}
	for _, page := range pages {
		all = append(all, read(t, "docs/"+filepath.Base(page)))
	}
	return all
}

// anchor returns what a heading is linked to by, as GitHub makes it.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.prose, -1) {
			target := m[1]
			if strings.Contains(target, "://") {
				continue
			}
			path, fragment, _ := strings.Cut(target, "#")
			at := d.path
			if path != "" {
				at = filepath.Join(filepath.Dir(d.path), path)
			}
			if _, err := os.Stat(filepath.Join(root, at)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", d.path, target)
				continue
			}
			if fragment != "" && !hasAnchor(read(t, at), fragment) {
				t.Errorf("%s: the link %s leads to no heading of %s", d.path, target, at)
			}
		}
	}
}

func hasAnchor(d document, name string) bool {
	for _, h := range d.headings {
		if anchor(h) == name {
			return true
		}
	}
	return false
}

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark|Example)[A-Z]\w*`)
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)[A-Z]\w*)\(`)
)

func TestTestsThatAreNamedExist(t *testing.T) {
	exists := tests(t)
	named := 0
	for _, d := range documents(t) {
		for _, name := range testName.FindAllString(d.prose, -1) {
			named++
			if !exists[name] {
				t.Errorf("%s names %s, which does not exist", d.path, name)
			}
		}
	}
	if named == 0 {
		t.Error("no document names a test: this one looks for the wrong thing")
	}
}

// tests returns the names of all test functions below root.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || e.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
