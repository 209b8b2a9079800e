package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// reader returns a function that reads the console. Nothing wakes it: when the session has ended, the
// goroutine that reads ends with the next key.
func (t *tty) reader() (func([]byte) (int, error), error) {
	t.wake, t.release = func() {}, func() {}
	return t.in.Read, nil
}

func (t *tty) start(read func([]byte) (int, error)) { go t.read(read) }

// There are no signals: the size is looked at once a second, and nothing is suspended.
func (t *tty) notify()        {}
func (t *tty) unnotify()      {}
func resumed(os.Signal) bool  { return false }
func (t *tty) suspend() error { return nil }

// An outputMode is the console's mode as it was.
type outputMode struct{ mode uint32 }

// enable makes the console understand control functions.
func (m *outputMode) enable(out *os.File) error {
	handle := windows.Handle(out.Fd())
	if err := windows.GetConsoleMode(handle, &m.mode); err != nil {
		return err
	}
	return windows.SetConsoleMode(handle, m.mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
}

func (m *outputMode) restore(out *os.File) error {
	return windows.SetConsoleMode(windows.Handle(out.Fd()), m.mode)
}
