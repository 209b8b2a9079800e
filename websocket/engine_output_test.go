//go:build linux

package websocket

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"
)

// gatedBlob is a blob that can be read once it is open.
type gatedBlob struct{ asked, open chan struct{} }

func (b gatedBlob) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 {
		close(b.asked)
		<-b.open
	}
	return len(p), nil
}

// The stream's end is seen while a fragment is made, and then the system takes no more of it: nobody will
// ever read that.
func TestEndOfStreamEndsABlobThatIsBeingRead(t *testing.T) {
	blob := gatedBlob{make(chan struct{}), make(chan struct{})}
	sockets, closed := make(chan *Socket, 1), make(chan struct{})
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Upgrade(w, r, &AcceptOptions{Heartbeat: Heartbeat{Interval: -1}}, func(s *Socket) {
			s.OnOpen(func(s *Socket) {
				s.SendBlob(blob, 1<<30)
				sockets <- s
			})
			s.OnClose(func(*Socket, CloseEvent) { close(closed) })
		})
	}))
	defer hs.Close()
	nc, err := net.Dial("tcp", hs.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprint(nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Iv8io/9s+lYFgZWcXczP8Q==\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReaderSize(nc, 16), nil); err != nil {
		t.Fatal(err)
	}
	s := <-sockets
	<-blob.asked
	nc.(*net.TCPConn).CloseWrite()
	for seen := false; !seen; runtime.Gosched() {
		s.mu.Lock()
		seen = s.loop.inputEnd
		s.mu.Unlock()
	}
	close(blob.open)
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the socket waits for a peer that does not read")
		nc.Close()
		<-closed
	}
}

// A socket whose listener lost a loop comes back to the loops after some quick turns.
func TestSocketComesBackToItsLoop(t *testing.T) {
	turns := make(chan bool, 1) // off the loop, when it began?
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Upgrade(w, r, nil, func(s *Socket) {
			s.OnMessage(func(s *Socket, m Message) {
				away := s.away
				if m.Text() == "block" && !away {
					for stolen := false; !stolen; time.Sleep(time.Millisecond) {
						s.mu.Lock()
						stolen = s.loop.slow > 0
						s.mu.Unlock()
					}
				}
				turns <- away
			})
		})
	}))
	defer hs.Close()
	opened, closed := make(chan struct{}), make(chan struct{})
	c, err := New(hs.URL, nil, func(c *Socket) {
		c.OnOpen(func(*Socket) { close(opened) })
		c.OnClose(func(*Socket, CloseEvent) { close(closed) })
	})
	if err != nil {
		t.Fatal(err)
	}
	<-opened
	for c.SendText("block"); <-turns; c.SendText("block") { // it may have lost its loop before, on a busy machine
	}
	away := 0
	for limit := time.Now().Add(30 * time.Second); ; away++ {
		c.SendText("quick")
		if !<-turns {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("it is still off the loop after %d turns", away)
		}
	}
	if away < slowTurns-1 {
		t.Errorf("it was trusted again after %d turns", away)
	}
	c.Close(1000, "")
	<-closed
}
