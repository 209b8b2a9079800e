package terminal

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/term"
)

// A tty is the terminal in raw mode.
type tty struct {
	in, out *os.File
	cooked  *term.State // how it was
	input   chan []byte // what was typed; closed when the terminal is gone
	signals chan os.Signal
	stop    chan struct{}
	reading sync.WaitGroup
	wake    func() // makes a read return that waits
	release func() // what wake needed
	output  outputMode
}

func openTTY(in, out *os.File) (*tty, error) {
	t := &tty{in: in, out: out, input: make(chan []byte), signals: make(chan os.Signal, 8), stop: make(chan struct{})}
	if err := t.raw(); err != nil {
		if t.cooked != nil { // the output is what cannot be used
			err = errors.Join(err, term.Restore(int(in.Fd()), t.cooked))
		}
		return nil, err
	}
	read, err := t.reader()
	if err != nil {
		return nil, errors.Join(err, t.restore())
	}
	t.notify()
	t.start(read)
	return t, nil
}

// raw puts the terminal into raw mode: keys come one by one, and none of them is a signal.
func (t *tty) raw() error {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return err
	}
	if t.cooked == nil {
		t.cooked = state
	}
	return t.output.enable(t.out)
}

// restore puts it back as it was.
func (t *tty) restore() error {
	return errors.Join(term.Restore(int(t.in.Fd()), t.cooked), t.output.restore(t.out))
}

// size is how many columns and rows there are; 80 by 24 if the terminal does not say.
func (t *tty) size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(t.out.Fd()))
	if err != nil || columns <= 0 || rows <= 0 {
		return 80, 24
	}
	return columns, rows
}

// read hands on what is typed, until the terminal is gone or stop is closed.
func (t *tty) read(read func([]byte) (int, error)) {
	defer close(t.input)
	buf := make([]byte, 4096)
	for {
		n, err := read(buf)
		if n > 0 {
			select {
			case t.input <- append([]byte(nil), buf[:n]...):
			case <-t.stop:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// close restores the terminal and waits until nothing of it is read any more.
func (t *tty) close() error {
	t.unnotify()
	close(t.stop)
	t.wake()
	t.reading.Wait()
	t.release()
	return t.restore()
}
