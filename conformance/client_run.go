package conformance

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"
)

// RunClient asks a client the cases that opts choose. It serves on 127.0.0.1, and calls echo once for each
// case, with a URL for that case only. Echo must connect to it, echo every message until the connection ends,
// and return; its error is told if it never connected, and does not matter otherwise, since many cases are
// made to fail. Its context ends when the case may take no longer. Several calls run at once, as
// opts.Parallel has it.
//
// The results are in the order of the cases' numbers. An error means that the run could not begin, or that
// ctx ended; the results up to then are returned with it. An echo that ignores its context is given up, and
// its goroutine stays.
func RunClient(ctx context.Context, echo func(ctx context.Context, url string) error, opts *Options) ([]*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	serving := *opts
	serving.OnStart, serving.OnResult = nil, nil // runAll calls them
	l, err := NewClientSuite(&serving)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go l.Serve(ln)
	return runAll(ctx, l.cases, opts, func(ctx context.Context, c *Case) *Result {
		query := url.Values{"casetuple": {c.ID}, "agent": {l.opts.Agent}}
		return l.call(ctx, c, "ws://"+ln.Addr().String()+"/runCase?"+query.Encode(), echo)
	})
}

// call has a client run a case.
func (l *ClientSuite) call(ctx context.Context, c *Case, url string, echo func(context.Context, string) error) *Result {
	began := time.Now()
	timeout := c.Timeout
	if timeout == 0 {
		timeout = l.opts.timeout()
	}
	// The case's own time begins with the request, which comes later.
	bounded, cancel := context.WithTimeout(ctx, timeout+l.opts.patience())
	defer cancel()
	returned := make(chan error, 1)
	go func() { returned <- echo(bounded, url) }()
	var err error
	gone := false
	select {
	case err = <-returned:
		gone = true
	case <-bounded.Done():
	}
	if !gone {
		select {
		case err = <-returned:
			gone = true
		case <-time.After(l.opts.patience()):
		}
	}

	// A client that has gone may have left a request behind that nobody has read so far.
	soon, cancel := context.WithTimeout(ctx, l.opts.patience())
	defer cancel()
	var r *Result
	running := false
	look := func() bool {
		if a := l.agents[l.opts.Agent]; a != nil {
			r, running = a.results[c], a.running[c] > 0
		}
		return r != nil && !running
	}
	l.await(soon, look)
	if running {
		l.await(ctx, look) // the case's timeout ends it
	}
	if r == nil {
		r = &Result{Case: c, Agent: l.opts.Agent, Began: began, Took: time.Since(began), Behavior: Failed, Close: Failed}
		r.Reason = "the client did not connect"
		if err != nil {
			r.Reason += ": " + err.Error()
		}
	}
	if !gone && ctx.Err() == nil {
		failed := *r
		failed.Behavior = Failed
		failed.Reason = fmt.Sprintf("the client did not return within %v", time.Since(began).Round(time.Millisecond))
		return &failed
	}
	return r
}
