package wstest

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Settings that come after the wrapped connection has delivered bytes, and before Read returns them, hold
// for those bytes; what they keep back comes later, in order.
func TestSettingsReachBytesInFlight(t *testing.T) {
	for _, row := range []struct {
		name  string
		set   func(f *FaultyConn)
		first string // what the Read in flight returns
		then  func(t *testing.T, f *FaultyConn)
	}{
		{"split", func(f *FaultyConn) { f.Reads().Split(3) }, "012", func(t *testing.T, f *FaultyConn) { mustRead(t, f, "3456789") }},
		{"cut", func(f *FaultyConn) { f.Reads().CutAfter(3, CutEOF) }, "012", func(t *testing.T, f *FaultyConn) { mustFailRead(t, f, io.EOF) }},
		{"silent and back", func(f *FaultyConn) { f.Reads().CutAfter(3, CutSilent) }, "012", func(t *testing.T, f *FaultyConn) {
			f.SetReadDeadline(time.Now().Add(time.Second))
			mustFailRead(t, f, os.ErrDeadlineExceeded)
			f.SetReadDeadline(time.Time{})
			f.Reads().Clear().Split(5)
			mustRead(t, f, "3456789")
		}},
		{"corrupt", func(f *FaultyConn) { f.Reads().Corrupt(9, 1) }, "0123456788", func(t *testing.T, f *FaultyConn) {}},
		{"deadline", func(f *FaultyConn) { f.SetReadDeadline(time.Unix(1, 0)) }, "0123456789", func(t *testing.T, f *FaultyConn) {
			mustFailRead(t, f, os.ErrDeadlineExceeded)
			f.SetReadDeadline(time.Time{})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := Pipe()
				defer peer.Close()
				h := &hooked{Conn: a}
				f := Faulty(h)
				defer f.Close()
				h.read = func(p []byte) (int, error) {
					n, err := a.Read(p)
					h.read = nil
					row.set(f)
					return n, err
				}
				mustWrite(t, peer, "0123456789")
				buf := make([]byte, 100)
				if n, err := f.Read(buf); string(buf[:n]) != row.first || err != nil {
					t.Fatalf("Read gave %q, %v; want %q", buf[:n], err, row.first)
				}
				row.then(t, f)
				mustWrite(t, peer, "and on")
				if row.name != "cut" {
					mustRead(t, f, "and on")
				}
			})
		})
	}
}

// A cut that comes while bytes are in flight, and leaves none of them, lets none of them through.
func TestCutNowReachesBytesInFlight(t *testing.T) {
	for _, row := range []struct {
		how  Cut
		want error
		then string // what comes after the cut was undone
	}{
		{CutEOF, io.EOF, ""},
		{CutReset, syscall.ECONNRESET, ""},
		{CutSilent, os.ErrDeadlineExceeded, "0123"},
	} {
		t.Run(row.how.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := Pipe()
				defer peer.Close()
				h := &hooked{Conn: a}
				f := Faulty(h)
				defer f.Close()
				h.read = func(p []byte) (int, error) {
					n, err := a.Read(p)
					h.read = nil
					f.Reads().CutAfter(0, row.how)
					return n, err
				}
				mustWrite(t, peer, "0123")
				f.SetReadDeadline(time.Now().Add(time.Second))
				mustFailRead(t, f, row.want)
				f.SetReadDeadline(time.Time{})
				f.Reads().Clear()
				mustRead(t, f, row.then)
				if n := f.Reads().Bytes(); n != int64(len(row.then)) {
					t.Errorf("%d bytes passed", n)
				}
			})
		})
	}
}

// The user's function may cut where it finds something: the bytes before pass, corrupted once.
func TestCorruptFuncMayCut(t *testing.T) {
	cutAtX := func(d *Direction) {
		d.CorruptFunc(func(offset int64, b []byte) {
			for i := range b {
				if b[i] == 'x' {
					d.CutAfter(offset+int64(i), CutSilent)
				}
				b[i]++
			}
		})
	}
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		cutAtX(f.Reads())
		mustWrite(t, peer, "abcxabc")
		mustRead(t, f, "bcd")
		f.SetReadDeadline(time.Now().Add(time.Second))
		mustFailRead(t, f, os.ErrDeadlineExceeded)
		f.SetReadDeadline(time.Time{})
		f.Reads().Clear()
		mustRead(t, f, "xabc")

		cutAtX(f.Writes())
		mustWrite(t, f, "abcxabc")
		mustRead(t, peer, "bcd")
		peer.SetReadDeadline(time.Now().Add(time.Second))
		mustFailRead(t, peer, os.ErrDeadlineExceeded)
		if n := f.Writes().Bytes(); n != 3 {
			t.Errorf("%d bytes passed", n)
		}
	})
}

// Errors of the wrapped connection come through as they are, and the bytes that came with them first.
func TestErrorsOfTheWrappedConnectionPass(t *testing.T) {
	a, peer := Pipe()
	defer peer.Close()
	broken := errors.New("broken")
	f := Faulty(&hooked{
		Conn:  a,
		read:  func(p []byte) (int, error) { return copy(p, "ab"), broken },
		write: func(p []byte) (int, error) { return 1, broken },
	})
	defer f.Close()
	if n, err := f.Read(make([]byte, 10)); n != 2 || err != broken {
		t.Errorf("Read = %d, %v", n, err)
	}
	if n, err := f.Write([]byte("abc")); n != 1 || err != broken {
		t.Errorf("Write = %d, %v", n, err)
	}
	if r, w := f.Reads().Bytes(), f.Writes().Bytes(); r != 2 || w != 1 {
		t.Errorf("%d bytes read, %d written", r, w)
	}
}

// What a setting keeps back comes before the error with which it was read.
func TestErrorsOfTheWrappedConnectionWaitForKeptBytes(t *testing.T) {
	a, peer := Pipe()
	defer peer.Close()
	broken := errors.New("broken")
	h := &hooked{Conn: a}
	f := Faulty(h)
	defer f.Close()
	h.read = func(p []byte) (int, error) {
		h.read = func([]byte) (int, error) { return 0, broken }
		f.Reads().Split(1)
		return copy(p, "ab"), broken
	}
	for i, want := range []result{{1, nil}, {1, nil}, {0, broken}} {
		if n, err := f.Read(make([]byte, 10)); n != want.n || err != want.err {
			t.Errorf("Read %d = %d, %v; want %d, %v", i, n, err, want.n, want.err)
		}
	}
}

// A timeout that the wrapper did not cause is the wrapped connection's own error.
func TestTimeoutOfTheWrappedConnectionPasses(t *testing.T) {
	a, peer := Pipe()
	defer peer.Close()
	f := Faulty(a)
	defer f.Close()
	a.SetDeadline(time.Unix(1, 0))
	mustFailRead(t, f, os.ErrDeadlineExceeded)
}
