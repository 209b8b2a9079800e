package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/internal/page"
	"github.com/everwire/everwire/websocket/wstest"
)

// A fakeBrowser is the browser's WebSocket as a page has it, over a Conn of ours. The real one is in
// cmd/everwire/internal/browser.
type fakeBrowser struct {
	conn   *websocket.Conn
	stream *page.Stream

	mu      sync.Mutex
	changed sync.Cond
	amount  int64
	message []byte
	queue   []func()
	held    bool // nothing is sent
	closing bool
	ended   bool
}

// browse makes the stream of a page that has just connected by conn.
func browse(t *testing.T, conn *websocket.Conn) *fakeBrowser {
	b := &fakeBrowser{conn: conn}
	b.changed.L = &b.mu
	b.stream = page.New(b, page.Addr("http://page"), page.Addr("server:80"), 1<<20)
	var wg sync.WaitGroup
	wg.Go(b.receive)
	wg.Go(b.transmit)
	t.Cleanup(func() {
		conn.Terminate()
		wg.Wait()
	})
	return b
}

// receive makes events of what comes.
func (b *fakeBrowser) receive() {
	for {
		typ, data, err := b.conn.Read(context.Background())
		if err == nil {
			b.stream.Message(frame.Opcode(typ), int64(len(data)), func(p []byte) { copy(p, data) })
			continue
		}
		b.mu.Lock()
		b.closing, b.ended = true, true
		b.changed.Broadcast()
		b.mu.Unlock()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			b.stream.Closed(closed.Code, closed.Reason, true)
		} else {
			b.stream.Closed(websocket.CloseAbnormal, "", false)
		}
		return
	}
}

// transmit sends what the page has sent.
func (b *fakeBrowser) transmit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for !b.ended && (b.held || len(b.queue) == 0) {
			b.changed.Wait()
		}
		if b.ended {
			return
		}
		next := b.queue[0]
		b.queue = b.queue[1:]
		b.mu.Unlock()
		next()
		b.mu.Lock()
	}
}

func (b *fakeBrowser) hold(held bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = held
	b.changed.Broadcast()
}

func (b *fakeBrowser) Sendable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closing
}

func (b *fakeBrowser) Send(op frame.Opcode, payload []byte, last bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.message = append(b.message, payload...)
	if !last {
		return nil
	}
	data := b.message
	b.message = nil
	b.amount += int64(len(data))
	b.queue = append(b.queue, func() {
		b.conn.Write(context.Background(), websocket.MessageType(op), data)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.amount -= int64(len(data))
	})
	b.changed.Broadcast()
	return nil
}

func (b *fakeBrowser) BufferedAmount() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.amount
}

func (b *fakeBrowser) Close(code frame.CloseCode, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return
	}
	b.closing = true
	b.queue = append(b.queue, func() {
		b.conn.WriteControl(context.Background(), frame.Close, frame.AppendClose(nil, code, reason))
	})
	b.changed.Broadcast()
}

// socketInPage returns a server's Conn and a client's Socket in a page.
func socketInPage(t *testing.T, opts websocket.DialOptions, setup func(*websocket.Socket)) (*websocket.Conn, *websocket.Socket, *fakeBrowser) {
	server, client := wstest.Conns(t, nil)
	b := browse(t, client)
	s := websocket.SocketInPage(b.stream, &opts, setup)
	t.Cleanup(func() {
		s.Terminate()
		<-s.Context().Done()
	})
	return server, s, b
}

// connInPage returns a server's and, in a page, a client's Conn.
func connInPage(t *testing.T) (server, c *websocket.Conn, b *fakeBrowser) {
	server, client := wstest.Conns(t, nil)
	b = browse(t, client)
	c = websocket.ConnInPage(b.stream)
	t.Cleanup(c.Terminate)
	return server, c, b
}

func TestASocketInAPageKeepsItsPromises(t *testing.T) {
	endings := map[string]struct {
		end  func(server *websocket.Conn, s *websocket.Socket)
		want string
	}{
		"close here":  {func(_ *websocket.Conn, s *websocket.Socket) { s.Close(3000, "here") }, `close 3000 "" clean=true`},
		"close there": {func(c *websocket.Conn, _ *websocket.Socket) { go c.Close(1011, "there") }, `close 1011 "there" clean=true`},
		"terminate":   {func(_ *websocket.Conn, s *websocket.Socket) { s.Terminate() }, `close 1006 "" clean=false`},
		"cut there":   {func(c *websocket.Conn, _ *websocket.Socket) { c.Terminate() }, `close 1006 "" clean=false`},
	}
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				server, s, _ := socketInPage(t, websocket.DialOptions{}, func(s *websocket.Socket) {
					j.listen(s)
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
				})
				want := []string{"open"}
				for i := range 20 {
					text := fmt.Sprint(i)
					must(t, server.Write(t.Context(), websocket.Text, []byte(text)))
					_, got, err := server.Read(t.Context())
					must(t, err)
					equal(t, "the echo", string(got), text)
					want = append(want, "message "+text)
				}
				synctest.Wait()
				go func() { server.Read(context.Background()) }() // answers a Close frame
				ending.end(server, s)
				j.waitClose(t)
				synctest.Wait()
				got := slices.DeleteFunc(j.now(), func(e string) bool { return e == "drain" || e == "error" })
				equal(t, "the events", fmt.Sprintf("%q", got), fmt.Sprintf("%q", append(want, ending.want)))
				if j.overlap.Load() {
					t.Error("listeners overlapped")
				}
			})
		})
	}
}

func TestASocketInAPageTakesTheCodesOfAPage(t *testing.T) {
	_, s, _ := socketInPage(t, websocket.DialOptions{}, nil)
	for _, code := range []websocket.CloseCode{1001, 1002, 1003, 1005, 1006, 1011, 1014, 2999, 5000} {
		if err := s.Close(code, ""); err != websocket.ErrInvalidClose {
			t.Errorf("%v: %v", code, err)
		}
	}
	if err := s.Ping(nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Ping: %v", err)
	}
	equal(t, "the state", s.ReadyState(), websocket.Open)
	equal(t, "an error of Close", s.Close(4999, strings.Repeat("x", 124)), websocket.ErrInvalidClose)
}

func TestBufferedAmountInAPageCountsWhatTheBrowserHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s, b := socketInPage(t, websocket.DialOptions{}, nil)
		b.hold(true)
		const size, n = 100_000, 30
		for range n {
			must(t, s.Send(make([]byte, size)))
		}
		synctest.Wait()
		equal(t, "the browser has", b.BufferedAmount() >= 1<<20 && b.BufferedAmount() < 1<<20+2*size, true)
		equal(t, "BufferedAmount", s.BufferedAmount(), size*n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		equal(t, "Flush", s.Flush(ctx), context.DeadlineExceeded)

		b.hold(false)
		go func() {
			for range n {
				server.Read(context.Background())
			}
		}()
		must(t, s.Flush(t.Context()))
		equal(t, "BufferedAmount after Flush", s.BufferedAmount(), 0)
	})
}

// What the server closes over is lost, the program is told so, and the end is as clean as the browser says.
func TestAServerThatClosesWhileMessagesWaitInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		server, s, b := socketInPage(t, websocket.DialOptions{}, j.listen)
		b.hold(true)
		lost := 0
		for range 40 {
			must(t, s.SendFunc(make([]byte, 100_000), func(err error) {
				if err == websocket.ErrClosed {
					lost++
				}
			}))
		}
		synctest.Wait()
		go server.Close(1001, "enough")
		j.waitClose(t)
		synctest.Wait()
		equal(t, "lost", lost > 20, true)
		equal(t, "Flush", s.Flush(t.Context()), websocket.ErrClosed)
		e := j.now()
		equal(t, "the end", e[len(e)-1], `close 1001 "enough" clean=true`)
		equal(t, "errors", count(e, "error"), 0)
	})
}

func TestFlushInAPageTellsWhatTheBrowserNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		server, s, b := socketInPage(t, websocket.DialOptions{}, j.listen)
		b.hold(true)
		must(t, s.SendText("x"))
		j.waitFor(t, "drain")
		equal(t, "BufferedAmount", s.BufferedAmount(), 1)
		go server.Close(1001, "")
		j.waitClose(t)
		equal(t, "Flush", s.Flush(t.Context()), websocket.ErrClosed)
	})
}

func TestCloseTimeoutInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		_, s, b := socketInPage(t, websocket.DialOptions{}, func(s *websocket.Socket) {
			j.listen(s)
			s.OnError(func(_ *websocket.Socket, err error) { equal(t, "the error", err, websocket.ErrCloseTimeout) })
		})
		b.hold(true)
		began := time.Now()
		must(t, s.Close(1000, ""))
		j.waitClose(t)
		equal(t, "closing took", time.Since(began), 5*time.Second)
		equal(t, "the events", fmt.Sprintf("%q", j.now()), `["open" "error" "close 1006 \"\" clean=false"]`)
	})
}

func TestMessagesThatNobodyReadsEndASocketInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		_, s, b := socketInPage(t, websocket.DialOptions{}, func(s *websocket.Socket) {
			j.listen(s)
			s.OnError(func(_ *websocket.Socket, err error) { equal(t, "the error", errors.Is(err, page.ErrBacklog), true) })
		})
		synctest.Wait()
		s.Pause()
		const n = page.Backlog >> 20
		for range n + 1 {
			b.stream.Message(frame.Binary, 1<<20, func([]byte) {})
			synctest.Wait() // the read that goes on when the pause begins takes a little
		}
		equal(t, "the browser", b.Sendable(), false)
		s.Resume()
		e := j.waitClose(t)
		equal(t, "messages", count(e, "message"), n)
		equal(t, "errors", count(e, "error"), 1)
	})
}

func TestABlobInAPageIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s, _ := socketInPage(t, websocket.DialOptions{}, nil)
		data := bytes.Repeat([]byte("0123456789"), 50_000)
		must(t, s.SendBlob(bytes.NewReader(data), int64(len(data))))
		must(t, s.SendText("next"))
		_, got, err := server.Read(t.Context())
		must(t, err)
		equal(t, "the blob", bytes.Equal(got, data), true)
		_, got, err = server.Read(t.Context())
		must(t, err)
		equal(t, "the next", string(got), "next")
		if err := s.SendBlob(nil, page.MaxMessage+1); !errors.Is(err, page.ErrMessageTooLarge) {
			t.Error(err)
		}
		synctest.Wait() // the browser counts when the server may have read already
		equal(t, "BufferedAmount", s.BufferedAmount(), 0)
	})
}

func TestAConnInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, _ := connInPage(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.Read(ctx); err != context.DeadlineExceeded {
			t.Errorf("Read: %v", err)
		}
		must(t, server.Write(t.Context(), websocket.Text, []byte("hello")))
		_, got, err := c.Read(t.Context())
		must(t, err)
		equal(t, "the message", string(got), "hello")
		for name, err := range map[string]error{
			"Ping": c.Ping(t.Context()), "a Ping": c.WriteControl(t.Context(), frame.Ping, nil), "a Pong": c.WriteControl(t.Context(), frame.Pong, nil),
		} {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		}
		equal(t, "a Close frame", c.WriteControl(t.Context(), frame.Close, frame.AppendClose(nil, 1001, "")), websocket.ErrInvalidClose)
		equal(t, "Close", c.Close(1001, ""), websocket.ErrInvalidClose)
		go server.Read(context.Background())
		equal(t, "Close", c.Close(4000, "bye"), nil)
	})
}

// A context that ends while the browser takes nothing changes nothing.
func TestAWriteThatWaitsForTheBrowserCanBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, b := connInPage(t)
		b.hold(true)
		large := make([]byte, 1<<20)
		must(t, c.Write(t.Context(), websocket.Binary, large))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		equal(t, "Write", c.Write(ctx, websocket.Text, []byte("never")), context.DeadlineExceeded)
		b.hold(false)
		go func() {
			time.Sleep(time.Second)
			c.Write(context.Background(), websocket.Text, []byte("later"))
		}()
		for _, want := range []string{string(large), "later"} {
			_, got, err := server.Read(t.Context())
			must(t, err)
			equal(t, "the message", string(got) == want, true)
		}
	})
}

func TestAServerThatClosesWhileAWriteWaitsInAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, b := connInPage(t)
		b.hold(true)
		must(t, c.Write(t.Context(), websocket.Binary, make([]byte, 1<<20)))
		wrote := make(chan error, 1)
		go func() { wrote <- c.Write(context.Background(), websocket.Text, []byte("never")) }()
		synctest.Wait()
		go server.Close(4000, "enough")
		_, _, err := c.Read(t.Context())
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4000 {
			t.Errorf("Read: %v", err)
		}
		if err := <-wrote; err == nil {
			t.Error("the write did not fail")
		}
		equal(t, "Close", c.Close(1000, ""), nil)
	})
}
