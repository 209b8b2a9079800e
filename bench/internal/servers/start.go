package servers

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/everwire/everwire/bench/internal/child"
)

// Role is the first argument of a program that is to be a server: it then calls Run with the others.
const Role = "server"

// Options say how a server program is started.
type Options struct {
	Settings
	Certificate, Key string // files, for wss
	Cores            []int  // where it may run; empty: anywhere
	Processors       int    // its GOMAXPROCS
}

// A Server is a server program that runs.
type Server struct {
	*child.Process
	Ready
}

// ErrMissing says that what a server needs is not installed.
var ErrMissing = errors.New("not installed")

// Start starts the library's server program: the program that is running, in its Role, or Node. It is killed when ctx ends.
func (l Library) Start(ctx context.Context, o Options) (*Server, error) {
	args := []string{"-library", l.Name}
	if o.Certificate != "" {
		args = append(args, "-cert", o.Certificate, "-key", o.Key)
	}
	for _, f := range []struct {
		name string
		set  bool
	}{{"-deflate", o.Deflate}, {"-takeover", o.Takeover}, {"-stream", o.Stream}} {
		if f.set {
			args = append(args, f.name)
		}
	}
	program := child.Program{Args: append([]string{Role}, args...), Cores: o.Cores}
	if l.Node {
		script, packages, err := nodeFiles()
		if err != nil {
			return nil, err
		}
		defer os.Remove(script)
		program.Path = "node"
		program.Args = append([]string{"--expose-gc", script, "-packages", packages}, args...)
	}
	if o.Processors > 0 {
		program.Env = []string{"GOMAXPROCS=" + strconv.Itoa(o.Processors)}
	}
	p, line, err := program.Start(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p}
	if err := json.Unmarshal([]byte(line), &s.Ready); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s says %q instead of where it listens", l.Title, line)
	}
	return s, nil
}

//go:embed ws.mjs
var nodeScript []byte

// nodeFiles writes the script to a file, and finds the folder whose node_modules has ws.
func nodeFiles() (script, packages string, err error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", "", fmt.Errorf("node: %w", ErrMissing)
	}
	packages, err = findPackages()
	if err != nil {
		return "", "", err
	}
	f, err := os.CreateTemp("", "everwire-bench-*.mjs")
	if err != nil {
		return "", "", err
	}
	_, err = f.Write(nodeScript)
	return f.Name(), packages, errors.Join(err, f.Close())
}

// findPackages looks in the folder interop of this one and of those above it.
func findPackages() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		interop := filepath.Join(dir, "interop")
		if _, err := os.Stat(filepath.Join(interop, "node_modules", "ws")); err == nil {
			return interop, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("the package ws for node (make tools): %w", ErrMissing)
		}
		dir = above
	}
}
