package connect

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestLinesAreSentAndAnswersWritten(t *testing.T) {
	c := to(echo(t), "a\n\nb\r\nthe last has no end")
	c.CloseAfterInput = true
	got := run(t.Context(), c)
	if want := "a\n\nb\r\nthe last has no end\n"; got.out != want || got.status != 0 || got.err != "" {
		t.Errorf("%+v, want %q", got, want)
	}
}

func TestMessagesOfAnySize(t *testing.T) {
	url := echo(t)
	for _, size := range []int{0, 1, 125, 126, 64<<10 - 1, 64 << 10, 3<<20 + 1} {
		c := to(url, strings.Repeat("x", size)+"\n")
		c.Dial.Compression.Disabled = true
		c.CloseAfterInput = true
		got := run(t.Context(), c)
		if len(got.out) != size+1 || strings.Trim(got.out, "x") != "\n" || got.status != 0 {
			t.Errorf("of a line of %d octets %d came back; status %d %s", size, len(got.out)-1, got.status, got.text)
		}
	}
}

func TestEverythingAcceptedIsSentBeforeTheClose(t *testing.T) {
	const lines = 2000
	received, begin := make(chan int, 1), make(chan struct{})
	url := serve(t, func(c *websocket.Conn) {
		<-begin // so that what is sent fills all there is between
		n := 0
		for _, err := range c.Messages(context.Background()) {
			if err != nil {
				received <- n
				return
			}
			n++
		}
	})
	c := to(url, "")
	c.Dial.Compression.Disabled = true
	r, w := io.Pipe()
	c.In = r
	c.CloseAfterInput = true
	ended := make(chan result, 1)
	go func() { ended <- run(t.Context(), c) }()
	line := strings.Repeat("x", 9999) + "\n"
	for i := range lines {
		if i == 10 {
			close(begin)
		}
		io.WriteString(w, line)
	}
	w.Close()
	if got := <-received; got != lines {
		t.Errorf("%d of %d lines came before the Close frame", got, lines)
	}
	if got := <-ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

// What a server sends between our Close frame and its own still counts.
func TestAnswersAfterTheCloseAreTaken(t *testing.T) {
	url := serve(t, func(c *websocket.Conn) {
		closing := errors.New("closing")
		c.HandleControl(func(op frame.Opcode, _ []byte) (bool, error) {
			if op == frame.Close {
				return true, closing
			}
			return false, nil
		})
		for {
			if _, _, err := c.Read(context.Background()); err != nil {
				break
			}
		}
		for i := range 3 {
			c.Write(context.Background(), websocket.Text, strconv.AppendInt(nil, int64(i), 10))
		}
		c.WriteControl(context.Background(), frame.Close, frame.AppendClose(nil, websocket.CloseNormal, ""))
		c.Stream().Close()
	})
	c := to(url, "a\n")
	c.CloseAfterInput = true
	if got := run(t.Context(), c); got.out != "0\n1\n2\n" || got.status != 0 {
		t.Errorf("%+v, want the three messages", got)
	}
}

func TestWaitForATime(t *testing.T) {
	c := to(echo(t), "a\nb\n")
	c.Wait = Wait{Time: 10 * time.Millisecond}
	if got := run(t.Context(), c); got.out != "a\nb\n" || got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWaitForMessages(t *testing.T) {
	c := to(echo(t), "a\nb\nc\n")
	c.Wait = Wait{Messages: 3}
	if got := run(t.Context(), c); got.out != "a\nb\nc\n" || got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWaitSendsAllOfTheInputFirst(t *testing.T) {
	sent := make(chan string, 3)
	url := serve(t, func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.Text, []byte("hello"))
		for {
			_, data, err := c.Read(context.Background())
			if err != nil {
				close(sent)
				return
			}
			sent <- string(data)
		}
	})
	c := to(url, "")
	r, w := pipe(t)
	c.In, c.Wait = r, Wait{Messages: 1}
	var out buffer
	c.Out = &out
	ended := make(chan result, 1)
	go func() { ended <- run(t.Context(), c) }()
	out.await(t, "hello\n")
	io.WriteString(w, "a\nb\n")
	w.Close()
	if got := <-ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
	if a, b := <-sent, <-sent; a != "a" || b != "b" {
		t.Errorf("%q and %q were sent, want all of the input", a, b)
	}
}

func TestWaitOnATerminalDoesNotWaitForTheInputsEnd(t *testing.T) {
	for _, wait := range []Wait{{Messages: 1}, {Time: 10 * time.Millisecond}} {
		url := serve(t, func(c *websocket.Conn) {
			c.Write(context.Background(), websocket.Text, []byte("hello"))
			c.Read(context.Background())
		})
		c := to(url, "")
		r, _ := pipe(t)
		c.In, c.Terminal, c.Wait = r, true, wait
		if got := run(t.Context(), c); got.status != 0 {
			t.Errorf("waiting for %s: %+v", wait, got)
		}
	}
}

// A server that is slow to take what was sent gets all of it, although its answer has come.
func TestWhatWasSentArrivesAlsoWhereTheAnswerCameBefore(t *testing.T) {
	const size = 1 << 20
	received, begin := make(chan int, 1), make(chan struct{})
	url := serve(t, func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.Text, []byte("ok"))
		<-begin
		_, data, err := c.Read(context.Background())
		if err == nil {
			c.Read(context.Background())
		}
		received <- len(data)
	})
	c := to(url, "")
	c.Dial.Compression.Disabled = true
	c.Messages, c.Wait = []string{strings.Repeat("x", size)}, Wait{Messages: 1}
	c.quickClose = time.Millisecond
	time.AfterFunc(100*c.quickClose, func() { close(begin) }) // late for who would be in a hurry
	if got := run(t.Context(), c); got.status != 0 {
		t.Errorf("%+v", got)
	}
	if got := <-received; got != size {
		t.Errorf("%d of %d octets came", got, size)
	}
}

func TestExpectEndsAtTheFirstMatch(t *testing.T) {
	url := serve(t, func(c *websocket.Conn) {
		for i := range 100 {
			c.Write(context.Background(), websocket.Text, strconv.AppendInt(nil, int64(i), 10))
		}
		c.Read(context.Background())
	})
	c := to(url, "")
	r, _ := pipe(t)
	c.In, c.Expect = r, regexp.MustCompile("^[2-9]$")
	if got := run(t.Context(), c); got.out != "0\n1\n2\n" || got.status != 0 || got.err != "" {
		t.Errorf("%+v, want all up to the match", got)
	}
}

func TestMessagesInsteadOfTheInput(t *testing.T) {
	tests := []struct {
		name   string
		format Format
		want   string
	}{
		{"lines", Lines, "a\nb c\n"}, {"octets 0", Null, "a\x00b c\x00"}, {"lengths", Prefixed, "\x00\x00\x00\x01a\x00\x00\x00\x03b c"},
	}
	url := echo(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := to(url, "this is not read")
			c.Messages, c.CloseAfterInput, c.Format = []string{"a", "b c"}, true, tt.format
			if got := run(t.Context(), c); got.out != tt.want || got.status != 0 {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}

// Who does not read the output holds the server back.
func TestAnOutputThatNobodyReadsHoldsTheServerBack(t *testing.T) {
	const most = 300
	sent := make(chan int, 1)
	url := serve(t, func(c *websocket.Conn) {
		data := make([]byte, 1<<20)
		for n := 0; ; n++ {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			err := c.Write(ctx, websocket.Binary, data)
			cancel()
			if err != nil || n == most {
				sent <- n
				return
			}
		}
	})
	c := to(url, "")
	c.Dial.Compression.Disabled = true
	out, in := io.Pipe()
	c.Out, c.Format = in, Raw
	input, _ := pipe(t)
	c.In = input
	ended := make(chan result, 1)
	go func() { ended <- run(t.Context(), c) }()
	if n := <-sent; n == most {
		t.Errorf("%d MiB were taken, and nobody reads them", n)
	}
	go io.Copy(io.Discard, out)
	if got := <-ended; got.status != Abnormal {
		t.Errorf("%+v, want the status of a connection that was cut", got)
	}
	in.Close()
}

func TestAnOutputWhoseReaderHasGone(t *testing.T) {
	told := make(chan error, 1)
	url := serve(t, func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.Text, []byte("a"))
		_, _, err := c.Read(context.Background())
		told <- err
	})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	c := to(url, "")
	input, _ := pipe(t)
	c.In, c.Out = input, w
	if got := run(t.Context(), c); got.status != OutputGone || got.text != "" {
		t.Errorf("%+v, want status %d and no words", got, OutputGone)
	}
	if err := <-told; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the server was told %v, want 1001", err)
	}
}

func TestInterrupted(t *testing.T) {
	told := make(chan error, 1)
	url := serve(t, func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.Text, []byte("hello"))
		_, _, err := c.Read(context.Background())
		told <- err
	})
	ctx, cancel := context.WithCancel(t.Context())
	c := to(url, "")
	input, _ := pipe(t)
	var out buffer
	c.In, c.Out = input, &out
	ended := make(chan result, 1)
	go func() { ended <- run(ctx, c) }()
	out.await(t, "hello\n")
	cancel()
	if got := <-ended; got.status != Interrupted || got.text != "" {
		t.Errorf("%+v, want status %d and no words", got, Interrupted)
	}
	if err := <-told; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the server was told %v, want 1001", err)
	}
}

// A peer that answers no Close frame, and an output that nobody reads, do not keep who wants to go.
func TestInterruptedWhereNothingMoves(t *testing.T) {
	over := make(chan struct{})
	url := serve(t, func(c *websocket.Conn) {
		c.Write(context.Background(), websocket.Text, []byte("hello"))
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			err := c.Write(ctx, websocket.Binary, make([]byte, 1<<20))
			cancel()
			if err != nil {
				break
			}
		}
		<-over
	})
	defer close(over)
	ctx, cancel := context.WithCancel(t.Context())
	c := to(url, "")
	c.Dial.Compression.Disabled = true
	c.quickClose = 20 * time.Millisecond
	input, _ := pipe(t)
	r, w := io.Pipe()
	c.In, c.Out = input, w
	ended := make(chan result, 1)
	go func() { ended <- run(ctx, c) }()
	r.Read(make([]byte, 1))
	cancel()
	if got := <-ended; got.status != Interrupted {
		t.Errorf("%+v, want status %d", got, Interrupted)
	}
	r.Close() // what waits to be written ends now
}

// Who leaves because all has come is not cut off as soon as somebody wants the end, but has a little time.
func TestLeavingIsNotCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, peer := wstest.Conns(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		left := make(chan struct{})
		go func() {
			defer close(left)
			(&talk{session: &session{quickClose: 2 * time.Second}, conn: conn, stopReading: func() {}}).leave(ctx)
		}()
		synctest.Wait()
		select {
		case <-left:
			t.Fatal("it was cut off")
		default:
		}
		if _, _, err := peer.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseNormal {
			t.Errorf("at the end: %v", err)
		}
		<-left

		conn, _ = wstest.Conns(t, nil)
		began := time.Now()
		(&talk{session: &session{quickClose: 2 * time.Second}, conn: conn, stopReading: func() {}}).leave(ctx)
		if took := time.Since(began); took != 2*time.Second { // nobody answers
			t.Errorf("it took %v", took)
		}
	})
}
