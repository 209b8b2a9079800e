package wstest

import (
	"bytes"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// inFaulty runs test in a bubble with a FaultyConn over a Pipe, whose other end is peer.
func inFaulty(t *testing.T, test func(t *testing.T, f *FaultyConn, peer *PipeConn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		f := Faulty(a)
		defer b.Close()
		defer a.Close()
		defer f.Close()
		test(t, f, b.(*PipeConn))
	})
}

// hooked is a connection whose calls can be watched.
type hooked struct {
	net.Conn
	read, write func(p []byte) (int, error)
}

func (h *hooked) Read(p []byte) (int, error) {
	if h.read == nil {
		return h.Conn.Read(p)
	}
	return h.read(p)
}

func (h *hooked) Write(p []byte) (int, error) {
	if h.write == nil {
		return h.Conn.Write(p)
	}
	return h.write(p)
}

// readSizes reads n bytes with Reads of at most size, and returns how much each gave.
func readSizes(t *testing.T, c net.Conn, n, size int) (sizes []int) {
	t.Helper()
	for n > 0 {
		k, err := c.Read(make([]byte, min(n, size)))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, k)
		n -= k
	}
	return sizes
}

// Settings that split, and the pieces into which 12 bytes then fall.
var splitRows = []struct {
	name string
	set  func(d *Direction)
	want []int
}{
	{"not at all", func(d *Direction) {}, []int{12}},
	{"by 1", func(d *Direction) { d.Split(1) }, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
	{"by 5", func(d *Direction) { d.Split(5) }, []int{5, 5, 2}},
	{"by 100", func(d *Direction) { d.Split(100) }, []int{12}},
	{"by 0", func(d *Direction) { d.Split(5).Split(0) }, []int{12}},
	{"by -1", func(d *Direction) { d.Split(5).Split(-1) }, []int{12}},
	{"at offsets", func(d *Direction) { d.SplitAt(1, 4) }, []int{1, 3, 8}},
	{"at offsets in disorder", func(d *Direction) { d.SplitAt(100, 4, 0, -7, 1, 4) }, []int{1, 3, 8}},
	{"at offsets, the last first", func(d *Direction) { d.SplitAt(4, 1) }, []int{1, 3, 8}},
	{"at no offsets", func(d *Direction) { d.SplitAt(1).SplitAt() }, []int{12}},
	{"by 3 and at offsets", func(d *Direction) { d.SplitAt(4, 5).Split(3) }, []int{3, 1, 1, 3, 3, 1}},
	{"random to 1", func(d *Direction) { d.SplitRandom(1, 1) }, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
	{"random to 0", func(d *Direction) { d.SplitRandom(1, 1).SplitRandom(1, 0) }, []int{12}},
	{"cut later", func(d *Direction) { d.CutAfter(7, CutEOF).CutAfter(13, CutEOF) }, []int{12}},
	{"cleared", func(d *Direction) { d.Split(1).SplitAt(4).SplitRandom(1, 1).Clear() }, []int{12}},
}

func TestSplitReads(t *testing.T) {
	for _, row := range splitRows {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				row.set(f.Reads())
				mustWrite(t, peer, "0123456789ab")
				if got := readSizes(t, f, 12, 12); !slices.Equal(got, row.want) {
					t.Errorf("Reads gave %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestSplitWrites(t *testing.T) {
	for _, row := range splitRows {
		t.Run(row.name, func(t *testing.T) {
			var got []int
			a, b := Pipe()
			f := Faulty(&hooked{Conn: a, write: func(p []byte) (int, error) {
				got = append(got, len(p))
				return a.Write(p)
			}})
			defer b.Close()
			defer f.Close()
			row.set(f.Writes())
			mustWrite(t, f, "0123456789ab")
			mustRead(t, b, "0123456789ab")
			if !slices.Equal(got, row.want) {
				t.Errorf("Writes of %v, want %v", got, row.want)
			}
		})
	}
}

// ends are the offsets at which pieces of these sizes end.
func ends(sizes []int) (at []int) {
	sum := 0
	for _, n := range sizes {
		sum += n
		at = append(at, sum)
	}
	return at
}

func TestSplitRandomDependsOnTheSeedOnly(t *testing.T) {
	const total, most = 500, 20
	run := func(seed uint64, size int) (at []int) {
		inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
			f.Reads().SplitRandom(seed, most)
			mustWrite(t, peer, string(make([]byte, total)))
			at = ends(readSizes(t, f, total, size))
		})
		return at
	}
	whole := run(1, total)
	if again := run(1, total); !slices.Equal(whole, again) {
		t.Errorf("the same seed gives %v and %v", whole, again)
	}
	if other := run(2, total); slices.Equal(whole, other) {
		t.Errorf("seeds 1 and 2 give the same %v", whole)
	}
	small := run(1, 3)
	for _, at := range whole {
		if !slices.Contains(small, at) {
			t.Errorf("with Reads of 3 bytes no piece ends at %d", at)
		}
	}
	longest := 0
	for i, at := range whole[1:] {
		longest = max(longest, at-whole[i])
	}
	if longest > most || longest == 1 {
		t.Errorf("longest piece is %d, want random ones to %d", longest, most)
	}
}

func TestSplitRandomStartsWhereTheStreamIs(t *testing.T) {
	const total = 200
	after := func(passed int) (sizes []int) {
		inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
			mustWrite(t, peer, string(make([]byte, passed+total)))
			readSizes(t, f, passed, passed)
			f.Reads().SplitRandom(1, 50)
			sizes = readSizes(t, f, total, total)
		})
		return sizes
	}
	if start, later := after(0), after(333); !slices.Equal(start, later) {
		t.Errorf("pieces of %v at the start of the stream, of %v later", start, later)
	}
}

func TestDelayComesBeforeEachPiece(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		f.Writes().Split(2).Delay(time.Second)
		began := time.Now()
		mustWrite(t, f, "01234")
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("3 pieces written in %v", took)
		}
		mustRead(t, peer, "01234")

		mustWrite(t, peer, "01234")
		f.Reads().Split(2).Delay(time.Minute)
		began = time.Now()
		mustRead(t, f, "01234")
		if took := time.Since(began); took != 3*time.Minute {
			t.Errorf("3 pieces read in %v", took)
		}
	})
}

func TestDelayOfAReadIsOverWhenDataComesLater(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		f.Reads().Delay(time.Second)
		began := time.Now()
		read := inBackground(f.Read, make([]byte, 1))
		time.Sleep(time.Minute)
		mustWrite(t, peer, "x")
		if r := <-read; r.n != 1 || r.err != nil {
			t.Errorf("Read = %d, %v", r.n, r.err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("read after %v", took)
		}
	})
}

func TestDelayIsEndedBy(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(f *FaultyConn)
		want error
		at   time.Duration
	}{
		{"deadline", func(f *FaultyConn) { f.SetDeadline(time.Now().Add(time.Second)) }, os.ErrDeadlineExceeded, time.Second},
		{"deadline in the past", func(f *FaultyConn) { f.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded, 0},
		{"close", func(f *FaultyConn) { f.Close() }, net.ErrClosed, 0},
		{"shorter delay", func(f *FaultyConn) { f.Reads().Delay(time.Second); f.Writes().Delay(time.Second) }, nil, time.Second},
		{"no delay", func(f *FaultyConn) { f.Reads().Delay(0); f.Writes().Delay(0) }, nil, 0},
		{"clear", func(f *FaultyConn) { f.Reads().Clear(); f.Writes().Clear() }, nil, 0},
		{"longer delay", func(f *FaultyConn) { f.Reads().Delay(2 * time.Hour); f.Writes().Delay(2 * time.Hour) }, nil, 2 * time.Hour},
		{"nothing", func(f *FaultyConn) {}, nil, time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				mustWrite(t, peer, "x")
				f.Reads().Delay(time.Hour)
				f.Writes().Delay(time.Hour)
				began := time.Now()
				calls := map[string]<-chan result{
					"Read":  inBackground(f.Read, make([]byte, 1)),
					"Write": inBackground(f.Write, make([]byte, 1)),
				}
				synctest.Wait()
				row.end(f)
				for name, call := range calls {
					r := <-call
					if row.want != nil {
						mustFail(t, r.err, row.want)
					} else if r.n != 1 || r.err != nil {
						t.Errorf("%s = %d, %v", name, r.n, r.err)
					}
					if took := time.Since(began); took != row.at {
						t.Errorf("%s ended after %v, want %v", name, took, row.at)
					}
				}
			})
		})
	}
}

func TestCorrupt(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(d *Direction)
		want string
	}{
		{"nothing", func(d *Direction) {}, "aaaaaaaa"},
		{"first", func(d *Direction) { d.Corrupt(0, 0x02) }, "caaaaaaa"},
		{"several", func(d *Direction) { d.Corrupt(1, 0x02).Corrupt(7, 0x04).Corrupt(8, 0xff) }, "acaaaaae"},
		{"never", func(d *Direction) { d.Corrupt(-1, 0xff) }, "aaaaaaaa"},
		{"replaced", func(d *Direction) { d.Corrupt(1, 0xff).Corrupt(1, 0x02) }, "acaaaaaa"},
		{"taken back", func(d *Direction) { d.Corrupt(1, 0xff).Corrupt(2, 2).Corrupt(1, 0) }, "aacaaaaa"},
		{"cleared", func(d *Direction) { d.Corrupt(1, 0xff).CorruptFunc(func(_ int64, b []byte) { clear(b) }).Clear() }, "aaaaaaaa"},
		{"in pieces", func(d *Direction) { d.Split(3).Corrupt(2, 0x02).Corrupt(3, 0x04) }, "aaceaaaa"},
		{"function", func(d *Direction) {
			d.Split(3).CorruptFunc(func(offset int64, b []byte) {
				for i := range b {
					b[i] = '0' + byte(offset)
				}
			})
		}, "00033366"},
		{"function after masks", func(d *Direction) {
			d.Corrupt(1, 0x02).CorruptFunc(func(_ int64, b []byte) { copy(b, bytes.ToUpper(b)) })
		}, "ACAAAAAA"},
		{"no function", func(d *Direction) { d.CorruptFunc(func(_ int64, b []byte) { clear(b) }).CorruptFunc(nil) }, "aaaaaaaa"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				row.set(f.Reads())
				mustWrite(t, peer, "aaaaaaaa")
				mustRead(t, f, row.want)

				row.set(f.Writes())
				sent := []byte("aaaaaaaa")
				if n, err := f.Write(sent); n != len(sent) || err != nil {
					t.Fatalf("Write = %d, %v", n, err)
				}
				mustRead(t, peer, row.want)
				if string(sent) != "aaaaaaaa" {
					t.Errorf("the caller's slice became %q", sent)
				}
			})
		})
	}
}

// Of a Write that the deadline interrupts, the function sees the rest again, unchanged, at its own offset.
func TestCorruptFuncAfterAnInterruptedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := Pipe(PipeSize(4))
		f := Faulty(a)
		defer peer.Close()
		defer f.Close()
		f.Writes().CorruptFunc(func(offset int64, b []byte) {
			for i := range b {
				b[i] += byte(offset) + byte(i)
			}
		})
		f.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := f.Write([]byte("aaaaaaa"))
		mustFail(t, err, os.ErrDeadlineExceeded)
		mustRead(t, peer, "abcd")
		f.SetWriteDeadline(time.Time{})
		mustWrite(t, f, "aaaaaaa"[n:])
		mustRead(t, peer, "efg")
	})
}

func TestBytesCountsWhatPassed(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		check := func(reads, writes int64) {
			t.Helper()
			if r, w := f.Reads().Bytes(), f.Writes().Bytes(); r != reads || w != writes {
				t.Errorf("%d read, %d written; want %d, %d", r, w, reads, writes)
			}
		}
		check(0, 0)
		mustWrite(t, peer, "01234")
		check(0, 0)
		mustRead(t, f, "0123")
		check(4, 0)
		mustWrite(t, f, "012345")
		check(4, 6)
		f.Writes().CutAfter(8, CutSilent)
		mustWrite(t, f, "678")
		check(4, 8)
		f.Reads().Clear()
		check(4, 8)
	})
}

// Whatever is set and unset while bytes flow, none is lost, repeated or moved.
func TestSettingsChangedWhileRunningLoseNothing(t *testing.T) {
	for _, over := range []struct {
		name   string
		pair   func(*testing.T) (a, b net.Conn)
		bubble bool
	}{
		{"pipe", pipePair(PipeSize(1000)), true},
		{"tcp", tcpPair, false},
	} {
		run := func(t *testing.T) {
			a, b := over.pair(t)
			from, to := Faulty(a), Faulty(b)
			defer from.Close()
			defer to.Close()
			all := someBytes(5, 300_000)
			write := inBackground(func(p []byte) (int, error) {
				defer from.CloseWrite()
				return from.Write(p)
			}, all)
			read := make(chan []byte, 1)
			go func() {
				got, err := io.ReadAll(to)
				if err != nil {
					t.Error(err)
				}
				read <- got
			}()
			settings := []func(d *Direction){
				func(d *Direction) { d.Split(100) },
				func(d *Direction) { d.SplitAt(d.Bytes()+1, d.Bytes()+10) },
				func(d *Direction) { d.SplitRandom(1, 200) },
				func(d *Direction) { d.Delay(time.Microsecond) },
				func(d *Direction) { d.CorruptFunc(func(_ int64, b []byte) {}) },
				func(d *Direction) { d.CutAfter(1<<40, CutReset) },
				func(d *Direction) { d.Clear() },
			}
			for i := 0; ; i++ {
				select {
				case got := <-read:
					if r := <-write; r.n != len(all) || r.err != nil {
						t.Errorf("Write = %d, %v", r.n, r.err)
					}
					if !bytes.Equal(got, all) {
						t.Errorf("%d bytes arrived, or others than the %d that were written", len(got), len(all))
					}
					return
				default:
				}
				settings[i%len(settings)](from.Writes())
				settings[i%len(settings)](to.Reads())
				to.Reads().CutAfter(to.Reads().Bytes()+50, CutSilent)
				to.Reads().CutAfter(0, 0)
				if over.bubble {
					time.Sleep(10 * time.Microsecond)
				}
			}
		}
		t.Run(over.name, func(t *testing.T) {
			if over.bubble {
				synctest.Test(t, run)
			} else {
				run(t)
			}
		})
	}
}
