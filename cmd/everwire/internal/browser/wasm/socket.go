//go:build js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// large is a message of n octets in which every place is different from those next to it.
func large(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// scenarios are what there is to run.
var scenarios = map[string]func(j *journal){
	"socket echo":         socketEcho,
	"socket order":        socketOrder,
	"socket closes":       socketCloses,
	"server closes":       serverCloses,
	"server dies":         serverDies,
	"refused":             refused,
	"given up":            givenUp,
	"subprotocols":        subprotocols,
	"buffered amount":     bufferedAmount,
	"queue":               queue,
	"blob":                blob,
	"pause":               pause,
	"too big":             tooBig,
	"unsupported":         unsupported,
	"in a callback":       inACallback,
	"own stream":          ownStream,
	"reconnecting":        reconnecting,
	"stays":               stays,
	"conn echo":           connEcho,
	"conn messages":       connMessages,
	"conn contexts":       connContexts,
	"conn writers":        connWriters,
	"conn closes":         connCloses,
	"conn server closes":  connServerCloses,
	"conn refused":        connRefused,
	"conn as a stream":    connAsStream,
	"conn without reader": connWithoutReader,
}

// open makes a Socket, whose events are noted, and waits until it is open.
func open(j *journal, path string, opts *websocket.DialOptions) (s *websocket.Socket, closed <-chan struct{}) {
	opened := make(chan struct{})
	s, err := websocket.New(path, opts, func(s *websocket.Socket) {
		closed = j.listen(s)
		s.OnOpen(func(*websocket.Socket) { close(opened) })
	})
	if err != nil {
		panic(err)
	}
	<-opened
	return s, closed
}

func socketEcho(j *journal) {
	s, err := websocket.New("/ws/echo", nil, func(s *websocket.Socket) { j.note("setup %v", s.ReadyState()) })
	if err != nil {
		j.note("%v", err)
		return
	}
	done := make(chan struct{})
	j.note("%v", s.SendText("too early"))
	closed := j.listen(s)
	got := 0
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
		if got++; got == 8 {
			close(done)
		}
	})
	s.OnOpen(func(s *websocket.Socket) {
		b := []byte("copied")
		s.Send(b)
		copy(b, "XXXXXX")
		s.SendText("Grüße, 世界 😀")
		s.SendText("\ufeffnot a byte order mark")
		s.SendText("")
		s.Send(nil)
		s.Send([]byte{0, 0xff, 0x80})
		s.Send(large(1 << 20))
		s.SendText(strings.Repeat("0123456789abcdeß", 60_000))
	})
	<-done
	s.Close(1000, "done")
	j.note("%v", s.ReadyState())
	<-closed
	j.note("%v %v %v", s.ReadyState(), s.BufferedAmount(), s.SendText("late") == websocket.ErrClosed)
}

func socketOrder(j *journal) {
	next, problems, done := 0, 0, make(chan struct{})
	s, _ := websocket.New("/ws/echo", nil, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() != fmt.Sprintf("message %d", next) {
				problems++
			}
			if next++; next == 1000 {
				close(done)
			}
		})
		s.OnOpen(func(s *websocket.Socket) {
			for i := range 1000 {
				s.SendText(fmt.Sprintf("message %d", i))
			}
		})
	})
	<-done
	j.note("%d problems", problems)
	s.Close(1000, "")
	<-s.Context().Done()
}

func socketCloses(j *journal) {
	for _, c := range []struct {
		code   websocket.CloseCode
		reason string
	}{{1000, "Grüße"}, {3000, ""}, {4999, "\ufeffthat's it"}, {0, ""}} {
		s, closed := open(j, "/ws/echo", nil)
		for _, code := range []websocket.CloseCode{1001, 1011, 1006, 2999, 5000} {
			if err := s.Close(code, ""); err != websocket.ErrInvalidClose {
				j.note("close with %d: %v", code, err)
			}
		}
		s.Close(c.code, c.reason)
		<-closed
	}
}

func serverCloses(j *journal) {
	for _, query := range []string{"code=1000&reason=Bye", "code=1011&reason=", "code=4321&reason=%F0%9F%98%80", "code=0&reason="} {
		s, closed := open(j, "/ws/close?"+query, nil)
		s.SendText("go")
		<-closed
		j.note("%v", s.SendText("late") == websocket.ErrClosed)
	}
}

func serverDies(j *journal) {
	s, closed := open(j, "/ws/die", nil)
	s.SendText("go")
	<-closed
}

func refused(j *journal) {
	var closed <-chan struct{}
	s, err := websocket.New("/ws/refuse", nil, func(s *websocket.Socket) {
		s.OnError(func(_ *websocket.Socket, err error) {
			var refusal *websocket.HandshakeError
			j.note("a HandshakeError: %v", errors.As(err, &refusal))
		})
		closed = j.listen(s)
	})
	j.note("%v %v", s.ReadyState(), err)
	<-closed
	j.note("%v", s.ReadyState())
}

func givenUp(j *journal) {
	var closed <-chan struct{}
	s, _ := websocket.New("/ws/never", nil, func(s *websocket.Socket) { closed = j.listen(s) })
	s.Close(1000, "")
	<-closed
	s, _ = websocket.New("/ws/never", nil, func(s *websocket.Socket) { closed = j.listen(s) })
	s.Terminate()
	<-closed
	s, _ = websocket.New("/ws/never", &websocket.DialOptions{HandshakeTimeout: 50 * time.Millisecond}, func(s *websocket.Socket) {
		s.OnError(func(_ *websocket.Socket, err error) { j.note("late: %v", errors.Is(err, context.DeadlineExceeded)) })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { j.note("close %d", e.Code) })
	})
	<-s.Context().Done()
	s.Terminate()
	settled(s)
}

// settled waits until the close event of a Socket was delivered.
func settled(s *websocket.Socket) {
	done := make(chan struct{})
	s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(done) })
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond): // it was before
	}
}

func subprotocols(j *journal) {
	s, closed := open(j, "/ws/subprotocols", &websocket.DialOptions{Subprotocols: []string{"a", "b", "c"}})
	j.note("%q", s.Subprotocol())
	j.note("the URL is whole: %v", strings.HasPrefix(s.URL(), "ws") && strings.HasSuffix(s.URL(), "/ws/subprotocols"))
	j.note("addresses: %v %v", strings.HasPrefix(s.LocalAddr().String(), "http"), strings.HasPrefix(s.RemoteAddr().String(), "127.0.0.1:"))
	j.note("extensions: %v", s.Extensions() == "" || strings.HasPrefix(s.Extensions(), "permessage-deflate"))
	s.Close(1000, "")
	<-closed
	websocket.New("/ws/subprotocols", &websocket.DialOptions{Subprotocols: []string{"z"}}, func(s *websocket.Socket) { closed = j.listen(s) })
	<-closed
}

func bufferedAmount(j *journal) {
	const size, most = 1 << 20, 32 // more than the system's buffers take
	s, closed := open(j, "/ws/unread", &websocket.DialOptions{Queue: websocket.Queue{Bytes: most * size}})
	drained := make(chan struct{})
	s.OnDrain(func(*websocket.Socket) { close(drained) })
	accepted := 0
	for range most + 8 {
		if err := s.Send(large(size)); err == nil {
			accepted++
		} else if err != websocket.ErrQueueFull {
			j.note("%v", err)
		}
	}
	j.note("the queue is full: %v, and all counts: %v", accepted >= most && accepted < most+8, s.BufferedAmount() == int64(accepted)*size)

	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	j.note("flush: %v", s.Flush(ctx))
	cancel()
	j.note("some of it waits: %v", s.BufferedAmount() >= 4*size && s.BufferedAmount() <= int64(accepted)*size)

	fetch("/release")
	<-drained
	j.note("flush: %v, left: %d", s.Flush(context.Background()), s.BufferedAmount())
	s.Close(1000, "")
	<-closed
}

// fetch asks the server for something.
func fetch(path string) {
	r, err := http.Get(path)
	if err != nil {
		panic(err)
	}
	r.Body.Close()
}

func queue(j *journal) {
	opts := &websocket.DialOptions{Queue: websocket.Queue{Bytes: 3 << 20, Full: websocket.DropOldest}}
	s, closed := open(j, "/ws/unread", opts)
	dropped := 0
	s.OnDrop(func(_ *websocket.Socket, d websocket.Drop) {
		if d.Reason != websocket.ErrQueueFull {
			j.note("%v", d.Reason)
		}
		dropped++
	})
	for range 24 {
		if err := s.Send(large(1 << 20)); err != nil {
			j.note("%v", err)
		}
		time.Sleep(5 * time.Millisecond) // for the browser to take some
	}
	fetch("/release")
	j.note("flush: %v", s.Flush(context.Background()))
	s.Close(1000, "")
	<-closed
	j.note("some were dropped: %v, not all: %v", dropped > 0, dropped < 24)
}

func blob(j *journal) {
	s, closed := open(&journal{}, "/ws/echo", &websocket.DialOptions{Limits: websocket.Limits{MessageSize: 8 << 20}})
	data := large(5<<20 + 3)
	others := 0
	got := make(chan struct{})
	s.SetBinaryType(websocket.BlobType)
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
		if m.Type() == websocket.Text {
			others++
			j.note("text %d", others)
			if others == 2 {
				close(got)
			}
			return
		}
		b := m.Blob()
		all := make([]byte, b.Size())
		b.ReadAt(all, 0)
		j.note("the same: %v", bytes.Equal(all, data))
	})
	s.SendText("before")
	if err := s.SendBlob(bytes.NewReader(data), int64(len(data))); err != nil {
		j.note("%v", err)
	}
	s.SendText("after")
	<-got
	j.note("too large: %v", s.SendBlob(nil, 1<<30))
	s.Close(1000, "")
	<-closed
}

func pause(j *journal) {
	s, closed := open(j, "/ws/echo", nil)
	s.Pause()
	s.SendText("one")
	s.SendText("two")
	s.Flush(context.Background())
	time.Sleep(100 * time.Millisecond)
	j.note("resume")
	got := make(chan struct{})
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
		if m.Text() == "two" {
			close(got)
		}
	})
	s.Resume()
	<-got
	s.Close(1000, "")
	<-closed
}

func tooBig(j *journal) {
	s, closed := open(j, "/ws/echo", &websocket.DialOptions{Limits: websocket.Limits{MessageSize: 100}})
	s.OnError(func(_ *websocket.Socket, err error) { j.note("%v", errors.Is(err, websocket.ErrMessageTooBig)) })
	s.Send(large(100))
	s.Send(large(101))
	<-closed
}

func unsupported(j *journal) {
	for _, opts := range []websocket.DialOptions{
		{Header: http.Header{"Authorization": {"secret"}}},
		{Redirects: 1},
		{OnResponse: func(*http.Response) {}},
	} {
		_, err := websocket.New("/ws/echo", &opts, nil)
		j.note("%v %v", errors.Is(err, errors.ErrUnsupported), err)
	}
	for _, url := range []string{"ws://user:secret@127.0.0.1/", "ws+unix:///socket", "ftp://127.0.0.1/", "/#fragment"} {
		_, err := websocket.Dial(context.Background(), url, nil)
		j.note("%v", err)
	}
	s, closed := open(j, "/ws/echo", nil)
	j.note("%v", s.Ping(nil))
	j.note("%v", s.RTT())
	s.Close(1000, "")
	<-closed
}

// inACallback does in listeners what may wait elsewhere: they run on goroutines, not on the browser's.
func inACallback(j *journal) {
	s, closed := open(j, "/ws/echo", nil)
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
		c, err := websocket.Dial(context.Background(), "/ws/echo", nil)
		if err != nil {
			j.note("%v", err)
			return
		}
		c.Write(context.Background(), websocket.Text, []byte("inner"))
		_, data, err := c.Read(context.Background())
		j.note("%s %v %v", data, err, c.Close(1000, ""))
		j.note("%v", s.Flush(context.Background()))
		s.Close(1000, "")
		panic("after all")
	})
	s.SendText("outer")
	<-closed
}

// ownStream speaks the protocol itself, to a server in the page.
func ownStream(j *journal) {
	ln := wstest.Listen()
	server := &websocket.Server{}
	server.OnConnection(func(s *websocket.Socket, r *http.Request) {
		j.note("the server sees %q", r.Header.Get("Authorization"))
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	hs := &http.Server{Handler: server}
	go hs.Serve(ln)
	defer hs.Close()
	c, err := websocket.Dial(background, "ws://in-memory/", &websocket.DialOptions{
		DialContext: ln.Dial,
		Header:      http.Header{"Authorization": {"secret"}},
	})
	if err != nil {
		j.note("%v", err)
		return
	}
	c.Write(background, websocket.Text, []byte(strings.Repeat("compressed ", 1000)))
	_, data, err := c.Read(background)
	j.note("%d %v %v", len(data), err, c.Extensions())
	reading := c.CloseRead(background)
	j.note("%v", c.Ping(background))
	j.note("%v", c.Close(1001, ""))
	<-reading.Done()
}

func reconnecting(j *journal) {
	ended := make(chan struct{})
	opens := 0
	rs, err := websocket.Reconnecting("/ws/close?code=1011&reason=", &websocket.ReconnectOptions{
		Backoff: websocket.Backoff{First: time.Millisecond, Max: 10 * time.Millisecond},
		Retry:   func(error) bool { return opens < 3 },
	}, func(rs *websocket.ReconnectingSocket) {
		rs.OnOpen(func(rs *websocket.ReconnectingSocket, s *websocket.Socket) {
			opens++
			s.SendText("go")
		})
		rs.OnEnd(func(_ *websocket.ReconnectingSocket, err error) {
			j.note("%d opens, then %v", opens, err)
			close(ended)
		})
	})
	if err != nil {
		j.note("%v", err)
		return
	}
	j.note("%v", rs.Close(1001, ""))
	<-ended
}

// stays leaves a connection open, for the page to be left with.
func stays(j *journal) { open(j, "/ws/echo", nil) }
