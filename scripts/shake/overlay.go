package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// calm are folders whose code only computes.
var calm = []string{"websocket/frame", "websocket/deflate", "websocket/handshake", "internal/protocol", "scripts", "conformance/internal/deflate"}

const importPath = "github.com/everwire/everwire/scripts/shake/pause"

// writeOverlay writes the code below root with a numbered place before each statement into dir, and the list that
// "go build -overlay" takes. It returns the list's name, and how many places there are.
func writeOverlay(root, dir string) (list string, places int, err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return "", 0, err
	}
	replace := map[string]string{}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			if slices.Contains(calm, filepath.ToSlash(within)) || base == "testdata" || base == "node_modules" ||
				within != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		shaken, n, err := withPlaces(string(source), places)
		if err != nil || n == 0 {
			return err
		}
		places += n
		stand := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		replace[name] = stand
		return os.WriteFile(stand, []byte(shaken), 0o600)
	})
	if err != nil {
		return "", 0, err
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", 0, err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, places, os.WriteFile(list, content, 0o600)
}

// withPlaces returns a file's source with a place before each statement, of which the first has the given number, and
// how many these are. Lines keep their numbers.
func withPlaces(source string, first int) (shaken string, n int, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", 0, err
	}
	at := func(pos token.Pos) int { return files.Position(pos).Offset }
	var before []int
	each := func(list []ast.Stmt) {
		for _, s := range list {
			if _, empty := s.(*ast.EmptyStmt); !empty {
				before = append(before, at(s.Pos()))
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Doc == nil || !slices.ContainsFunc(n.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:") })
		case *ast.BlockStmt:
			switch {
			case len(n.List) == 0:
			case isClause(n.List[0]): // of a switch or a select: its clauses' statements have places
			default:
				each(n.List)
			}
		case *ast.CaseClause:
			each(n.Body)
		case *ast.CommClause:
			each(n.Body)
		}
		return true
	})
	if len(before) == 0 {
		return source, 0, nil
	}
	slices.Sort(before)
	var b strings.Builder
	from := at(file.Name.End())
	b.WriteString(source[:from])
	b.WriteString("; import __pause " + strconv.Quote(importPath))
	for i, to := range before {
		b.WriteString(source[from:to])
		b.WriteString("__pause.At(" + strconv.Itoa(first+i) + "); ")
		from = to
	}
	b.WriteString(source[from:])
	return b.String(), len(before), nil
}

func isClause(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}
