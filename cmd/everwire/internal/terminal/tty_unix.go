//go:build unix

package terminal

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reader returns a function that reads the terminal, and sets wake. Another way to stop a read is not to be
// had: to make the descriptor non-blocking would make it so for all programs at this terminal. Select, not
// poll: macOS's poll does not know terminals.
func (t *tty) reader() (func([]byte) (int, error), error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	t.wake = func() { w.Close() }
	t.release = func() { r.Close() }
	in, stopped := int(t.in.Fd()), int(r.Fd())
	return func(buf []byte) (int, error) {
		for {
			var fds unix.FdSet
			fds.Set(in)
			fds.Set(stopped)
			_, err := unix.Select(max(in, stopped)+1, &fds, nil, nil, nil)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return 0, err
			case fds.IsSet(stopped):
				return 0, io.EOF
			}
			n, err := unix.Read(in, buf)
			switch {
			case n > 0:
				return n, nil
			case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
				continue
			case err == nil:
				err = io.EOF
			}
			return 0, err
		}
	}, nil
}

func (t *tty) start(read func([]byte) (int, error)) { t.reading.Go(func() { t.read(read) }) }

// notify has the signals sent that tell of the terminal: its size has changed, or the program was stopped and
// goes on.
func (t *tty) notify()   { signal.Notify(t.signals, syscall.SIGWINCH, syscall.SIGCONT) }
func (t *tty) unnotify() { signal.Stop(t.signals) }

func resumed(s os.Signal) bool { return s == syscall.SIGCONT }

// suspend stops the program, as Ctrl-Z does outside of raw mode, and returns when it goes on. In a process
// group that no shell looks after, which cannot be stopped, it returns after a second. Signals that come
// meanwhile are taken: nobody needs to be told of them again.
func (t *tty) suspend() error {
	if err := t.restore(); err != nil {
		return err
	}
	for len(t.signals) > 0 { // there must be room for the one that is waited for
		<-t.signals
	}
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		return errors.Join(err, t.raw())
	}
	late := time.NewTimer(time.Second)
	defer late.Stop()
	for {
		select {
		case sig := <-t.signals:
			if !resumed(sig) {
				continue
			}
		case <-late.C:
		}
		return t.raw()
	}
}

// An outputMode is what raw mode changes of the output besides: nothing.
type outputMode struct{}

func (outputMode) enable(*os.File) error  { return nil }
func (outputMode) restore(*os.File) error { return nil }
