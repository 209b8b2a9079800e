package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNode is about ws, in package.json's version.
func TestNode(t *testing.T) {
	node, ws := findNode(t)
	t.Run("client", func(t *testing.T) {
		client := start(t, "node's client", node, "node/client.js")
		runAll(t, serverFaces, ws, "client", client, slices.Concat(inBothRoles, asServer))
	})
	t.Run("server", func(t *testing.T) {
		server := start(t, "node's server", node, "node/server.js")
		runAll(t, clientFaces, ws, "server", server, slices.Concat(inBothRoles, asClient))
	})
}

// findNode finds node and sees that it has ws, or skips the test.
func findNode(t *testing.T) (node string, ws *software) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	about, err := os.ReadFile(filepath.Join("node_modules", "ws", "package.json"))
	if err != nil {
		missing(t, "interop/node_modules has no ws")
	}
	var installed struct{ Version string }
	if err := json.Unmarshal(about, &installed); err != nil {
		t.Fatal(err)
	}
	itself, err := exec.Command(node, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := installed.Version + " with node " + strings.TrimSpace(strings.TrimPrefix(string(itself), "v"))
	return node, &software{name: "ws (Node)", version: version}
}
