package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A link is a connection whose opening handshake is over.
type link struct {
	conn  net.Conn
	raw   *net.TCPConn
	agree agreement
	rest  []byte // what came behind the answer
}

// dial makes one. An error is an *Error.
func (p *portable) dial(ctx context.Context, number int) (link, error) {
	p.tally.opening.Add(1)
	defer p.tally.opening.Add(-1)
	began := p.clock.now()
	k, err := p.connect(ctx, number)
	if err != nil {
		return k, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	record(p.tally.handshakes, p.clock.now()-began, 1)
	p.tally.opened++
	p.tally.out += int64(len(p.upgrades[number%len(p.upgrades)].request))
	p.tally.in += int64(k.agree.length)
	return k, nil
}

func (p *portable) connect(ctx context.Context, number int) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, p.plan.Timeout)
	defer cancel()
	var dialer net.Dialer
	if n := len(p.plan.Sources); n > 0 {
		dialer.LocalAddr = &net.TCPAddr{IP: p.plan.Sources[number%n].AsSlice()}
	}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(p.target.hostname, p.target.port))
	if errors.Is(err, context.DeadlineExceeded) {
		return link{}, p.unanswered(err)
	}
	if err != nil {
		return link{}, ioError(err, ConnectError)
	}
	k := link{conn: conn, raw: conn.(*net.TCPConn)}
	if p.target.secure {
		config := &tls.Config{}
		if p.plan.TLS != nil {
			config = p.plan.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = p.target.hostname
		}
		k.conn = tls.Client(conn, config)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = p.upgrade(ctx, &k, &p.upgrades[number%len(p.upgrades)])
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return link{}, p.unanswered(err)
		}
		return link{}, ioError(err, HandshakeError)
	}
	return k, nil
}

func (p *portable) unanswered(err error) *Error {
	return because(TimeoutError, 0, "no answer to the handshake within %v: %w", p.plan.Timeout, err)
}

func (p *portable) upgrade(ctx context.Context, k *link, u *upgrade) error {
	if secure, ok := k.conn.(*tls.Conn); ok {
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
	}
	if _, err := k.conn.Write(u.request); err != nil {
		return err
	}
	in := make([]byte, 0, 1024)
	for k.agree.length == 0 {
		in = append(in, make([]byte, 512)...)[:len(in)]
		n, err := k.conn.Read(in[len(in):cap(in)])
		if err == io.EOF {
			err = errors.New("the server closed the connection")
		}
		if err != nil {
			return err
		}
		in = in[:len(in)+n]
		if k.agree, err = u.judge(in, p.plan.Deflate); err != nil {
			return err
		}
	}
	k.rest = in[k.agree.length:]
	return nil
}

// cut gives a connection back without leaving its port waiting.
func (k *link) cut() {
	_ = k.raw.SetLinger(0)
	_ = k.raw.Close()
}

// open dials, some at a time.
func (p *portable) open(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, p.plan.Dialing)
	var all sync.WaitGroup
	p.changes.upTo = p.plan.Connections
	p.changes.restart(p.clock.now(), 0, 1)
	for i := range p.plan.Connections {
		slots <- struct{}{}
		for !p.changes.may(p.clock.now()) && p.sleep(ctx, p.changes.dialAt) {
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			k, err := p.dial(ctx, i)
			if err != nil {
				cancel(p.tally.fail(i, err))
				return
			}
			p.mu.Lock()
			p.serve(i, k)
			p.mu.Unlock()
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
