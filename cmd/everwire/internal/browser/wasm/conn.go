//go:build js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

var background = context.Background()

func dial(path string) *websocket.Conn {
	c, err := websocket.Dial(background, path, nil)
	if err != nil {
		panic(err)
	}
	return c
}

func connEcho(j *journal) {
	c := dial("/ws/echo")
	c.SetReadLimit(4 << 20)
	for _, m := range []struct {
		typ  websocket.MessageType
		data string
	}{
		{websocket.Text, "Grüße, 世界 😀"}, {websocket.Binary, "\x00\xff"}, {websocket.Text, ""}, {websocket.Binary, ""},
		{websocket.Text, "\ufeffx"}, {websocket.Binary, string(large(3 << 20))},
	} {
		if err := c.Write(background, m.typ, []byte(m.data)); err != nil {
			j.note("%v", err)
		}
		typ, data, err := c.Read(background)
		j.note("%v %v %v", typ, string(data) == m.data, err)
	}

	w, _ := c.Writer(background, websocket.Text)
	for _, piece := range []string{"in ", "pieces: ", strings.Repeat("ß", 100_000)} {
		io.WriteString(w, piece)
	}
	j.note("%v", w.Close())
	typ, r, err := c.Reader(background)
	data, _ := io.ReadAll(r)
	j.note("%v %d %v %v", typ, len(data), bytes.HasPrefix(data, []byte("in pieces: ß")), err)
	j.note("%v", c.Close(1000, "bye"))
	_, _, err = c.Read(background)
	j.note("%v", err)
}

func connMessages(j *journal) {
	c := dial("/ws/burst")
	n, problems := 0, 0
	for m, err := range c.Messages(background) {
		if err != nil {
			j.note("%d messages, %d problems, %v", n, problems, err)
			break
		}
		if m.Text() != fmt.Sprint(n) {
			problems++
		}
		n++
	}
}

func connContexts(j *journal) {
	c := dial("/ws/echo")
	defer c.Terminate()
	for range 3 {
		ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
		_, _, err := c.Read(ctx)
		j.note("%v", err)
		cancel()
	}
	lost := 0
	for i := range 50 {
		want := fmt.Sprint(i)
		c.Write(background, websocket.Text, []byte(want))
		for { // with contexts that often end just when the message comes
			ctx, cancel := context.WithTimeout(background, time.Millisecond)
			_, data, err := c.Read(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			if err != nil || string(data) != want {
				lost++
			}
			break
		}
	}
	j.note("%d lost", lost)
	j.note("%v", errors.Is(c.Ping(background), errors.ErrUnsupported))
	j.note("%v", c.WriteControl(background, frame.Close, frame.AppendClose(nil, 1001, "")))
}

func connWriters(j *journal) {
	c := dial("/ws/echo")
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for i := range 50 {
				c.Write(background, websocket.Text, fmt.Appendf(nil, "%d %d", writer, i))
			}
		})
	}
	var next [8]int
	problems := 0
	for range 8 * 50 {
		_, data, err := c.Read(background)
		var writer, i int
		if _, scanErr := fmt.Sscanf(string(data), "%d %d", &writer, &i); err != nil || scanErr != nil || next[writer] != i {
			problems++
		}
		next[writer]++
	}
	wg.Wait()
	j.note("%d problems %v", problems, c.Close(4000, ""))
}

func connCloses(j *journal) {
	c := dial("/ws/echo")
	j.note("%v", c.Close(1001, ""))
	j.note("%v", c.Close(4001, "bye"))
	_, _, err := c.Read(background)
	j.note("%v", err)
	c = dial("/ws/echo")
	c.Terminate()
	_, _, err = c.Read(background)
	j.note("%v", err)
}

func connServerCloses(j *journal) {
	c := dial("/ws/close?code=4000&reason=over")
	c.Write(background, websocket.Text, []byte("go"))
	_, _, err := c.Read(background)
	j.note("%v %v", err, c.Close(1000, ""))
	c = dial("/ws/die")
	c.Write(background, websocket.Text, []byte("go"))
	_, _, err = c.Read(background)
	j.note("%v", errors.Is(err, io.ErrUnexpectedEOF))
	_, _, err = c.Read(background)
	j.note("%v", websocket.CloseCodeOf(err))
}

func connRefused(j *journal) {
	_, err := websocket.Dial(background, "/ws/refuse", nil)
	var refused *websocket.HandshakeError
	j.note("%v", errors.As(err, &refused))
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	_, err = websocket.Dial(ctx, "/ws/never", nil)
	j.note("%v", errors.Is(err, context.DeadlineExceeded))
}

func connAsStream(j *journal) {
	c := dial("/ws/echo")
	nc := c.NetConn(websocket.Binary)
	data := large(300_000)
	go nc.Write(data)
	got := make([]byte, len(data))
	_, err := io.ReadFull(nc, got)
	j.note("%v %v", bytes.Equal(got, data), err)
	j.note("%v", nc.Close())
}

func connWithoutReader(j *journal) {
	c := dial("/ws/close?code=1000&reason=Bye")
	ctx := c.CloseRead(background)
	c.Write(background, websocket.Text, []byte("go"))
	<-ctx.Done()
	j.note("%v", context.Cause(ctx))
}
