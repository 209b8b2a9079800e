package websocket_test

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestSendNeverBlocksAndCopies(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, nil, j.listen)
		p.Pause()
		data := make([]byte, 100<<10)
		for i := range 50 { // far more than the stream holds
			for k := range data {
				data[k] = 'a' + byte(i%26)
			}
			must(t, s.Send(data))
		}
		clear(data)
		p.Resume()
		e := j.wait(t, func(e []string) bool { return count(e, "message") == 50 })
		for i, entry := range e[1:] {
			equal(t, "message", entry, "message "+short(strings.Repeat(string(rune('a'+i%26)), 100<<10)))
		}
	})
}

func TestSendsLeaveInOrderBroadcastsIncluded(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, _ := a.connect(t, nil, nil, j.listen)
		var g websocket.Group
		g.Add(s)
		var want []string
		for i := range 300 {
			text := fmt.Sprint(i)
			want = append(want, "message "+text)
			switch i % 4 {
			case 0:
				must(t, s.SendText(text))
			case 1:
				p, err := websocket.Prepare(websocket.Text, []byte(text))
				must(t, err)
				equal(t, "members reached", g.Publish(p), 1)
			case 2:
				must(t, s.SendBlob(strings.NewReader(text), int64(len(text))))
			case 3:
				must(t, s.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(text), Key: "k"}))
			}
		}
		equal(t, "events", j.wait(t, func(e []string) bool { return len(e) == 301 })[1:], want)
	})
}

func TestSendOutsideOpenIsRefusedAndCounts(t *testing.T) {
	s, err := websocket.New("ws://127.0.0.1:1/", &websocket.DialOptions{
		DialContext: wstest.Listen().Dial, // nobody accepts: it stays CONNECTING
	}, nil)
	must(t, err)
	equal(t, "state", s.ReadyState(), websocket.Connecting)
	equal(t, "error in CONNECTING", s.SendText("abc"), websocket.ErrNotOpen)
	equal(t, "ping in CONNECTING", s.Ping(nil), websocket.ErrNotOpen)
	equal(t, "flush in CONNECTING", s.Flush(t.Context()), websocket.ErrNotOpen)
	equal(t, "buffered in CONNECTING", s.BufferedAmount(), 0)
	s.Terminate()
	<-s.Context().Done()
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, _ := a.connect(t, nil, j.listen, nil)
		must(t, s.Close(1000, ""))
		equal(t, "error in CLOSING", s.SendText("abc"), websocket.ErrClosed)
		equal(t, "buffered in CLOSING", s.BufferedAmount(), 3)
		j.waitClose(t)
		equal(t, "error in CLOSED", s.Send([]byte("de")), websocket.ErrClosed)
		equal(t, "buffered in CLOSED", s.BufferedAmount(), 5)
		equal(t, "ping in CLOSED", s.Ping(nil), websocket.ErrClosed)
	})
}

func TestBufferedAmountFallsWhenTheKernelHasTheMessage(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, j.listen, nil)
		p.Pause()
		const each, n = 512 << 10, 24
		for range n {
			must(t, s.Send(make([]byte, each)))
		}
		if b := s.BufferedAmount(); b == 0 || b > n*each || b%each != 0 {
			t.Fatalf("buffered %d: messages are to leave the count whole", b)
		}
		p.Resume()
		must(t, s.Flush(t.Context()))
		equal(t, "buffered", s.BufferedAmount(), 0)
		j.waitFor(t, "drain")
	})
}

func TestClosingDoesNotResetBufferedAmount(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, j.listen, nil)
		p.Pause()
		const size = 12 << 20 // more than loopback's buffers hold
		must(t, s.Send(make([]byte, size)))
		s.Terminate()
		j.waitClose(t)
		equal(t, "buffered", s.BufferedAmount(), size)
	})
}

func TestQueuePolicies(t *testing.T) {
	type step struct {
		text, key string
		err       error
	}
	for _, row := range []struct {
		name  string
		queue websocket.Queue
		sends []step
		want  []string
		drops []string
	}{
		{"refuse by count", websocket.Queue{Messages: 2},
			[]step{{"a", "", nil}, {"b", "", nil}, {"c", "", websocket.ErrQueueFull}}, []string{"a", "b"}, nil},
		{"refuse by bytes", websocket.Queue{Bytes: 8},
			[]step{{"aaaaa", "", nil}, {"bbbb", "", websocket.ErrQueueFull}, {"ccc", "", nil}}, []string{"aaaaa", "ccc"}, nil},
		{"one message always fits", websocket.Queue{Bytes: 2},
			[]step{{"aaaaa", "", nil}, {"b", "", websocket.ErrQueueFull}}, []string{"aaaaa"}, nil},
		{"drop oldest", websocket.Queue{Messages: 2, Full: websocket.DropOldest},
			[]step{{"a", "", nil}, {"b", "", nil}, {"c", "", nil}, {"d", "", nil}}, []string{"c", "d"}, []string{"a", "b"}},
		{"drop oldest by bytes", websocket.Queue{Bytes: 6, Full: websocket.DropOldest},
			[]step{{"aa", "", nil}, {"bb", "", nil}, {"cc", "", nil}, {"dddd", "", nil}}, []string{"cc", "dddd"}, []string{"aa", "bb"}},
		{"replace by key", websocket.Queue{Messages: 3, Full: websocket.ReplaceByKey},
			[]step{{"a1", "a", nil}, {"b1", "b", nil}, {"c", "", nil}, {"a2", "a", nil}, {"d", "", websocket.ErrQueueFull}, {"b2", "b", nil}},
			[]string{"c", "a2", "b2"}, []string{"a1", "b1"}},
		{"no bound", websocket.Queue{Bytes: -1, Messages: -1},
			[]step{{"a", "", nil}, {"b", "", nil}, {"c", "", nil}}, []string{"a", "b", "c"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				opts := &wstest.PairOptions{}
				opts.Accept.Queue, opts.Dial.Queue = row.queue, row.queue
				mine, theirs := newJournal(), newJournal()
				s, _ := a.connect(t, opts, mine.listen, theirs.listen)
				// A blob that cannot be read yet stands at the head, begun, so that what comes after it waits.
				begun, gate := make(chan struct{}), make(chan struct{})
				blob := signalReader{gatedReader{pattern{}, 0, gate}, begun, new(sync.Once)}
				must(t, s.SendBlob(blob, 1000))
				within(t, "the blob to be taken for writing", begun)
				for _, x := range row.sends {
					err := s.SendWith(websocket.Outgoing{Type: websocket.Text, Data: []byte(x.text), Key: x.key})
					equal(t, "send "+x.text, err, x.err)
				}
				close(gate)
				must(t, s.Flush(t.Context()))
				must(t, s.Close(1000, ""))
				var got []string
				for _, e := range theirs.waitClose(t) {
					if m, ok := strings.CutPrefix(e, "message "); ok && len(m) < 10 {
						got = append(got, m)
					}
				}
				equal(t, "arrived", got, row.want)
				var drops []string
				for _, e := range mine.waitClose(t) {
					if m, ok := strings.CutPrefix(e, "drop "); ok {
						drops = append(drops, m)
					}
				}
				equal(t, "dropped", drops, row.drops)
			})
		})
	}
}

// Who is slow to hear of drops has no more of them waiting than a queue may have, and is told how many there were.
func TestDropsThatAreNotToldYetAreBounded(t *testing.T) {
	const messages = 2000
	for _, row := range []struct {
		name  string
		queue websocket.Queue
		size  int
		waits int // of those that were dropped
	}{
		{"1,024", websocket.Queue{Messages: 2, Full: websocket.DropOldest}, 10, 1024},
		{"by number", websocket.Queue{Messages: 1500, Full: websocket.DropOldest}, 10, 1500},
		{"64 KiB", websocket.Queue{Bytes: 20_000, Full: websocket.DropOldest}, 10_000, 6},
		{"by octets", websocket.Queue{Bytes: 200_000, Full: websocket.DropOldest}, 10_000, 20},
		{"not", websocket.Queue{Bytes: -1, Messages: -1, Full: websocket.ReplaceByKey}, 10, messages},
	} {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				opts := &wstest.PairOptions{}
				opts.Accept.Queue, opts.Dial.Queue = row.queue, row.queue
				told, goOn, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
				var drops []websocket.Drop
				var numbers []int
				s, _ := a.connect(t, opts, func(s *websocket.Socket) {
					s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
					s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) {
						if drops = append(drops, d); len(drops) == 1 {
							close(told)
							<-goOn
						}
						n, _, _ := strings.Cut(d.Message.Text(), " ")
						number, err := strconv.Atoi(n)
						must(t, err)
						numbers = append(numbers, number)
					})
				}, nil)
				begun, gate := make(chan struct{}), make(chan struct{})
				must(t, s.SendBlob(signalReader{gatedReader{pattern{}, 0, gate}, begun, new(sync.Once)}, 1000))
				within(t, "the blob to be taken for writing", begun)
				dropped := 0
				for i := range messages {
					before := s.BufferedAmount()
					text := fmt.Append(nil, i, " ", strings.Repeat("x", row.size-6))
					must(t, s.SendWith(websocket.Outgoing{Type: websocket.Text, Data: text[:len(text):len(text)], Key: "key"}))
					if s.BufferedAmount() < before+int64(len(text)) {
						if dropped++; dropped == 1 {
							within(t, "the first to be told", told)
						}
					}
				}
				close(goOn)
				close(gate)
				must(t, s.Flush(t.Context()))
				must(t, s.Close(1000, ""))
				within(t, "the close event", closed)

				sum, untold := 0, 0
				for i, d := range drops {
					sum += 1 + d.Untold
					if i < len(drops)-1 {
						untold += d.Untold
					}
					equal(t, "number", numbers[i], i)
				}
				equal(t, "dropped", sum, dropped)
				equal(t, "told", len(drops), min(1+row.waits, dropped))
				equal(t, "untold of before the last", untold, 0)
			})
		})
	}
}

func TestOneDrainWaitsToBeTold(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		told, goOn, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
		drains := 0
		s, _ := a.connect(t, nil, func(s *websocket.Socket) {
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
			s.OnDrain(func(*websocket.Socket) {
				if drains++; drains == 1 {
					close(told)
					<-goOn
				}
			})
		}, nil)
		for i := range 100 {
			must(t, s.SendText("x"))
			must(t, s.Flush(t.Context()))
			if i == 0 {
				within(t, "the first to be told", told)
			}
		}
		close(goOn)
		must(t, s.Close(1000, ""))
		within(t, "the close event", closed)
		equal(t, "drains", drains, 2)
	})
}

// signalReader tells when it is first read.
type signalReader struct {
	io.ReaderAt
	first chan struct{}
	once  *sync.Once
}

func (r signalReader) ReadAt(p []byte, off int64) (int, error) {
	r.once.Do(func() { close(r.first) })
	return r.ReaderAt.ReadAt(p, off)
}

func TestFullQueueClosesASlowSocketWith1013(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		opts := &wstest.PairOptions{}
		opts.Accept.Queue = websocket.Queue{Messages: 4, Full: websocket.CloseSlow}
		opts.Dial.Queue = opts.Accept.Queue
		j := newJournal()
		s, p := a.connect(t, opts, nil, j.listen)
		p.Pause()
		var err error
		for range 10_000 {
			if err = s.Send(make([]byte, 64<<10)); err != nil {
				break
			}
		}
		equal(t, "error", err, websocket.ErrQueueFull)
		equal(t, "state", s.ReadyState(), websocket.Closing)
		p.Resume()
		e := j.waitClose(t)
		equal(t, "close", e[len(e)-1], `close 1013 "" clean=true`)
	})
}

func TestSendFuncReportsTheFateOfTheMessage(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, j.listen, nil)
		done := func(err error) { j.note(fmt.Sprintf("done %v", err)) }
		must(t, s.SendFunc([]byte("x"), done))
		j.waitFor(t, "done <nil>")
		p.Pause()
		must(t, s.SendFunc(make([]byte, 12<<20), done))
		must(t, s.SendFunc([]byte("y"), done))
		s.Terminate()
		e := j.waitClose(t)
		equal(t, "given up", count(e, "done websocket: closed"), 2)
		equal(t, "error after the end", s.SendFunc([]byte("z"), done), websocket.ErrClosed)
	})
}

func TestNoAllocationOnThePathOfAMessage(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("the race detector allocates")
	}
	for _, size := range []int{64, 10 << 10, 100 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				if strings.HasPrefix(a.name, "tls") {
					t.Skip("crypto/tls allocates")
				}
				if n := socketAllocations(t, a, nil, size); n > 0 {
					t.Errorf("%v allocations per round trip", n)
				}
			})
		})
	}
}

// socketAllocations counts the allocations of sending a message there and back, 300 times. While a socket's listeners are called off
// its loop, because one took long on a busy machine, each turn has a goroutine: that is not what is measured.
func socketAllocations(t *testing.T, a arrangement, opts *wstest.PairOptions, size int) (n float64) {
	var away atomic.Bool
	note := func(s *websocket.Socket) {
		if websocket.Away(s) {
			away.Store(true)
		}
	}
	back := make(chan struct{}, 1)
	s, _ := a.connect(t, opts, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			note(s)
			back <- struct{}{}
		})
	}, func(p *websocket.Socket) {
		p.OnMessage(func(p *websocket.Socket, m websocket.Message) {
			note(p)
			p.SendMessage(m)
		})
	})
	data := make([]byte, size)
	for limit := time.Now().Add(time.Minute); ; {
		away.Store(false)
		n = testing.AllocsPerRun(300, func() {
			s.Send(data)
			<-back
		})
		if n == 0 || !away.Load() || time.Now().After(limit) {
			return n
		}
	}
}

// A large message passed on is not copied, and still every listener and every peer sees what came, though a client masks what it
// sends.
func TestAMessageIsPassedOnAsItCame(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		const messages = 20
		here, there := newJournal(), newJournal()
		s, p := a.connect(t, nil, nil, here.listen)
		other, q := a.connect(t, nil, nil, there.listen)
		seen := make(chan string, messages)
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			must(t, s.SendMessage(m))
			must(t, other.SendMessage(m))
		})
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { seen <- m.Text() })
		p.Pause()
		q.Pause()
		for i := range messages {
			text := strings.Repeat(string(rune('a'+i)), 300<<10+i)
			must(t, p.SendText(text))
			equal(t, "what a second listener sees", <-seen == text, true)
		}
		p.Resume()
		q.Resume()
		for _, j := range []*journal{here, there} {
			e := j.wait(t, func(e []string) bool { return count(e, "message") == messages })
			e = slices.DeleteFunc(e, func(entry string) bool { return !strings.HasPrefix(entry, "message") })
			for i, entry := range e {
				equal(t, "message", entry, "message "+short(strings.Repeat(string(rune('a'+i)), 300<<10+i)))
			}
		}
	})
}
