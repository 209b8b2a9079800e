package connect

import (
	"context"
	"errors"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// A session is one local end's talk with a peer: over one connection, or over several in a row, where what
// could not be sent on one goes first on the next.
type session struct {
	in   *input
	out  sink
	goal *goal

	endless         bool // the input has no end that is worth waiting for
	finite          bool // the input is to be sent to its end
	closeAfterInput bool
	wait            time.Duration // after the input
	closeTimeout    time.Duration
	quickClose      time.Duration // where somebody wants the end

	pending *message // taken from in, and not sent
}

// defaultQuickClose is how long closing may take where somebody wants the end.
const defaultQuickClose = 2 * time.Second

// stuckAfter is how long who has received a message may go on with it when the connection is no more.
const stuckAfter = time.Second / 4

// A talk is a session's on one connection.
type talk struct {
	*session
	conn *websocket.Conn

	stop        chan struct{} // closed when nothing more is to be written
	open        context.Context
	stopReading context.CancelFunc // ends open: from then on, reading is bounded by closeTimeout
	reading     chan error         // why nothing more is received
	read        chan struct{}      // closed then
	writing     chan error         // nil for the end of the input
	closing     bool               // our Close frame was sent because there is nothing more to send or to wait for
}

// talk sends and receives until one of the two ends has had enough, and closes the connection. It returns nil if the
// job is done, an ExitError if there is no use in another connection, and else what ended this one.
func (s *session) talk(ctx context.Context, conn *websocket.Conn) error {
	t := &talk{session: s, conn: conn, stop: make(chan struct{}), read: make(chan struct{}),
		reading: make(chan error, 1), writing: make(chan error, 1)}
	t.open, t.stopReading = context.WithCancel(context.Background())
	defer t.stopReading()
	defer conn.Terminate()
	go func() {
		defer close(t.read)
		t.reading <- t.receive()
	}()
	go func() { t.writing <- t.send() }()
	err := t.run(ctx)
	close(t.stop)
	conn.Terminate() // ends a write that nobody takes
	if t.writing != nil {
		<-t.writing
	}
	select {
	case <-t.read:
	case <-time.After(stuckAfter): // it is in the middle of writing what nobody takes
	}
	return err
}

func (t *talk) run(ctx context.Context) error {
	var waited <-chan time.Time
	if t.endless {
		t.goal.inputSent()
		if t.wait > 0 {
			waited = time.After(t.wait)
		}
	}
	for {
		select {
		case err := <-t.reading:
			return t.readingEnded(ctx, err)
		case err := <-t.writing:
			t.writing = nil
			switch {
			case err == errLost: // what reading says about it counts
			case err != nil:
				t.bye(websocket.CloseGoingAway)
				return exit(Failed, err.Error())
			case t.goal.inputSent():
				t.leave(ctx)
				return nil
			case t.goal.wait > 0:
			case t.wait > 0:
				waited = time.After(t.wait)
			case t.closeAfterInput:
				t.finish()
			}
		case <-waited:
			waited = nil
			t.finish()
		case <-ctx.Done():
			t.bye(websocket.CloseGoingAway)
			return t.stopped(ctx)
		}
	}
}

// readingEnded is called with why nothing more is received.
func (t *talk) readingEnded(ctx context.Context, err error) error {
	var output *outputError
	var closed *websocket.CloseError
	switch {
	case err == errReached:
		t.leave(ctx)
		return nil
	case errors.As(err, &output):
		t.bye(websocket.CloseGoingAway)
		return outputFailed(output.error)
	case errors.As(err, &closed):
		t.bye(websocket.CloseNormal) // which is not sent: it waits for the end of the stream
		if t.closing && inOrder(closed.Code) && t.goal.missing() == "" {
			return nil
		}
	}
	return err
}

// leave closes the connection when the job is done, and takes what comes until then for nothing. What was sent gets
// the time that it needs to arrive, up to closeTimeout, or not long if ctx ends.
func (t *talk) leave(ctx context.Context) {
	t.stopReading()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		enough := time.NewTimer(t.quickClose)
		defer enough.Stop()
		select {
		case <-closed:
		case <-enough.C:
			t.conn.Terminate()
		}
	})
	t.conn.Close(websocket.CloseNormal, "") // however it ends, the job is done
	close(closed)
	stop()
}

// bye closes the connection and takes what comes until then for nothing. It does not wait long.
func (t *talk) bye(code websocket.CloseCode) {
	t.stopReading()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		t.conn.Close(code, "") // however it ends, it has ended
	}()
	enough := time.AfterFunc(t.quickClose, t.conn.Terminate)
	<-closed
	enough.Stop()
}

// finish closes the connection from this end, and has reading go on until the peer has answered: what it sends
// before that is still taken.
func (t *talk) finish() {
	t.closing = true
	t.stopReading()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), t.closeTimeout)
		defer cancel()
		// If this fails, reading says why.
		t.conn.WriteControl(ctx, frame.Close, frame.AppendClose(nil, websocket.CloseNormal, ""))
	}()
}

// errReached is what reading ends with when all that must come has come.
var errReached = errors.New("the goal is reached")

// errLost is what writing ends with when the connection does.
var errLost = errors.New("the connection is lost")

// outputError is what reading ends with when the sink does not take a message.
type outputError struct{ error }

// receive takes messages until the connection's end.
func (t *talk) receive() error {
	for m, err := range t.conn.Messages(t.open) {
		if err != nil {
			if t.open.Err() != nil && errors.Is(err, context.Canceled) {
				break
			}
			return err
		}
		if err := t.take(m); err != nil {
			return err
		}
	}
	for {
		if err := t.readClosing(); err != nil {
			return err
		}
	}
}

// readClosing takes the next message, for which closeTimeout is enough time.
func (t *talk) readClosing() error {
	ctx, cancel := context.WithTimeout(context.Background(), t.closeTimeout)
	defer cancel()
	for m, err := range t.conn.Messages(ctx) {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
			return websocket.ErrCloseTimeout
		}
		if err != nil {
			return err
		}
		return t.take(m)
	}
	return nil
}

func (t *talk) take(m websocket.Message) error {
	if err := t.out.put(m); err != nil {
		return &outputError{err}
	}
	if t.goal.saw(m) {
		return errReached
	}
	return nil
}

// send sends what the input has until its end, and returns nil then.
func (t *talk) send() error {
	for {
		if t.pending == nil {
			select {
			case m, ok := <-t.in.messages:
				if !ok {
					return t.inputEnded()
				}
				t.pending = &m
			case <-t.stop:
				return errLost
			}
		}
		err := t.conn.Write(context.Background(), t.pending.typ, t.pending.data)
		switch {
		case errors.Is(err, websocket.ErrInvalidUTF8):
			return errNotUTF8
		case err != nil:
			return errLost
		}
		t.pending = nil
	}
}

func (t *talk) inputEnded() error {
	if err := t.in.err; err != nil {
		return errors.New("cannot read the input: " + err.Error())
	}
	return nil
}

// readAhead is how long the input is given to say whether there is more of it.
const readAhead = 50 * time.Millisecond

// unsent reports whether there is input that could not be sent. Of a terminal, or a command, which go on as long as
// the connection does, that is nothing to speak of.
func (s *session) unsent() bool {
	if s.in == nil || !s.finite {
		return false
	}
	if s.pending != nil {
		return true
	}
	select {
	case m, ok := <-s.in.messages:
		if ok {
			s.pending = &m
		}
		return ok
	case <-time.After(readAhead):
		return false
	}
}
