package conformance

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// A session is one run of a case: what its code speaks to the peer with, and where it puts what it finds. Its
// methods are for the goroutine of the case, but for those that reader uses.
type session struct {
	ctx      context.Context
	opts     *Options
	peer     Peer
	patience time.Duration // how long something that must come is waited for

	url     *url.URL // of a server
	request *request // of a client

	nc     net.Conn
	in     *bufio.Reader // before the reader takes over
	events chan event
	stop   chan struct{}

	deflate  *agreement        // nil if no compression was agreed on
	compress *deflate.Deflater // what the suite's messages are compressed with
	answer   *http.Response    // to the handshake, of a server

	sentClose bool // a Close frame
	gotClose  bool
	weBegan   bool // the closing handshake
	closeSeen event
	over      bool // the stream has ended
	killed    bool // by us, because the peer did not
	pardoned  Tag  // what the peer may do in this case, whatever the rule; set before the stream is open

	wire []byte // for sendMessage

	mu      sync.Mutex // guards the rest, which reader writes to as well
	result  *Result
	mostLog int      // entries
	keys    []uint32 // with which a client has masked its first frames
}

const (
	maxLogged = 4096 // entries
	maxKeys   = 4096
)

// masked takes note of the key of a client's frame.
func (s *session) masked(key uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) < maxKeys {
		s.keys = append(s.keys, key)
	}
}

func newSession(ctx context.Context, c *Case, peer Peer, opts *Options) *session {
	return &session{ctx: ctx, opts: opts, peer: peer, patience: opts.patience(), mostLog: maxLogged,
		result: &Result{Case: c, Agent: opts.Agent, Began: time.Now()}}
}

// perform runs the case to its end, and returns the result.
func (s *session) perform() *Result {
	c := s.result.Case
	timeout := c.Timeout
	if timeout == 0 {
		timeout = s.opts.timeout()
	}
	ctx, cancel := context.WithTimeout(s.ctx, timeout)
	defer cancel()
	s.ctx = ctx
	stopCutting := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.nc != nil {
			s.nc.SetDeadline(time.Now())
		}
	})
	func() {
		defer func() {
			if p := recover(); p != nil && p != giveUp {
				s.fail("the suite itself panicked: %v\n%s", p, debug.Stack())
			}
		}()
		c.run(s)
	}()
	stopCutting()
	if ctx.Err() != nil {
		s.fail("it took longer than %v", timeout)
	}
	s.disconnect()
	r := s.result
	if r.Behavior == "" {
		r.Behavior = OK
	}
	if r.Close == "" {
		r.Close = OK
	}
	r.Took = time.Since(r.Began)
	return r
}

// giveUp is panicked with to end a case whose verdict stands.
var giveUp givenUp

type givenUp struct{}

// disconnect ends the stream and waits for the reader.
func (s *session) disconnect() {
	if s.stop != nil {
		close(s.stop)
	}
	s.mu.Lock()
	nc := s.nc
	s.nc = nil
	s.mu.Unlock()
	if nc != nil {
		nc.Close()
	}
	if s.events != nil {
		for range s.events {
		}
	}
	s.events, s.stop = nil, nil
}

// Speaking.

// connect opens the stream to a server, without a handshake.
func (s *session) connect() {
	nc, err := s.opts.dial(s.ctx, s.url)
	if err != nil {
		s.fail("cannot connect: %v", err)
		panic(giveUp)
	}
	s.take(nc)
	s.in = bufio.NewReaderSize(nc, 64<<10)
}

func (s *session) take(nc net.Conn) {
	s.mu.Lock()
	s.nc = nc
	s.mu.Unlock()
}

// begin has the reader take over, behind the handshake.
func (s *session) begin() {
	r := &reader{in: s.in, s: s, fromClient: s.peer == Client}
	if s.deflate != nil {
		r.inflate = deflate.NewInflater(s.deflate.bits(s.peer), s.deflate.takeover(s.peer))
		s.compress = deflate.NewDeflater(s.deflate.bits(s.us()), s.deflate.takeover(s.us()))
	}
	s.events, s.stop = make(chan event, 64), make(chan struct{})
	go r.run(s.events, s.stop)
}

// us is the role that the suite plays.
func (s *session) us() Peer { return Server | Client&^s.peer }

// send writes frames, each by a write of its own. That the peer reads no more is no error: what it says
// counts.
func (s *session) send(frames ...frame) {
	for i := range frames {
		f := &frames[i]
		if f.after > 0 {
			s.idle(f.after)
		}
		wire := f.append(nil, s.peer == Server)
		length := uint64(len(f.payload))
		s.record(true, wire, len(wire), describe(f.op, !f.more, f.rsv, length, (s.peer == Server) != f.unmask))
		s.sentClose = s.sentClose || f.op == opClose
		s.raw(wire, f.chop)
	}
}

// sendTogether writes frames by one write.
func (s *session) sendTogether(frames ...frame) {
	var wire []byte
	for i := range frames {
		f := &frames[i]
		before := len(wire)
		wire = f.append(wire, s.peer == Server)
		s.record(true, wire[before:], len(wire)-before, describe(f.op, !f.more, f.rsv, uint64(len(f.payload)), (s.peer == Server) != f.unmask))
		s.sentClose = s.sentClose || f.op == opClose
	}
	s.raw(wire, 0)
}

// raw writes octets, chop at a time.
func (s *session) raw(wire []byte, chop int) bool {
	if chop <= 0 {
		chop = len(wire)
	}
	for len(wire) > 0 {
		n := min(chop, len(wire))
		if _, err := s.nc.Write(wire[:n]); err != nil {
			s.note(true, fmt.Sprintf("cannot send: %v", err))
			return false
		}
		wire = wire[n:]
	}
	return true
}

// finish ends our half of the stream.
func (s *session) finish() {
	s.note(true, "the end of the stream")
	if half, ok := s.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// idle lets time pass.
func (s *session) idle(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
		panic(giveUp)
	}
}

// Hearing.

// receive returns the next event, of kind nothing if none came in time.
func (s *session) receive() event { return s.receiveWithin(s.patience) }

func (s *session) receiveWithin(d time.Duration) event {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case ev, ok := <-s.events:
		return s.heard(ev, ok)
	case <-s.ctx.Done():
		panic(giveUp)
	case <-timer.C:
	}
	select {
	case ev, ok := <-s.events: // it came in time: who was late is this goroutine
		return s.heard(ev, ok)
	default:
		return event{}
	}
}

// heard takes note of an event, or of there being no more.
func (s *session) heard(ev event, more bool) event {
	if !more {
		return event{kind: ended}
	}
	if s.gotClose && (ev.kind == textMessage || ev.kind == binaryMessage || ev.kind == closed) {
		s.breach(AfterClose, "%v came after its Close frame (RFC 6455 §5.5.1)", ev)
	}
	switch ev.kind {
	case closed:
		if !s.gotClose {
			s.gotClose, s.closeSeen = true, ev
			s.mu.Lock()
			s.result.RemoteCode, _ = closePayload(ev.data)
			s.mu.Unlock()
		}
	case ended:
		s.over = true
	}
	return ev
}

// expect waits for each of some events in turn, and fails the case if another comes.
func (s *session) expect(wanted ...event) bool {
	for _, want := range wanted {
		ev := s.receive()
		if !ev.is(want) {
			if ev.kind == nothing {
				s.fail("%v was expected, and nothing came within %v", want, s.patience)
			} else {
				s.fail("%v was expected, and %v came", want, ev)
			}
			return false
		}
	}
	return true
}
