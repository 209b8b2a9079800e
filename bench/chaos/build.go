//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// The names of what is built, in the run's directory.
const (
	serverName  = "everwire"
	checkerName = "check"
)

// buildAll builds the server and the checker. Packages are named as modules have them, so that it does not
// matter where this is run from in the workspace.
func buildAll(ctx context.Context, dir string) error {
	const module = "github.com/everwire/everwire/"
	if err := build(ctx, filepath.Join(dir, checkerName), module+"bench/chaos/check"); err != nil {
		return err
	}
	server := filepath.Join(dir, serverName)
	if *binary == "" {
		return build(ctx, server, module+"cmd/everwire")
	}
	given, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	return os.Symlink(given, server)
}

func build(ctx context.Context, to, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, pkg)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	return nil
}

// An exitStatus is that of a process whose output says why.
type exitStatus int

func (s exitStatus) Error() string { return "status " + strconv.Itoa(int(s)) }

// again runs this program in a network of its own, or, where there can be none, without.
func again(ctx context.Context, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	for _, attr := range []*syscall.SysProcAttr{attr, {Pdeathsig: syscall.SIGKILL}} {
		cmd := exec.Command(self, append(os.Args[1:], "-seed", fmt.Sprint(*seed))...)
		cmd.Env = append(os.Environ(), insideVar+"="+dir)
		if attr.Cloneflags == 0 {
			cmd.Env = append(cmd.Env, aloneVar+"=1")
		}
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = attr
		if err = cmd.Start(); err != nil {
			continue
		}
		// On Ctrl-C the terminal tells the process too; on SIGTERM it has to be told.
		end := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
		defer end()
		err = cmd.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 {
			return exitStatus(exit.ExitCode())
		}
		return err
	}
	return err
}
