package interop

import (
	"bytes"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// TestCurl is about curl, where its build speaks ws, which many distributions' does not: then the test is skipped, also
// where nothing else may be. curl prints what it receives, and its line has no way to send.
func TestCurl(t *testing.T) {
	about, err := exec.Command("curl", "--version").Output()
	if err != nil || !slices.Contains(strings.Fields(string(about)), "ws") {
		t.Skip("there is no curl that has ws among its protocols")
	}
	for _, f := range serverFaces {
		t.Run(f.name, func(t *testing.T) {
			p := pairing{face: f}
			ours := p.listen(t, terms{})
			curl := exec.Command("curl", "--no-progress-meter", "--no-buffer", ours.url+"/")
			var complaints bytes.Buffer
			curl.Stderr = &complaints
			stdout, err := curl.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := curl.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				curl.Process.Kill()
				curl.Wait()
			})
			us := ours.accepted(t)
			data := strings.Repeat("to be printed\n", 10_000)
			us.send(t, websocket.Text, data)
			got := make([]byte, len(data))
			if _, err := io.ReadFull(stdout, got); err != nil || string(got) != data {
				t.Errorf("curl printed %d octets that are right: %t, %v; %s", len(got), string(got) == data, err, &complaints)
			}
		})
	}
}
