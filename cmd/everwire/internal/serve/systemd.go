package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	firstPassed = 3 // SD_LISTEN_FDS_START of sd_listen_fds(3)

	// metricsSocket is the FileDescriptorName= of the socket for metrics. One of any other name is for clients.
	metricsSocket = "metrics"
)

// passed are the listeners that systemd has opened for this process; nil what it has not.
type passed struct{ clients, metrics net.Listener }

// passedListeners takes over what systemd passes by socket activation (sd_listen_fds(3)), and takes the variables that
// tell of it out of the environment. They count for the process they name, not for one that it has started.
func passedListeners() (p passed, err error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	if pid != strconv.Itoa(os.Getpid()) {
		return passed{}, nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return passed{}, fmt.Errorf("the variable LISTEN_FDS=%q is not how many sockets systemd passes", count)
	}
	return adopt(firstPassed, n, strings.Split(names, ":"))
}

// adopt makes listeners of n descriptors from first on. If it fails none stays open.
func adopt(first, n int, names []string) (p passed, err error) {
	for i := range n {
		name := ""
		if i < len(names) {
			name = names[i]
		}
		file := os.NewFile(uintptr(first+i), name)
		if err == nil {
			err = p.take(file, name)
		}
		file.Close() // the listener has a duplicate, which no child of this process inherits
	}
	if err != nil {
		p.close()
		return passed{}, err
	}
	return p, nil
}

func (p *passed) take(file *os.File, name string) error {
	ln, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("systemd passes a socket, %q, that takes no connections: its unit must have ListenStream= "+
			"and no Accept=yes: %w", name, err)
	}
	place := &p.clients
	if name == metricsSocket {
		place = &p.metrics
	}
	if *place != nil {
		ln.Close()
		return errors.New("systemd passes two sockets for the same use; everwire serve takes one for clients, and one " +
			"for metrics whose unit has FileDescriptorName=metrics")
	}
	*place = ln
	return nil
}

func (p *passed) close() {
	for _, ln := range []net.Listener{p.clients, p.metrics} {
		if ln != nil {
			ln.Close()
		}
	}
}

// notify tells the service manager, if one wants to be told, where the process is in its life (sd_notify(3)).
func notify(state string) error {
	at := os.Getenv("NOTIFY_SOCKET") // a path, or @ and a name
	if at == "" {
		return nil
	}
	manager, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer manager.Close()
	_, err = manager.Write([]byte(state))
	return err
}

// tell is notify for who goes on without it.
func tell(log *slog.Logger, state string) {
	if err := notify(state); err != nil {
		log.Warn("cannot tell systemd", "state", state, "error", err)
	}
}

// lastOfAll is for what comes after the last connection: requests, the rooms, the cluster.
const lastOfAll = 10 * time.Second

// stopping is the state of a server that ends within a time: systemd waits for so long, whatever TimeoutStopSec= is.
func stopping(within time.Duration) string {
	return fmt.Sprintf("STOPPING=1\nSTATUS=closing connections\nEXTEND_TIMEOUT_USEC=%d", (within + lastOfAll).Microseconds())
}
