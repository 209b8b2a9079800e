package connect

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// listenTCP is the address of a TCP server that gives every connection to f.
func listenTCP(t *testing.T, f func(nc net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer nc.Close()
				f(nc)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		open.Wait()
	})
	return ln.Addr().String()
}

// TCP over WebSocket and back: what --tcp-listen sends, --listen with --tcp takes apart.
func TestTCPThroughBothEnds(t *testing.T) {
	server := listenTCP(t, func(nc net.Conn) { io.Copy(nc, nc) })
	far := listen(t, Config{Listen: "127.0.0.1:0", Keep: true, TCP: server})
	near := listen(t, Config{TCPListen: "127.0.0.1:0", URL: far.url, Dial: &websocket.DialOptions{}})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			nc, err := net.Dial("tcp", near.url)
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			sent := make([]byte, 1<<20)
			for i := range sent {
				sent[i] = byte(rand.Uint32())
			}
			go nc.Write(sent)
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(nc, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("what came back is not what was sent: %v", err)
			}
		})
	}
	all.Wait()
	near.stop()
	far.stop()
	if a, b := <-near.ended, <-far.ended; a.status != 0 || b.status != 0 {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestTCPEndsWithTheConnection(t *testing.T) {
	tests := []struct {
		name string
		end  func(c *websocket.Conn)
		want error // of reading the TCP connection
	}{
		{"in order", func(c *websocket.Conn) { c.Close(websocket.CloseNormal, "") }, io.EOF},
		{"broken", (*websocket.Conn).Terminate, syscall.ECONNRESET},
		{"by a code", func(c *websocket.Conn) { c.Close(websocket.CloseInternalError, "") }, syscall.ECONNRESET},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, tt.end)
			l := listen(t, Config{TCPListen: "127.0.0.1:0", URL: url, Dial: &websocket.DialOptions{}})
			nc, err := net.Dial("tcp", l.url)
			if err == nil { // else it was over before Dial has seen that it was there
				defer nc.Close()
				_, err = nc.Read(make([]byte, 1))
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("it ended with %v, want %v", err, tt.want)
			}
		})
	}
}

func TestConnectionEndsWithTCP(t *testing.T) {
	ended := make(chan error, 1)
	url := serve(t, func(c *websocket.Conn) {
		_, _, err := c.Read(t.Context())
		ended <- err
	})
	l := listen(t, Config{TCPListen: "127.0.0.1:0", URL: url, Dial: &websocket.DialOptions{}})
	nc, err := net.Dial("tcp", l.url)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if err := <-ended; websocket.CloseCodeOf(err) != websocket.CloseNormal {
		t.Errorf("it ended with %v, want 1000", err)
	}
}

func TestTCPToWhoRefuses(t *testing.T) {
	l := listen(t, Config{TCPListen: "127.0.0.1:0", URL: "ws://127.0.0.1:1", Dial: &websocket.DialOptions{}})
	nc, err := net.Dial("tcp", l.url)
	if err == nil { // else it was over before Dial has seen that it was there
		defer nc.Close()
		_, err = nc.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("it ended with %v", err)
	}
	l.err.await(t, ": 127.0.0.1:1 refused the connection: ")
}

func TestNoTCPServer(t *testing.T) {
	c := to(echo(t), "")
	c.TCP = "127.0.0.1:1"
	if got := run(t.Context(), c); got.status != Failed || got.text != "cannot connect to --tcp 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused" {
		t.Errorf("%+v", got)
	}
}
