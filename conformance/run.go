package conformance

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// Select returns those of some cases that a pattern means: a list such as "6.*,!6.4.*" of numbers, in which *
// stands for any rest and ! takes away; a name without dots and stars, such as "7", is the whole family;
// "tag:utf8" are the cases with a tag. A list that begins with ! begins with all. An empty pattern means all.
// The error names an element that means nothing.
func Select(cases []*Case, pattern string) ([]*Case, error) {
	if strings.TrimSpace(pattern) == "" {
		return cases, nil
	}
	chosen := make(map[*Case]bool)
	for i, element := range strings.Split(pattern, ",") {
		element = strings.TrimSpace(element)
		without := strings.HasPrefix(element, "!")
		if without && i == 0 {
			for _, c := range cases {
				chosen[c] = true
			}
		}
		element = strings.TrimPrefix(element, "!")
		found := false
		for _, c := range cases {
			if matches(c, element) {
				found = true
				chosen[c] = !without
			}
		}
		if !found {
			return nil, fmt.Errorf("no case is meant by %q", element)
		}
	}
	var list []*Case
	for _, c := range cases {
		if chosen[c] {
			list = append(list, c)
		}
	}
	return list, nil
}

func matches(c *Case, element string) bool {
	if tag, ok := strings.CutPrefix(element, "tag:"); ok {
		return c.Has(Tag(tag))
	}
	if element == c.ID || strings.HasPrefix(c.ID, element+".") {
		return true
	}
	ok, err := path.Match(element, c.ID)
	return ok && err == nil && strings.Contains(element, "*")
}

// deadline returns the time up to which to wait: d from now, none for 0, and not after the context's end.
func deadline(ctx context.Context, d time.Duration) time.Time {
	end, bounded := ctx.Deadline()
	if d == 0 {
		if !bounded {
			return time.Time{}
		}
		return end
	}
	if t := time.Now().Add(d); !bounded || t.Before(end) {
		return t
	}
	return end
}

// RunServer asks a server at a ws or wss URL the cases that opts choose. The server must echo every message.
// The results are in the order of the cases' numbers. An error means that the run could not begin, or that
// ctx ended; the results up to then are returned with it.
func RunServer(ctx context.Context, server string, opts *Options) ([]*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	u, err := parseURL(server)
	if err != nil {
		return nil, err
	}
	cases, err := Select(Cases(Server), opts.Cases)
	if err != nil {
		return nil, err
	}
	o := *opts
	if o.Agent == "" {
		o.Agent = u.Host
	}
	nc, err := o.dial(ctx, u) // so that a wrong address is one error, and not one a case
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", server, err)
	}
	nc.Close()
	return runAll(ctx, cases, &o, func(ctx context.Context, c *Case) *Result {
		s := newSession(ctx, c, Server, &o)
		s.url = u
		return s.perform()
	})
}

func parseURL(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, fmt.Errorf("the URL %q must begin with ws:// or wss://", server)
	case u.Host == "":
		return nil, fmt.Errorf("the URL %q has no host", server)
	case u.Fragment != "":
		return nil, fmt.Errorf("the URL %q has a fragment (RFC 6455 §3)", server)
	}
	return u, nil
}

// runAll runs cases several at a time, and then those that must be alone.
func runAll(ctx context.Context, cases []*Case, opts *Options, one func(context.Context, *Case) *Result) ([]*Result, error) {
	parent := ctx
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	results := make([]*Result, len(cases))
	var mu sync.Mutex
	perform := func(i int) {
		mu.Lock()
		if ctx.Err() != nil {
			mu.Unlock()
			return
		}
		if opts.OnStart != nil {
			opts.OnStart(cases[i])
		}
		mu.Unlock()
		r := one(ctx, cases[i])
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return // it was cut
		}
		results[i] = r
		if opts.OnResult != nil {
			opts.OnResult(r)
		}
		if opts.FailFast && !r.Good() {
			cancel()
		}
	}
	var together sync.WaitGroup
	places := make(chan struct{}, opts.parallel())
	for i, c := range cases {
		if !c.Alone {
			places <- struct{}{}
			together.Go(func() {
				defer func() { <-places }()
				perform(i)
			})
		}
	}
	together.Wait()
	for i, c := range cases {
		if c.Alone {
			perform(i)
		}
	}
	done := results[:0]
	for _, r := range results {
		if r != nil {
			done = append(done, r)
		}
	}
	return done, parent.Err()
}
