package inspect

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestADelayedStreamIsLaterAndNotSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		gone := make(chan struct{})
		slow := delay(a, time.Second, gone)
		begin := time.Now()
		go func() {
			for range 5 {
				io.WriteString(b, "x")
				time.Sleep(100 * time.Millisecond)
			}
			b.Close()
		}()
		for i := range 5 {
			n, err := slow.Read(make([]byte, 10))
			if at := time.Since(begin); n != 1 || err != nil || at != time.Second+time.Duration(i)*100*time.Millisecond {
				t.Errorf("piece %d: %d octets after %v, %v", i, n, at, err)
			}
		}
		for range 2 {
			if n, err := slow.Read(make([]byte, 10)); n != 0 || err != io.EOF || time.Since(begin) != 1500*time.Millisecond {
				t.Errorf("the end: %d, %v after %v", n, err, time.Since(begin))
			}
		}
		close(gone)
		a.Close()
	})
}

func TestADelayedStreamEndsAtOnceWhenItIsGone(t *testing.T) {
	a, b := wstest.Pipe()
	defer a.Close()
	gone := make(chan struct{})
	slow := delay(a, time.Hour, gone)
	io.WriteString(b, "x")
	b.Close()
	time.AfterFunc(10*time.Millisecond, func() { close(gone) })
	if n, err := slow.Read(make([]byte, 1)); n != 0 || err != net.ErrClosed {
		t.Errorf("%d, %v", n, err)
	}
}

func TestADelayedStreamReadsNoMoreThanIsTaken(t *testing.T) {
	a, b := wstest.Pipe()
	gone := make(chan struct{})
	delay(a, time.Hour, gone)
	done := make(chan int, 1)
	go func() {
		n, _ := b.Write(make([]byte, 64<<20))
		done <- n
	}()
	select {
	case n := <-done:
		t.Errorf("%d octets were taken", n)
	case <-time.After(100 * time.Millisecond):
	}
	close(gone)
	a.Close()
	b.Close()
	<-done
}

func TestTheProxyDelays(t *testing.T) {
	r := start(t, echo(t, false, websocket.AcceptOptions{}), func(p *Proxy) { p.Delay = 50 * time.Millisecond })
	c, err := websocket.Dial(t.Context(), r.url, dialing())
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	echoes(t, c, websocket.Text, []byte("hi"))
	if d := time.Since(begin); d < 100*time.Millisecond {
		t.Errorf("it took %v", d)
	}
	if err := c.Close(websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func TestTheProxyDrops(t *testing.T) {
	for _, secure := range []bool{false, true} {
		r := start(t, echo(t, false, websocket.AcceptOptions{}), func(p *Proxy) { p.DropAfter, p.Secure = 300*time.Millisecond, secure })
		c, err := websocket.Dial(t.Context(), r.url, dialing())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(t.Context()); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the connection ended with %v", err)
		}
		r.stop()
		if !strings.Contains(r.journal.String(), "#1 ! dropped on purpose\n") {
			t.Errorf("the journal has\n%s", r.journal.String())
		}
	}
}
