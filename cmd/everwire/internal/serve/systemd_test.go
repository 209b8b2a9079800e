package serve

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSocketsForAnotherProcessAreNotTaken(t *testing.T) {
	for _, pid := range []string{"", "1", strconv.Itoa(os.Getppid()), "me"} {
		t.Setenv("LISTEN_PID", pid)
		t.Setenv("LISTEN_FDS", "1")
		if p, err := passedListeners(); p != (passed{}) || err != nil {
			t.Errorf("LISTEN_PID=%q: %v, error %v, want nothing", pid, p, err)
		}
		if os.Getenv("LISTEN_FDS") != "1" {
			t.Errorf("LISTEN_PID=%q: the variables of another process are gone", pid)
		}
	}
}

func TestSocketsOfBadNumber(t *testing.T) {
	for _, n := range []string{"", "many", "-1"} {
		t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		t.Setenv("LISTEN_FDS", n)
		want := "the variable LISTEN_FDS=" + strconv.Quote(n) + " is not how many sockets systemd passes"
		if _, err := passedListeners(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if os.Getenv("LISTEN_PID") != "" {
			t.Error("a child of this process would take the variables for its own")
		}
	}
}

// listenAsManager is where a service manager listens to a service. It returns a function that waits for what comes next.
func listenAsManager(t *testing.T) (next func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // a socket's name is short, and t.TempDir's may be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := filepath.Join(dir, "s")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		if runtime.GOOS != "windows" {
			t.Fatal(err)
		}
		t.Skipf("Windows has no such sockets: %v", err)
	}
	t.Cleanup(func() { manager.Close() })
	t.Setenv("NOTIFY_SOCKET", at)
	return func() string {
		t.Helper()
		state := make([]byte, 1000)
		manager.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := manager.Read(state)
		if err != nil {
			t.Fatalf("systemd hears nothing: %v", err)
		}
		return string(state[:n])
	}
}

func TestSystemdIsToldOfTheServersLife(t *testing.T) {
	next := listenAsManager(t)
	r := run(t, Config{ShutdownDelay: time.Millisecond, ShutdownTimeout: time.Minute})
	if got, want := next(), "READY=1\nSTATUS=serving "+strings.TrimPrefix(r.base, "http://"); got != want {
		t.Errorf("systemd is told %q, want %q", got, want)
	}
	if status, _ := get(t, r.base+"/readyz"); status != 200 {
		t.Errorf("/readyz: %d when systemd was told that it is ready", status)
	}
	r.stop()
	if got, want := next(), "STOPPING=1\nSTATUS=closing connections\nEXTEND_TIMEOUT_USEC=70001000"; got != want {
		t.Errorf("systemd is told %q, want %q", got, want)
	}
	r.end(t)
}

func TestWithoutAServiceManagerNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify("READY=1"); err != nil {
		t.Error(err)
	}
}

func TestServiceManagerThatIsGoneIsNoReasonToStop(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	r := run(t, Config{})
	if state := r.log.await(t, 1, "cannot tell systemd")["state"]; !strings.HasPrefix(state.(string), "READY=1\n") {
		t.Errorf("systemd could not be told %q", state)
	}
	if status, _ := get(t, r.base+"/readyz"); status != 200 {
		t.Errorf("/readyz: status %d", status)
	}
}
