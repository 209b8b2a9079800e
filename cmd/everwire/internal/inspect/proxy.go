package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
)

// A Proxy passes connections through to a target, and shows what passes.
type Proxy struct {
	// Target is a ws or wss URL. Its path is put before those that are asked for, and its query before theirs; user
	// and password become basic authorization where a request has none.
	Target string

	// Dial says how to connect: TLSConfig, DialContext, Proxy, ProxyTLSConfig, HandshakeTimeout; and
	// which fields every request has, Header, in the place of what the client sent under these names.
	Dial *websocket.DialOptions

	Rewriting
	Faults

	// Secure says that the listener's connections are TLS.
	Secure bool

	// Journal is what is written for people. Its zero value writes nothing.
	Journal Journal

	// Record, if set, is where everything is recorded.
	Record *record.Writer
}

// recordedPayload bounds what is recorded of one frame, in octets.
const recordedPayload = 64 << 20

// Serve takes connections from a listener until ctx ends, closes it and the connections, and returns when they are
// done with. An error is one of the target's URL or of the listener.
func (p *Proxy) Serve(ctx context.Context, ln net.Listener) error {
	t, err := newTarget(p.Target, p.Dial)
	if err != nil {
		ln.Close()
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	for id := uint64(1); ; id++ {
		nc, err := accept(ctx, ln)
		if err != nil {
			ln.Close()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		all.Go(func() { p.serve(ctx, t, nc, id) })
	}
}

// accept goes on after errors that pass, such as a lack of descriptors.
func accept(ctx context.Context, ln net.Listener) (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		nc, err := ln.Accept()
		var passing interface{ Temporary() bool }
		if err == nil || !errors.As(err, &passing) || !passing.Temporary() {
			return nc, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// serve carries one connection.
func (p *Proxy) serve(ctx context.Context, t *target, client net.Conn, id uint64) {
	defer client.Close()
	seen := p.Journal.connection(id, client.RemoteAddr())
	c := &carry{proxy: p, target: t, client: client, tell: seen.problem, gone: make(chan struct{})}
	config := wire.Config{Messages: p.Journal.Frames && !p.Journal.Raw}
	see := seen.see
	if p.Record != nil {
		config.Payload = recordedPayload
		recorded := p.Record.Connection(client.RemoteAddr().String())
		see = func(e wire.Event) {
			recorded.See(e)
			seen.see(e)
		}
	}
	c.sees = wire.NewDecoder(config, see)
	defer c.sees.Close()
	defer context.AfterFunc(ctx, c.cut)()
	if c.open(ctx) {
		c.run()
	}
}

// headTimeout is how long a client may take for its request.
const headTimeout = 30 * time.Second

// readHead reads up to the end of a head, and returns all that it has read.
func readHead(nc net.Conn, from wire.Direction, had []byte) (h *wire.Head, size int, octets []byte, err error) {
	octets = had
	for {
		if h, size, err = wire.ParseHead(octets, from); err != nil || size > 0 {
			return h, size, octets, err
		}
		b := make([]byte, 4096)
		n, err := nc.Read(b)
		octets = append(octets, b[:n]...)
		if n == 0 && err != nil {
			if err == io.EOF && len(octets) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, 0, octets, err
		}
	}
}

// unreachable makes one line of why a target cannot be reached.
func (p *Proxy) unreachable(t *target, err error) error {
	if p.Journal.Explain != nil {
		return errors.New(p.Journal.Explain(err))
	}
	return fmt.Errorf("%s cannot be reached: %w", t.name(), err)
}
