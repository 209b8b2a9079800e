package wstest

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestCutString(t *testing.T) {
	for c, want := range map[Cut]string{
		0: "no cut", CutEOF: "CutEOF", CutReset: "CutReset", CutSilent: "CutSilent", 9: "Cut(9)",
	} {
		if got := c.String(); got != want {
			t.Errorf("Cut(%d) is %q, want %q", uint8(c), got, want)
		}
	}
}

func TestCutReads(t *testing.T) {
	for _, row := range []struct {
		how  Cut
		want error // of this end's further Reads
	}{
		{CutEOF, io.EOF},
		{CutReset, syscall.ECONNRESET},
		{CutSilent, os.ErrDeadlineExceeded},
	} {
		t.Run(row.how.String(), func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				f.Reads().CutAfter(4, row.how)
				mustWrite(t, peer, "0123456789")
				mustRead(t, f, "0123")
				f.SetDeadline(time.Now().Add(time.Hour))
				for range 2 {
					mustFailRead(t, f, row.want)
				}
				f.SetDeadline(time.Time{})

				_, err := f.Write([]byte("other way"))
				if row.how == CutReset {
					mustFail(t, err, syscall.ECONNRESET)
					mustFailRead(t, peer, syscall.ECONNRESET)
					mustFail(t, f.CloseWrite(), syscall.ENOTCONN)
					if err := f.SetLinger(0); err != nil {
						t.Error(err)
					}
				} else if err != nil {
					t.Error(err)
				} else {
					mustRead(t, peer, "other way")
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestCutWrites(t *testing.T) {
	for _, row := range []struct {
		how   Cut
		err   error // of the Write that crosses the cut, and of further ones
		peers string
		then  error // of the peer's Reads
	}{
		{CutEOF, syscall.EPIPE, "0123", io.EOF},
		{CutReset, syscall.ECONNRESET, "", syscall.ECONNRESET},
		{CutSilent, nil, "0123", os.ErrDeadlineExceeded},
	} {
		t.Run(row.how.String(), func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				f.Writes().CutAfter(4, row.how)
				sent := 4
				if row.err == nil {
					sent = 10
				}
				if n, err := f.Write([]byte("0123456789")); n != sent {
					t.Errorf("Write across the cut = %d, %v; want %d", n, err, sent)
				} else if row.err != nil {
					mustFail(t, err, row.err)
				}
				if n, err := f.Write([]byte("more")); row.err == nil && (n != 4 || err != nil) {
					t.Errorf("Write past the cut = %d, %v", n, err)
				} else if row.err != nil {
					mustFail(t, err, row.err)
				}
				mustRead(t, peer, row.peers)
				peer.SetReadDeadline(time.Now().Add(time.Hour))
				mustFailRead(t, peer, row.then)

				if row.how != CutReset {
					mustWrite(t, peer, "other way")
					mustRead(t, f, "other way")
				}
			})
		})
	}
}

// The cut is there as soon as the last byte before it has passed, not when the next is tried.
func TestCutComesWithItsLastByte(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		f.Writes().CutAfter(4, CutEOF)
		mustWrite(t, f, "0123")
		mustRead(t, peer, "0123")
		mustFailRead(t, peer, io.EOF)

		f.Reads().CutAfter(4, CutReset)
		mustWrite(t, peer, "0123")
		mustRead(t, f, "0123")
		_, err := peer.Write([]byte("x"))
		mustFail(t, err, syscall.ECONNRESET)
	})
}

func TestCutNowInterruptsWaitingCalls(t *testing.T) {
	for _, row := range []struct {
		name  string
		cut   func(f *FaultyConn)
		read  error // nil: goes on waiting
		write error // nil: succeeds
	}{
		{"reads EOF, writes EOF", func(f *FaultyConn) { f.Reads().CutAfter(0, CutEOF); f.Writes().CutAfter(0, CutEOF) }, io.EOF, syscall.EPIPE},
		{"negative", func(f *FaultyConn) { f.Reads().CutAfter(-5, CutEOF); f.Writes().CutAfter(-5, CutEOF) }, io.EOF, syscall.EPIPE},
		{"reads reset", func(f *FaultyConn) { f.Reads().CutAfter(0, CutReset) }, syscall.ECONNRESET, syscall.ECONNRESET},
		{"writes reset", func(f *FaultyConn) { f.Writes().CutAfter(0, CutReset) }, syscall.ECONNRESET, syscall.ECONNRESET},
		{"silent", func(f *FaultyConn) { f.Reads().CutAfter(0, CutSilent); f.Writes().CutAfter(0, CutSilent) }, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				const size = 100_000 // more than the pipe holds
				reads := []<-chan result{inBackground(f.Read, make([]byte, 1)), inBackground(f.Read, make([]byte, 1))}
				writes := []<-chan result{inBackground(f.Write, make([]byte, size)), inBackground(f.Write, make([]byte, size))}
				synctest.Wait()
				row.cut(f)
				for _, w := range writes {
					if r := <-w; row.write != nil {
						mustFail(t, r.err, row.write)
					} else if r.n != size || r.err != nil {
						t.Errorf("Write = %d, %v", r.n, r.err)
					}
				}
				if row.read == nil {
					mustWrite(t, peer, "unheard")
					synctest.Wait()
					for _, read := range reads {
						select {
						case r := <-read:
							t.Errorf("Read = %d, %v", r.n, r.err)
						default:
						}
					}
					f.SetReadDeadline(time.Unix(1, 0))
					row.read = os.ErrDeadlineExceeded
				}
				for _, read := range reads {
					mustFail(t, (<-read).err, row.read)
				}
			})
		})
	}
}

// A cut set while a Write waits, at an offset which that Write has not reached, stops it there.
func TestCutAheadOfAWaitingWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := Pipe(PipeSize(4))
		f := Faulty(a)
		defer peer.Close()
		defer f.Close()
		write := inBackground(f.Write, []byte("0123456789"))
		synctest.Wait()
		f.Writes().CutAfter(6, CutEOF)
		got, err := io.ReadAll(peer)
		if string(got) != "012345" || err != nil {
			t.Errorf("the peer read %q, %v", got, err)
		}
		r := <-write
		mustFail(t, r.err, syscall.EPIPE)
		if r.n != 6 {
			t.Errorf("Write = %d", r.n)
		}
	})
}

func TestCutAtAnOffsetThatHasPassedIsNow(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		mustWrite(t, f, "01234567")
		f.Writes().CutAfter(4, CutEOF)
		mustRead(t, peer, "01234567")
		mustFailRead(t, peer, io.EOF)
	})
}

func TestCutRemovedInTime(t *testing.T) {
	for _, row := range []struct {
		name   string
		remove func(d *Direction)
	}{
		{"zero Cut", func(d *Direction) { d.CutAfter(0, 0) }},
		{"Clear", func(d *Direction) { d.Clear() }},
		{"replaced", func(d *Direction) { d.CutAfter(1000, CutReset) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				f.Writes().CutAfter(4, CutEOF)
				mustWrite(t, f, "012")
				row.remove(f.Writes())
				mustWrite(t, f, "345")
				mustRead(t, peer, "012345")
			})
		})
	}
}

func TestCutInEffectIsFinal(t *testing.T) {
	for _, row := range []struct {
		how         Cut
		read, write error
	}{
		{CutEOF, io.EOF, syscall.EPIPE},
		{CutReset, syscall.ECONNRESET, syscall.ECONNRESET},
	} {
		t.Run(row.how.String(), func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				for _, d := range []*Direction{f.Reads(), f.Writes()} {
					d.CutAfter(0, row.how).CutAfter(1000, CutReset).Clear()
				}
				peer.Write([]byte("x"))
				mustFailRead(t, f, row.read)
				_, err := f.Write([]byte("x"))
				mustFail(t, err, row.write)
			})
		})
	}
}

func TestCutSilentReadsUndoneLoseNothing(t *testing.T) {
	for _, row := range []struct {
		name string
		undo func(d *Direction)
	}{
		{"Clear", func(d *Direction) { d.Clear() }},
		{"zero Cut", func(d *Direction) { d.CutAfter(0, 0) }},
		{"a later cut", func(d *Direction) { d.CutAfter(1000, CutEOF) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				f.Reads().CutAfter(4, CutSilent)
				mustWrite(t, peer, "01234567")
				peer.CloseWrite()
				mustRead(t, f, "0123")
				read := inBackground(f.Read, make([]byte, 2))
				time.Sleep(time.Hour)
				synctest.Wait()
				select {
				case r := <-read:
					t.Fatalf("Read through the cut = %d, %v", r.n, r.err)
				default:
				}
				row.undo(f.Reads())
				if r := <-read; r.n != 2 || r.err != nil {
					t.Errorf("Read = %d, %v", r.n, r.err)
				}
				mustRead(t, f, "67")
				mustFailRead(t, f, io.EOF)
			})
		})
	}
}

// A peer behind a black hole learns nothing, not even of Close, until the cut is undone.
func TestCutSilentHidesTheEnd(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(t *testing.T, f *FaultyConn)
		undo func(f *FaultyConn)
		want error // of the peer's Read after undo
	}{
		{"close", func(t *testing.T, f *FaultyConn) { f.Close() },
			func(f *FaultyConn) { f.Writes().Clear() }, io.EOF},
		{"close, then closed below", func(t *testing.T, f *FaultyConn) { f.Close() },
			func(f *FaultyConn) { f.NetConn().Close() }, io.EOF},
		{"close, then a reset", func(t *testing.T, f *FaultyConn) { f.Close() },
			func(f *FaultyConn) { f.Writes().CutAfter(0, CutReset) }, syscall.ECONNRESET},
		{"linger 0 and close", func(t *testing.T, f *FaultyConn) { f.SetLinger(0); f.Close() },
			func(f *FaultyConn) { f.Writes().Clear() }, syscall.ECONNRESET},
		{"half-close", func(t *testing.T, f *FaultyConn) {
			mustCloseWrite(t, f)
			_, err := f.Write([]byte("x"))
			mustFail(t, err, syscall.EPIPE)
		}, func(f *FaultyConn) { f.Writes().Clear() }, io.EOF},
		{"half-close, reads cut", func(t *testing.T, f *FaultyConn) {
			mustCloseWrite(t, f)
			f.Reads().CutAfter(0, CutEOF)
		}, func(f *FaultyConn) { f.Writes().Clear() }, io.EOF},
		{"reads reset", func(t *testing.T, f *FaultyConn) {
			f.Reads().CutAfter(0, CutReset)
			mustFailRead(t, f, syscall.ECONNRESET)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}, func(f *FaultyConn) { f.Writes().Clear() }, syscall.ECONNRESET},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				f.Writes().CutAfter(0, CutSilent)
				row.end(t, f)
				began := time.Now()
				peer.SetReadDeadline(began.Add(time.Hour))
				mustFailRead(t, peer, os.ErrDeadlineExceeded)
				peer.SetReadDeadline(time.Time{})
				row.undo(f)
				mustFailRead(t, peer, row.want)
			})
		})
	}
}

// Close interrupts calls also where it must not close what they wait in.
func TestCutSilentCloseInterruptsWaitingRead(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		read := inBackground(f.Read, make([]byte, 1))
		synctest.Wait()
		f.Writes().CutAfter(0, CutSilent)
		f.Close()
		mustFail(t, (<-read).err, net.ErrClosed)
		mustWrite(t, peer, "into a socket that nobody reads")
	})
}
