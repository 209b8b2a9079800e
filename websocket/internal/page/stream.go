package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// A WebSocket is what a page may ask of the browser's object of that name (WHATWG). Its methods neither block nor
// call the Stream before they return.
type WebSocket interface {
	// Sendable reports whether what is sent goes anywhere: readyState is OPEN.
	Sendable() bool

	// Send takes the next piece of a message, and sends the message with its last. It keeps no payload.
	Send(op frame.Opcode, payload []byte, last bool) error

	// BufferedAmount is how many octets of messages the browser has taken and not sent.
	BufferedAmount() int64

	// Close starts the closing handshake; code 0 is a Close frame without a body. Again it does nothing.
	Close(code frame.CloseCode, reason string)
}

const (
	// MaxMessage is the size of the largest message that a page can send. It must be gathered, because a
	// page cannot send fragments.
	MaxMessage = 256 << 20

	// Backlog is how many octets of messages may wait to be read: a page cannot hold the server back. A larger
	// message fits if nothing waits and its size is allowed.
	Backlog = 64 << 20

	// highWater is how much the browser may hold to send before a Write waits.
	highWater = 1 << 20

	// pollInterval is how often a wait for the browser to send looks again: there is no event for that.
	pollInterval = 5 * time.Millisecond
)

var (
	// ErrBacklog ends the reading of messages that came faster than they were read.
	ErrBacklog = fmt.Errorf("more than %d MiB of messages wait to be read, and a page cannot hold a server back", Backlog>>20)

	// ErrMessageTooLarge is why a Write fails that would make a message larger than MaxMessage.
	ErrMessageTooLarge = fmt.Errorf("a page cannot send a message larger than %d MiB", MaxMessage>>20)

	errFailed = errors.New("the browser has failed the connection, and does not tell a page why")
	errEnded  = errors.New("the browser has closed the connection")
)

// A Stream is a stream whose other end is the browser's WebSocket, which it closes when it is closed. It has the
// manners of net.Conn, deadlines included.
type Stream struct {
	ws            WebSocket
	local, remote net.Addr
	largest       int64

	mu      sync.Mutex // guards what follows
	changed sync.Cond
	closed  bool // by Close

	// From the server.
	in           [][]byte // what is left to read, and nothing empty
	backlog      int64    // octets in it
	end          error    // what follows it, once the connection has ended
	failed       bool     // the browser failed it
	ended        chan struct{}
	readDeadline deadline

	// To the server.
	receiver      protocol.Receiver
	size          int64 // of the message in progress
	writeErr      error
	poll          *time.Timer
	writeDeadline deadline
}

// New makes the stream of a WebSocket that is connecting or open. Largest is the size of the largest message that
// the connection takes, as far as is known; 0 is no bound.
func New(ws WebSocket, local, remote net.Addr, largest int64) *Stream {
	s := &Stream{ws: ws, local: local, remote: remote, largest: largest, ended: make(chan struct{})}
	s.changed.L = &s.mu
	s.readDeadline.passed, s.writeDeadline.passed = s.wake, s.wake
	s.receiver.Init(protocol.Server, &protocol.Limits{})
	return s
}

// wake has everyone who waits look again.
func (s *Stream) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

// Read reads the frames of what the server sent.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, s.opError("read", net.ErrClosed)
		case s.readDeadline.isPast():
			return 0, s.opError("read", os.ErrDeadlineExceeded)
		case len(s.in) > 0:
			return s.take(p), nil
		case s.end == io.EOF:
			return 0, io.EOF
		case s.end != nil:
			return 0, s.end
		}
		s.changed.Wait()
	}
}

// take moves octets from in to p.
func (s *Stream) take(p []byte) int {
	taken := 0
	for len(s.in) > 0 && taken < len(p) {
		n := copy(p[taken:], s.in[0])
		taken += n
		if s.in[0] = s.in[0][n:]; len(s.in[0]) == 0 {
			s.in[0] = nil
			s.in = s.in[1:]
		}
	}
	if len(s.in) == 0 {
		s.in = nil
	}
	s.backlog -= int64(taken)
	return taken
}

// Write takes a client's frames, which it unmasks where they lie. It waits while the browser holds more than a little to
// send. Once the connection has been closed it takes a Close frame, which goes nowhere, and nothing else.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, s.opError("write", net.ErrClosed)
		case s.writeDeadline.isPast():
			return 0, s.opError("write", os.ErrDeadlineExceeded)
		case s.writeErr != nil:
			return 0, s.opError("write", s.writeErr)
		}
		if s.end != nil || s.ws.BufferedAmount() < highWater {
			break
		}
		s.awaitBrowser()
	}
	if s.writeErr = s.translate(p); s.writeErr != nil {
		return 0, s.opError("write", s.writeErr)
	}
	return len(p), nil
}

// translate makes messages of frames.
func (s *Stream) translate(p []byte) error {
	for {
		var ev protocol.Event
		ev, p = s.receiver.Next(p)
		switch ev.Kind {
		case protocol.None:
			return nil
		case protocol.Data:
			if err := s.send(&ev); err != nil {
				return err
			}
			s.receiver.Release()
		case protocol.Close:
			code, reason, _ := frame.ParseClose(ev.Payload) // the Receiver has judged it
			s.sayClose(code, reason)
		case protocol.Failure:
			return errors.New(ev.Failure.Detail)
		}
	}
}

// send gives the browser a piece of a message.
func (s *Stream) send(ev *protocol.Event) error {
	if s.end != nil || !s.ws.Sendable() {
		return errEnded
	}
	if ev.First {
		s.size = 0
	}
	if s.size += int64(len(ev.Payload)); s.size > MaxMessage {
		return ErrMessageTooLarge
	}
	return s.ws.Send(ev.Opcode, ev.Payload, ev.Last)
}

// sayClose starts the closing handshake, with the code if a page may send it (WHATWG, close, step 1).
func (s *Stream) sayClose(code frame.CloseCode, reason string) {
	if !CloseCode(code) {
		code, reason = 0, ""
	}
	if s.end == nil {
		s.ws.Close(code, reason)
	}
}

// CloseCode reports whether a page may send a close code.
func CloseCode(code frame.CloseCode) bool {
	return code == frame.CloseNormal || code >= 3000 && code <= 4999
}

// awaitBrowser waits for something to change, the browser's buffered amount included. Call with mu held.
func (s *Stream) awaitBrowser() {
	if s.poll == nil {
		s.poll = time.AfterFunc(pollInterval, s.wake)
	} else {
		s.poll.Reset(pollInterval)
	}
	s.changed.Wait()
}

// BufferedAmount returns how many octets of messages the browser has taken and not sent.
func (s *Stream) BufferedAmount() int64 { return s.ws.BufferedAmount() }

// Flush waits until the browser has sent all messages that it has taken. If the connection ends before, it returns
// net.ErrClosed.
func (s *Stream) Flush(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.wake)
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ws.BufferedAmount() > 0 {
		switch {
		case s.closed || s.end != nil:
			return net.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.awaitBrowser()
	}
	return nil
}

// Message takes a message event. CopyTo is called, before Message returns, to copy the message's octets of UTF-8 or
// binary data, if it is wanted.
func (s *Stream) Message(op frame.Opcode, size int64, copyTo func([]byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil || s.closed {
		return
	}
	h := frame.Header{Fin: true, Opcode: op, Length: size}
	head := h.Append(make([]byte, 0, frame.MaxHeaderSize))
	switch most := max(Backlog, s.largest); {
	case s.backlog > 0 && s.backlog+size > most:
		s.overflow()
		return
	case s.largest > 0 && size > most:
		s.push(head) // enough for the connection to say that it is too big
		s.overflow()
		return
	}
	b := append(make([]byte, 0, len(head)+int(size)), head...)
	b = b[:cap(b)]
	copyTo(b[len(head):])
	s.push(b)
}

// overflow ends a connection whose messages are not read. Call with mu held.
func (s *Stream) overflow() {
	s.ws.Close(0, "")
	s.finish(ErrBacklog)
}

func (s *Stream) push(b []byte) {
	s.in = append(s.in, b)
	s.backlog += int64(len(b))
	s.changed.Broadcast()
}

// Failed takes an error event, which a close event follows.
func (s *Stream) Failed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = true
}

// Closed takes the close event.
func (s *Stream) Closed(code frame.CloseCode, reason string, clean bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return
	}
	switch {
	case clean:
		if !code.OnWire() {
			code, reason = 0, ""
		}
		var sender protocol.Sender
		sender.Init(protocol.Server)
		s.push(sender.AppendClose(nil, code, reason))
		s.finish(io.EOF)
	case s.failed:
		s.finish(errFailed)
	default:
		s.finish(io.EOF)
	}
}

// finish ends what can be read. Call with mu held.
func (s *Stream) finish(err error) {
	s.end = err
	close(s.ended)
	s.changed.Broadcast()
}

// Ended is closed when the connection has ended.
func (s *Stream) Ended() <-chan struct{} { return s.ended }

// Close ends the stream at once, and has the browser close the connection. Calls that wait return.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.opError("close", net.ErrClosed)
	}
	s.closed = true
	s.in, s.backlog = nil, 0
	s.readDeadline.stop()
	s.writeDeadline.stop()
	if s.end == nil {
		s.ws.Close(0, "")
	}
	s.receiver.Stop()
	s.receiver.Release()
	s.changed.Broadcast()
	return nil
}

// LocalAddr returns the page's origin.
func (s *Stream) LocalAddr() net.Addr { return s.local }

// RemoteAddr returns the server's host and port as the URL has them: a page does not learn its address.
func (s *Stream) RemoteAddr() net.Addr { return s.remote }

// SetDeadline sets both deadlines.
func (s *Stream) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline sets when reading gives up; the zero time is never.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.setDeadline(&s.readDeadline, t) }

// SetWriteDeadline sets when writing gives up; the zero time is never.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.setDeadline(&s.writeDeadline, t) }

func (s *Stream) setDeadline(d *deadline, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.opError("set", net.ErrClosed)
	}
	d.set(t)
	s.changed.Broadcast()
	return nil
}

func (s *Stream) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "websocket", Source: s.local, Addr: s.remote, Err: err}
}

// Addr is an address of a page's connection.
type Addr string

// Network returns "websocket".
func (Addr) Network() string { return "websocket" }

// String returns the address itself.
func (a Addr) String() string { return string(a) }
