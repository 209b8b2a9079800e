package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// layoutFile says, in the store's directory, whether a node alone or one of a cluster wrote it. JetStream does not take over the streams of the
// one kind in the other: a cluster deletes those that it does not know, 30 seconds after it has a leader.
const layoutFile = "everwire-store"

const (
	layoutAlone   = "alone"
	layoutCluster = "cluster"
)

// openStore makes the directory, if it is not there, and refuses one that was written by the other kind of node.
func openStore(dir, layout string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("embedded: the store: %w", err)
	}
	name := filepath.Join(dir, layoutFile)
	was, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(was) == 0 {
		// Empty, if the power went while it was written: nothing is in the directory before it is on the disk.
		err = writeSynced(name, layout+"\n")
		was = []byte(layout)
	}
	if err != nil {
		return fmt.Errorf("embedded: the store: %w", err)
	}
	if w := strings.TrimSpace(string(was)); w != layout {
		return fmt.Errorf("embedded: the store %s was written by a node that was %s, and this one is %s: what is kept there would be deleted. "+
			"Give this node an empty directory, or the peers it had", dir, spoken(w), spoken(layout))
	}
	return nil
}

// writeSynced writes a file, and returns when it is on the disk.
func writeSynced(name, content string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func spoken(layout string) string {
	switch layout {
	case layoutAlone:
		return "the only one with storage"
	case layoutCluster:
		return "one of several with storage"
	}
	return fmt.Sprintf("%q", layout)
}
