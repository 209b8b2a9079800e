package inspect

import (
	"crypto/tls"
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
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer a.Close()
		gone := make(chan struct{})
		slow := delay(a, time.Hour, gone)
		io.WriteString(b, "x")
		b.Close()
		begin := time.Now()
		time.AfterFunc(time.Minute, func() { close(gone) })
		if n, err := slow.Read(make([]byte, 1)); n != 0 || err != net.ErrClosed || time.Since(begin) != time.Minute {
			t.Errorf("%d, %v after %v", n, err, time.Since(begin))
		}
	})
}

func TestADelayedStreamReadsNoMoreThanIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		gone := make(chan struct{})
		delay(a, time.Hour, gone)
		done := make(chan int, 1)
		go func() {
			n, _ := b.Write(make([]byte, 4<<20))
			done <- n
		}()
		synctest.Wait()
		close(gone)
		a.Close()
		b.Close()
		if n := <-done; n < 1<<20 || n > 2<<20 {
			t.Errorf("%d octets were taken", n)
		}
	})
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
		const after = 50 * time.Millisecond
		r := start(t, echo(t, false, websocket.AcceptOptions{}), func(p *Proxy) { p.DropAfter, p.Secure = after, secure })
		nc, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		if secure {
			config := cert.Client()
			config.ServerName = "localhost"
			nc = tls.Client(nc, config)
		}
		begin := time.Now()
		if _, err := io.WriteString(nc, upgrading); err != nil {
			t.Fatal(err)
		}
		// The reset may destroy the answer on its way, so that of this nothing is asked.
		if _, err := io.ReadAll(nc); !errors.Is(err, syscall.ECONNRESET) || time.Since(begin) < after {
			t.Errorf("the connection ended after %v with %v", time.Since(begin), err)
		}
		nc.Close()
		r.stop()
		for _, want := range []string{": 101 Switching Protocols\n", "#1 ! dropped on purpose\n"} {
			if !strings.Contains(r.journal.String(), want) {
				t.Errorf("there is no %q in\n%s", want, r.journal.String())
			}
		}
	}
}
