package interop

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestPython is about websockets, in whichever version the Python that is found has.
func TestPython(t *testing.T) {
	python, websockets := findPython(t)
	t.Run("client", func(t *testing.T) {
		client := start(t, "Python's client", python, "-B", "python/client.py")
		runAll(t, serverFaces, websockets, "client", client, slices.Concat(inBothRoles, asServer))
	})
	t.Run("server", func(t *testing.T) {
		server := start(t, "Python's server", python, "-B", "python/server.py")
		runAll(t, clientFaces, websockets, "server", server, slices.Concat(inBothRoles, asClient))
	})
}

// findPython finds a Python that can import websockets, or skips the test. The distribution's comes first: a
// python3 that is earlier in the PATH may be another, without its packages.
func findPython(t *testing.T) (python string, websockets *software) {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		version, err := exec.Command(name, "-c",
			"import websockets.legacy.client, websockets.version as v; print(v.version)").Output()
		if err == nil {
			return name, &software{
				name:               "websockets (Python)",
				version:            strings.TrimSpace(string(version)),
				takesNoSubprotocol: true,
				sendsUserAsWritten: true,
				cannot: map[string]string{
					"choosing by itself": "Chooses no subprotocol unless told which it speaks.",
				},
			}
		}
	}
	missing(t, "there is no python3 that can import websockets")
	return "", nil
}
