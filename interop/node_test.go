package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestNode is about ws, in package.json's version.
func TestNode(t *testing.T) {
	node := findNode(t)
	t.Run("client", func(t *testing.T) {
		client := start(t, "node's client", node, "node/client.js")
		runAll(t, serverFaces, client, slices.Concat(inBothRoles, asServer))
	})
	t.Run("server", func(t *testing.T) {
		server := start(t, "node's server", node, "node/server.js")
		runAll(t, clientFaces, server, slices.Concat(inBothRoles, asClient))
	})
}

// findNode finds node and sees that it has ws, or skips the test.
func findNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	if _, err := os.Stat(filepath.Join("node_modules", "ws", "package.json")); err != nil {
		missing(t, "interop/node_modules has no ws")
	}
	return node
}
