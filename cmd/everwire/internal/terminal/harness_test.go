//go:build unix

package terminal

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/everwire/everwire/websocket"
)

// A peer is a server, and what it has received.
type peer struct {
	url     string
	sockets chan *websocket.Socket // as they connect
	got     chan string
}

// serve starts a server that echoes; or does else what a function wants for each message.
func serve(t *testing.T, onMessage func(*websocket.Socket, websocket.Message)) *peer {
	t.Helper()
	if onMessage == nil {
		onMessage = func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) }
	}
	p := &peer{sockets: make(chan *websocket.Socket, 100), got: make(chan string, 10000)}
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			p.got <- m.Type().String() + ":" + m.Text()
			onMessage(s, m)
		})
		s.OnPing(func(s *websocket.Socket, payload []byte) {
			if !strings.HasPrefix(string(payload), ownPing) {
				p.got <- "ping:" + string(payload)
			}
		})
		s.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) {
			p.got <- strings.TrimSpace("close:" + closing(e.Code, e.Reason))
		})
		p.sockets <- s
	})
	ts := httptest.NewServer(srv)
	t.Cleanup(func() {
		srv.Close()
		ts.Close()
	})
	p.url = "ws" + strings.TrimPrefix(ts.URL, "http")
	return p
}

// expect waits for what the server should receive next.
func (p *peer) expect(t *testing.T, want string) {
	t.Helper()
	if got := within(t, p.got); got != want {
		t.Fatalf("the server received %.200q, want %.200q", got, want)
	}
}

// A user is somebody at a terminal that has a session.
type user struct {
	*vt
	t      *testing.T
	master *os.File
	slave  *os.File
	result chan error
	left   chan struct{} // closed once Run has returned
	cancel context.CancelFunc
	copied sync.WaitGroup
}

// sit starts a session with a server, in a terminal of 80 columns and 24 rows.
func sit(t *testing.T, url string, change ...func(*Config)) *user {
	t.Helper()
	return sitAt(t, 80, 24, url, change...)
}

func sitAt(t *testing.T, columns, rows int, url string, change ...func(*Config)) *user {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	u := &user{vt: newVT(columns, rows), t: t, result: make(chan error, 1), left: make(chan struct{})}
	u.open(columns, rows)
	c := Config{Name: url, In: u.slave, Out: u.slave, Open: opener(url), Color: true}
	for _, f := range change {
		f(&c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	u.cancel = cancel
	go func() {
		defer close(u.left)
		u.result <- Run(ctx, c)
	}()
	t.Cleanup(func() {
		cancel()
		<-u.left
		u.close()
		if len(u.foreign) > 0 {
			t.Errorf("control functions that the terminal should not get: %q", u.foreign)
		}
	})
	return u
}

// open makes the pseudo-terminal. Its master is made such that closing it hangs up at once, even while it is read.
func (u *user) open(columns, rows int) {
	u.t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		u.t.Fatal(err)
	}
	defer master.Close()
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		u.t.Fatal(err)
	}
	unix.SetNonblock(fd, true)
	u.master, u.slave = os.NewFile(uintptr(fd), "master"), slave
	u.setSize(columns, rows)
	u.copied.Go(func() { io.Copy(u.vt, u.master) })
}

func (u *user) setSize(columns, rows int) {
	u.t.Helper()
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}
	if err := unix.IoctlSetWinsize(int(u.slave.Fd()), unix.TIOCSWINSZ, size); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) close() {
	u.slave.Close()
	u.copied.Wait() // the master's end comes when nobody has the slave any more
	u.master.Close()
}

func opener(url string) func(context.Context, func(*websocket.Socket)) error {
	return func(ctx context.Context, setup func(*websocket.Socket)) error {
		_, err := websocket.New(url, nil, setup)
		return err
	}
}

// types sends keys.
func (u *user) types(keys string) {
	u.t.Helper()
	if _, err := io.WriteString(u.master, keys); err != nil {
		u.t.Fatal(err)
	}
}

// leaves waits for the end of the session.
func (u *user) leaves() error {
	u.t.Helper()
	return within(u.t, u.result)
}

// resizeTo changes the window.
func (u *user) resizeTo(columns, rows int) {
	u.t.Helper()
	u.vt.resize(columns, rows)
	u.setSize(columns, rows)
	syscall.Kill(os.Getpid(), syscall.SIGWINCH) // it is not the test's controlling terminal
}
