package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	dir := flag.String("dir", "..", "the `folder` of the package frame")
	flag.Parse()
	for _, s := range sources {
		files, err := s.files()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(*dir, name), text, 0o644); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
}

// A source makes one file of assembly and the file that declares its functions in Go.
type source struct {
	assembly, stubs string
	write           func(c *build.Context)
}

var sources = []source{
	{"mask_amd64.s", "mask_amd64.go", mask},
	{"utf8_amd64.s", "utf8_amd64.go", utf8},
}

// files returns the text of the files of s by their names.
func (s source) files() (map[string][]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	s.write(c)
	f, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return nil, err
	}
	config := printer.Config{Name: "websocket/frame/_asm", Pkg: "frame"}
	assembly, err := printer.NewGoAsm(config).Print(f)
	if err != nil {
		return nil, err
	}
	stubs, err := printer.NewStubs(config).Print(f)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{s.assembly: assembly, s.stubs: stubs}, nil
}
