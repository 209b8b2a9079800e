package wstest

import "fmt"

const (
	defaultPipeSize = 64 << 10
	defaultBacklog  = 128
)

// An Option changes what [Pipe] or [Listen] makes.
type Option func(*config)

type config struct {
	pipeSize int
	backlog  int
}

func configure(opts []Option) config {
	c := config{pipeSize: defaultPipeSize, backlog: defaultBacklog}
	for _, set := range opts {
		set(&c)
	}
	return c
}

// PipeSize makes each direction of a connection hold at most n bytes that were written and not yet read; a
// Write that does not fit waits. The default is 64 KiB. The memory is taken as it is needed, so a large
// bound costs nothing by itself. PipeSize panics if n is less than 1: a pair that buffers nothing is
// [net.Pipe]. In [Listen] it holds for every connection dialed.
func PipeSize(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("wstest: PipeSize(%d): must be at least 1", n))
	}
	return func(c *config) { c.pipeSize = n }
}

// Backlog makes a [Listener] hold at most n connections that were dialed and not yet accepted; a Dial past
// them waits. The default is 128. Backlog panics if n is less than 1. [Pipe] ignores it.
func Backlog(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("wstest: Backlog(%d): must be at least 1", n))
	}
	return func(c *config) { c.backlog = n }
}
