package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// store is the directory of what is kept: what was said, or one for each address, since nodes on one machine must not share it.
func (c *Config) store() (string, error) {
	if c.Store != "" {
		return c.Store, nil
	}
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "cluster-"+strings.NewReplacer(":", "_", "[", "", "]", "", "%", "_").Replace(c.Addr)), nil
}

// stateDir is where a program of this user keeps its state: what systemd gives it (StateDirectory=), or a directory by the XDG Base Directory
// Specification.
func stateDir() (string, error) {
	if dirs := os.Getenv("STATE_DIRECTORY"); dirs != "" {
		dir, _, _ := strings.Cut(dirs, ":")
		return dir, nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "everwire"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("there is no home directory to keep messages in; name a directory with --cluster-store")
	}
	return filepath.Join(home, ".local", "state", "everwire"), nil
}
