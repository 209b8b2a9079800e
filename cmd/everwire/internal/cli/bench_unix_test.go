//go:build unix

package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestSignalEndsBenchInOrder(t *testing.T) {
	srv := &websocket.Server{}
	loaded := make(chan struct{})
	var once sync.Once
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		n := 0
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.SendMessage(m)
			if n++; n == 500 {
				once.Do(func() { close(loaded) })
			}
		})
	})
	ts := httptest.NewServer(srv)
	defer ts.Close()
	program := exec.CommandContext(t.Context(), os.Args[0], "bench", "ws"+strings.TrimPrefix(ts.URL, "http"), "-c", "2", "-d", "1h", "-q")
	program.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	program.Stderr = t.Output()
	var stdout bytes.Buffer
	program.Stdout = &stdout
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	<-loaded
	if err := program.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Errorf("exit status 0 expected: %v", err)
	}
	for _, want := range []string{"Interrupted", "Throughput", "p99.99"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the summary has no %q:\n%s", want, stdout.String())
		}
	}
}
