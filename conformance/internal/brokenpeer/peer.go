package brokenpeer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// headTime is how long a request or an answer may take.
const headTime = 10 * time.Second

// A Server is a peer that listens.
type Server struct {
	// URL is where.
	URL string

	ln      net.Listener
	fault   Fault
	working sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// Listen starts a server with a fault on 127.0.0.1.
func Listen(fault Fault) (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "ws://" + ln.Addr().String() + "/echo", ln: ln, fault: fault, conns: map[net.Conn]bool{}}
	s.working.Go(s.run)
	return s, nil
}

// Close ends it and all its connections.
func (s *Server) Close() {
	s.ln.Close()
	s.mu.Lock()
	s.closed = true
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	s.working.Wait()
}

func (s *Server) run() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			nc.Close()
			return
		}
		s.conns[nc] = true
		s.working.Go(func() {
			s.serve(nc)
			nc.Close()
			s.mu.Lock()
			delete(s.conns, nc)
			s.mu.Unlock()
		})
		s.mu.Unlock()
	}
}

func (s *Server) serve(nc net.Conn) {
	c := &conn{nc: nc, in: bufio.NewReader(nc), fault: s.fault}
	if s.fault != EndlessHead {
		nc.SetReadDeadline(time.Now().Add(headTime))
	}
	text, err := c.upgrade()
	var no *refusal
	switch {
	case errors.As(err, &no):
		fmt.Fprintf(nc, "HTTP/1.1 %d %s\r\n%sConnection: close\r\nContent-Length: 0\r\n\r\n", no.status, http.StatusText(no.status), no.fields)
		c.end()
		return
	case err != nil:
		return
	}
	nc.SetReadDeadline(time.Time{})
	if _, err := nc.Write([]byte(text)); err == nil {
		c.serve()
	}
}

// Run connects a client with a fault to a ws URL, and echoes until the connection is over. An error is that
// of the opening handshake.
func Run(ctx context.Context, target string, fault Fault) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	c := &conn{nc: nc, in: bufio.NewReader(nc), client: true, fault: fault}
	nc.SetReadDeadline(time.Now().Add(headTime))
	if err := c.ask(u.Host, u.RequestURI()); err != nil {
		return err
	}
	nc.SetReadDeadline(time.Time{})
	c.serve()
	return nil
}
