package websocket_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestSendBlobStreamsMoreThanMemory(t *testing.T) {
	size, bound := int64(64<<20), int64(24<<20)
	switch {
	case os.Getenv("EVERWIRE_LONG") != "":
		size = 1 << 30
	case websocket.PoisonBuffers: // the race detector makes every octet slow, and memory larger
		size, bound = 8<<20, 1<<30
	}
	promise(t, func(t *testing.T, a arrangement) {
		opts := &wstest.PairOptions{}
		opts.Accept.Limits.MessageSize, opts.Dial.Limits.MessageSize = -1, -1
		type result struct {
			size int64
			same bool
		}
		got := make(chan result, 1)
		var before, peak runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		a.connect(t, opts, func(s *websocket.Socket) {
			s.SetBinaryType(websocket.BlobType)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				runtime.ReadMemStats(&peak)
				b := m.Blob()
				defer b.Close()
				same, err := pattern{}.matches(b.Reader())
				if err != nil {
					t.Error(err)
				}
				got <- result{b.Size(), same}
			})
		}, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) { p.SendBlob(pattern{}, size) })
		})
		select {
		case r := <-got:
			equal(t, "blob", r, result{size, true})
		case <-time.After(4 * time.Minute):
			t.Fatal("still waiting")
		}
		if grown := int64(peak.Sys) - int64(before.Sys); grown > bound {
			t.Errorf("memory grew by %d MiB for a message of %d MiB", grown>>20, size>>20)
		}
	})
}

// pattern is endless content that tells its own place.
type pattern struct{}

func (pattern) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i < len(p); {
		x := uint64(off + int64(i))
		page := patternPages[byte(x>>8^x>>16^x>>24)]
		i += copy(p[i:], page[x%256:])
	}
	return len(p), nil
}

// patternPages holds, for each number, 256 octets that count up, mixed with the number.
var patternPages = func() (pages [256][256]byte) {
	for n := range pages {
		for i := range pages[n] {
			pages[n][i] = byte(n ^ i)
		}
	}
	return pages
}()

func (pattern) matches(r io.Reader) (bool, error) {
	got, want := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := int64(0); ; {
		n, err := io.ReadFull(r, got)
		pattern{}.ReadAt(want[:n], off)
		if !bytes.Equal(got[:n], want[:n]) {
			return false, nil
		}
		off += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

func TestControlFramesPassBetweenABlobsFragments(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		opts := &wstest.PairOptions{}
		opts.Accept.Limits.MessageSize, opts.Dial.Limits.MessageSize = -1, -1
		j := newJournal()
		gate := make(chan struct{})
		s, _ := a.connect(t, opts, nil, j.listen)
		must(t, s.SendBlob(gatedReader{pattern{}, 1 << 20, gate}, 2<<20))
		must(t, s.Ping([]byte("between"))) // when the second half cannot have been read
		close(gate)
		e := j.waitFor(t, "message")
		if !slices.Contains(e, "ping between") {
			t.Errorf("the Ping did not come before the message's end: %q", e)
		}
	})
}

// gatedReader does not read at or beyond an offset until its gate opens.
type gatedReader struct {
	io.ReaderAt
	at   int64
	gate chan struct{}
}

func (r gatedReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.at {
		<-r.gate
	}
	return r.ReaderAt.ReadAt(p, off)
}

func TestABlobThatCannotBeReadEndsTheSocketWith1011(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		mine, theirs := newJournal(), newJournal()
		s, _ := a.connect(t, nil, mine.listen, theirs.listen)
		must(t, s.SendBlob(strings.NewReader("too short"), 200<<10))
		e := theirs.waitClose(t)
		equal(t, "peer's close", e[len(e)-1], `close 1011 "" clean=true`)
		equal(t, "own events", mine.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
	})
}

func TestBlobsArriveAsFilesWhenLarge(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // other programs have such files too
	promise(t, func(t *testing.T, a arrangement) {
		sizes := []int{0, 1, 1000, 256 << 10, 256<<10 + 1, 900 << 10}
		got := make(chan error, len(sizes))
		a.connect(t, nil, func(s *websocket.Socket) {
			s.SetBinaryType(websocket.BlobType)
			equal(t, "binary type", s.BinaryType(), websocket.BlobType)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				b := m.Blob()
				same, err := pattern{}.matches(b.Reader())
				if err == nil && (!same || b.Size() != m.Len() || int64(len(m.Bytes())) != b.Size()) {
					err = fmt.Errorf("blob of %d: same=%v, message says %d", b.Size(), same, m.Len())
				}
				got <- err
				b.Close()
			})
		}, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) {
				for _, n := range sizes {
					data := make([]byte, n)
					pattern{}.ReadAt(data, 0)
					p.Send(data)
				}
			})
		})
		for range sizes {
			must(t, <-got)
		}
		left, _ := os.ReadDir(os.TempDir())
		for _, f := range left {
			if strings.HasPrefix(f.Name(), "everwire-blob-") {
				t.Errorf("a temporary file was left: %s", f.Name())
			}
		}
	})
}

// panickingReader is a program's fault.
type panickingReader struct{}

func (panickingReader) ReadAt([]byte, int64) (int, error) { panic("boom") }

func TestABlobWhoseReaderPanicsEndsTheSocketWith1011(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		mine, theirs := newJournal(), newJournal()
		s, _ := a.connect(t, nil, mine.listen, theirs.listen)
		must(t, s.SendBlob(panickingReader{}, 5))
		e := theirs.waitClose(t)
		equal(t, "peer's close", e[len(e)-1], `close 1011 "" clean=true`)
		equal(t, "own events", mine.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
	})
}
