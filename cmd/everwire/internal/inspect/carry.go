package inspect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
)

// A carry is a connection that is passed through.
type carry struct {
	proxy  *Proxy
	target *target
	sees   *wire.Decoder
	tell   func(error) // what goes wrong
	client net.Conn

	mu     sync.Mutex
	server net.Conn      // nil until there is one
	ended  bool          // cut was called
	gone   chan struct{} // closed then

	request *wire.Head
	upgrade bool
	refused atomic.Bool // the server has answered an upgrade with another status than 101
}

// run carries both ways until both ends are done, and closes the streams.
func (c *carry) run() {
	var outward sync.WaitGroup
	outward.Go(func() { c.relay(wire.FromClient, c.client, c.server, c.refused.Load) })
	if c.inward() {
		c.server.Close()
		c.client.SetReadDeadline(time.Now().Add(patience)) // for it to read the answer
	}
	outward.Wait()
	c.cut()
}

// cut ends the connection wherever it is.
func (c *carry) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.gone)
	}
	c.client.Close()
	if c.server != nil {
		c.server.Close()
	}
}

// drop resets the connection.
func (c *carry) drop() {
	c.tell(errors.New("dropped on purpose"))
	c.mu.Lock()
	defer c.mu.Unlock()
	reset(c.client)
	reset(c.server)
}

// open reads the client's request and passes it on to a new stream to the server. It reports whether there is one;
// if not, why was told.
func (c *carry) open(ctx context.Context) bool {
	c.client.SetReadDeadline(time.Now().Add(headTimeout))
	head, size, octets, err := readHead(c.client, wire.FromClient, nil)
	c.client.SetReadDeadline(time.Time{})
	switch {
	case len(octets) == 0:
		return false // somebody looks whether the port is open
	case errors.Is(err, wire.ErrNotHTTP) || errors.Is(err, wire.ErrHeadTooLarge):
		c.sees.Write(wire.FromClient, octets) // which tells the violation
		c.answer(refusal(http.StatusBadRequest, "everwire proxy passes on HTTP/1.1 only: "+err.Error()))
		return false
	case err != nil:
		c.tell(fmt.Errorf("the client's request is not whole: %w", err))
		return false
	}
	c.request, c.upgrade = head, upgrades(head)
	c.sees.Write(wire.FromClient, octets)
	server, err := c.target.dial(ctx)
	if err != nil {
		err = c.proxy.unreachable(c.target, err)
		if ctx.Err() == nil {
			c.tell(err)
		}
		c.sees.End(wire.FromServer, err)
		c.answer(refusal(http.StatusBadGateway, err.Error()))
		return false
	}
	c.mu.Lock()
	c.server = server
	ended := c.ended
	c.mu.Unlock()
	sent := c.proxy.rewrite(head, c.target, c.client.RemoteAddr(), c.proxy.Secure).Append(nil)
	if _, err = server.Write(append(sent, octets[size:]...)); err != nil {
		c.tell(fmt.Errorf("the request cannot be sent to %s: %w", c.target.name(), err))
	}
	if err != nil || ended {
		c.cut()
		return false
	}
	return true
}

// answer sends an answer of the proxy's own, and lets the client go first: closing with unread input would destroy it.
func (c *carry) answer(text string) {
	if _, err := io.WriteString(c.client, text); err != nil {
		return
	}
	endWrites(c.client)
	c.client.SetReadDeadline(time.Now().Add(patience))
	io.CopyN(io.Discard, c.client, 1<<20)
}

// patience is how long one end may still take when the other is gone.
const patience = 2 * time.Second

// inward carries from the server to the client. It reports whether that was an ordinary answer, after which nothing
// more comes.
func (c *carry) inward() (ordinary bool) {
	var octets []byte
	for {
		head, size, all, err := readHead(c.server, wire.FromServer, octets)
		status := 0
		if err == nil {
			status = head.Status()
		}
		if status >= 200 && c.upgrade {
			c.refused.Store(true)
		}
		c.pass(all[len(octets):])
		switch {
		case err != nil || status == http.StatusSwitchingProtocols:
			if isEnd(err) {
				c.sees.End(wire.FromServer, endError(err))
				endWrites(c.client)
				return true
			}
			if d := c.proxy.DropAfter; d > 0 && err == nil {
				defer time.AfterFunc(d, c.drop).Stop()
			}
			c.relay(wire.FromServer, c.server, c.client, never)
			return false
		case status >= 200:
			c.body(all)
			return true
		}
		octets = all[size:] // behind an interim answer
	}
}

func never() bool { return false }

// isEnd reports whether a head was not read because the stream has ended.
func isEnd(err error) bool {
	return err != nil && !errors.Is(err, wire.ErrNotHTTP) && !errors.Is(err, wire.ErrHeadTooLarge)
}

// pass passes octets from the server on.
func (c *carry) pass(octets []byte) error {
	c.sees.Write(wire.FromServer, octets)
	_, err := c.client.Write(octets)
	return err
}

// body passes on the rest of an ordinary answer, of which some octets were passed on.
func (c *carry) body(passed []byte) {
	method, _, _ := c.request.Request()
	rest := &passing{c}
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(passed), rest))
	if resp, err := http.ReadResponse(r, &http.Request{Method: method}); err == nil {
		io.Copy(io.Discard, resp.Body)
	}
	c.sees.End(wire.FromServer, nil)
	endWrites(c.client)
}

// passing reads from the server, and passes on what it reads.
type passing struct{ c *carry }

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.c.server.Read(b)
	if n > 0 {
		if err := p.c.pass(b[:n]); err != nil {
			return 0, err
		}
	}
	return n, err
}

// relay carries octets until their end, or until stop says so. It reads no more before it has written what it
// has read.
func (c *carry) relay(from wire.Direction, src, dst net.Conn, stop func() bool) {
	in := src
	if d := c.proxy.Delay; d > 0 && c.upgrade {
		in = delay(src, d, c.gone)
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := in.Read(buf)
		if stop() {
			return
		}
		if n > 0 {
			c.sees.Write(from, buf[:n])
			if _, err := dst.Write(buf[:n]); err != nil {
				return // what dst has sent before is still passed on
			}
		}
		if err == nil {
			continue
		}
		c.sees.End(from, endError(err))
		endWrites(dst)
		if err != io.EOF { // src is gone, so dst need not be waited for
			dst.SetReadDeadline(time.Now().Add(patience))
		}
		return
	}
}

// endError is why a stream ended, if not in order. That the proxy cut it, or lost patience, says nothing of it.
func endError(err error) error {
	if err == io.EOF || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// endWrites sends FIN, or TLS's close_notify, where the stream can.
func endWrites(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}
