package deflate

import (
	"bytes"
	"errors"
	"io"
	"iter"
)

// A stream inflates a message in a coroutine that stands still whenever it lacks input, so that what has
// arrived of a large message is inflated at once. It costs no more than a function's stack, but must be
// stopped.
type stream struct {
	m      *inflater
	in     []byte
	behind []byte // comes after in
	kept   bool   // both are memory of the stream's own
	last   bool   // and nothing after that, but the trailer
	ended  bool   // the trailer was moved to in

	resume func() (State, bool)
	stop   func()
	yield  func(State) bool
	err    error
}

var errStopped = errors.New("deflate: the message was given up")

func newStream(m *inflater) *stream {
	s := &stream{m: m}
	s.resume, s.stop = iter.Pull(s.run)
	return s
}

// run is the coroutine. It yields Hungry and Full, and returns when the message has ended or s.err is set.
func (s *stream) run(yield func(State) bool) {
	s.yield = yield
	s.m.buffered.Reset(s)
	s.m.reset(s.m.buffered, s.m.context())
	for {
		var state State
		if state, s.err = s.m.fill(); s.err != nil || state == Done || !yield(Full) {
			return
		}
	}
}

// feed gives the coroutine input and lets it run until it lacks some, a half is full, or the message ends.
func (s *stream) feed(in []byte, last bool) (State, error) {
	if len(in) > 0 {
		s.behind, s.kept = in, false
	}
	s.last = last
	state, running := s.resume()
	if !running {
		return Done, s.err
	}
	return state, nil
}

// keep copies what is left of what was fed.
func (s *stream) keep() {
	if !s.kept {
		s.in, s.behind, s.kept = bytes.Clone(s.in), bytes.Clone(s.behind), true
	}
}

// Read gives flate what was fed.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.in) == 0 {
		switch {
		case len(s.behind) > 0:
			s.in, s.behind = s.behind, nil
		case s.ended:
			return 0, io.EOF
		case s.last:
			s.in, s.ended = trailer, true
		case !s.yield(Hungry):
			return 0, errStopped
		}
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}

// unread returns how many octets, the trailer included, flate has not read of what was fed.
func (s *stream) unread() int {
	n := s.m.buffered.Buffered() + len(s.in) + len(s.behind)
	if !s.ended {
		n += len(trailer)
	}
	return n
}

// awaitMore waits until it is known whether more than the trailer is to be read.
func (s *stream) awaitMore() error {
	for !s.last && s.unread() == len(trailer) {
		if !s.yield(Hungry) {
			return errStopped
		}
	}
	return nil
}
