package connect

import (
	"cmp"
	"context"
	"fmt"
	"io"
)

// Run does what c says, until it is done or ctx ends: then connections are closed with code 1001. The error is an
// [*ExitError], with the exit status and one line for the user; nil is 0. C must have passed Check.
//
// Reading c.In cannot be given up: if it does not end by itself, one goroutine stays behind that reads it.
func Run(ctx context.Context, c Config) error {
	c.CloseTimeout = cmp.Or(c.CloseTimeout, DefaultCloseTimeout)
	c.quickClose = cmp.Or(c.quickClose, defaultQuickClose)
	ctx, cancel := withTimeout(ctx, c.Timeout)
	defer cancel()
	c.watch()
	switch {
	case c.Listen != "":
		return c.listen(ctx)
	case c.TCPListen != "":
		return c.listenTCP(ctx)
	}
	return c.client(ctx)
}

// say tells the user something, beside what Run returns.
func (c *Config) say(format string, args ...any) {
	io.WriteString(c.Err, "everwire: "+fmt.Sprintf(format, args...)+"\n")
}

// newGoal returns what must come.
func (c *Config) newGoal() *goal { return &goal{wait: c.Wait.Messages, expect: c.Expect} }

// newSession returns the talk of a local end, whose input is not read yet.
func (c *Config) newSession(l *local, g *goal) *session {
	return &session{
		out: l.out, goal: g,
		endless: l.endless, finite: l.finite, closeAfterInput: l.closeAfterInput,
		wait: c.Wait.Time, closeTimeout: c.CloseTimeout, quickClose: c.quickClose,
	}
}
