package websocket

import (
	"io"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// closeRequest is the Close frame that this end is to send.
type closeRequest struct {
	wanted bool
	urgent bool // ahead of the messages that wait
	code   CloseCode
	reason string
}

// Close starts the closing handshake with code and reason and returns at once. Messages sent before go
// first. ReadyState is CLOSING from here on; the close event follows when the peer has answered and
// the stream has ended, or after [Limits.CloseTimeout] without progress, whichever is first.
//
// Code may be any that may be sent (1000–1003, 1007–1014, 3000–4999); 0 with an empty reason sends a
// Close frame without a body, which the peer sees as 1005. Reason is at most 123 octets of UTF-8.
// Anything else is [ErrInvalidClose] and the socket stays as it was (RFC 6455 §7.4; wider than
// WHATWG close(), which binds scripts). In CONNECTING the attempt is given up: error and close 1006
// follow. In CLOSING and CLOSED nothing happens and the result is nil. In a page the WHATWG's rule holds: the
// codes are 1000, 3000–4999 and 0.
func (s *Socket) Close(code CloseCode, reason string) error {
	if err := checkCloseFrom(s.settings.page, code, reason); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startClosing(code, reason, false)
	return nil
}

// Terminate ends the connection at once, without a closing handshake: the stream is reset, what waits
// is lost, and the close event follows with 1006. In CONNECTING the attempt is given up. There is no
// error event. In CLOSED nothing happens. (In a page the browser goes on to close the connection in its own
// way, which the server sees as 1005.)
func (s *Socket) Terminate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dialStop != nil {
		s.dialStop()
	}
	if s.ReadyState() != Closed {
		s.setState(Closing)
		s.cut()
	}
}

// startClosing sends our Close frame, unless one is on its way. Call with mu held.
func (s *Socket) startClosing(code CloseCode, reason string, urgent bool) {
	switch s.ReadyState() {
	case Connecting:
		s.setState(Closing)
		s.dialStop()
	case Open:
		s.setState(Closing)
		s.needOutput()
		s.closeWant = closeRequest{wanted: true, urgent: urgent, code: code, reason: reason}
		if urgent {
			s.giveUpQueue()
		}
		s.ends().movedAt = engine.Since()
		s.armTimer(s.settings.limits.CloseTimeout)
		s.wakeOutput()
		s.resumeReading()
	}
}

// closeReceived takes the peer's Close frame, and answers it if it was the first.
func (s *Socket) closeReceived(payload []byte) {
	code, reason, _ := frame.ParseClose(payload) // the Receiver has judged it
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Receive(code)
	if reason != "" {
		s.ends().reason = reason
	}
	if s.settings.page { // the browser has answered it
		s.closing.Send()
	}
	s.giveUpBlobs()
	s.startClosing(code, "", false)
	if s.closing.Complete() {
		s.linger()
	}
}

// giveUpBlobs drops what the peer will not look at any more after its Close frame and would take long:
// a Close frame may stand between fragments. Call with mu held.
func (s *Socket) giveUpBlobs() {
	for i := 0; i < s.queue.n; {
		o := s.queue.at(i)
		if o.blob == nil {
			i++
			continue
		}
		if o.begun() { // what follows would be taken for its continuation
			s.giveUpQueue()
			return
		}
		s.lost = true
		s.giveUp(s.queue.remove(i), ErrClosed, false)
	}
	s.wakeFlushers()
}

// fail fails the connection (RFC 6455 §7.1.7): the peer is told code, behind the messages that wait if they are few, the
// program is told err, and what still arrives is discarded.
func (s *Socket) fail(code CloseCode, reason string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeArrival()
	s.receiver.Stop()
	s.failLocked(code, reason, err)
}

// failLocked is fail for who does not hold the delivery token. Call with mu held.
func (s *Socket) failLocked(code CloseCode, reason string, err error) {
	if s.ReadyState() == Closed {
		return
	}
	s.closing.Fail()
	s.postError(err)
	urgent := !s.nearlySent()
	s.startClosing(code, reason, urgent)
	if s.closing.Sent() { // our Close frame left before: there is no other, so this is the end
		s.linger()
	} else if !s.sender.Closed() && s.driver() != nil {
		s.needOutput()
		s.closeWant = closeRequest{wanted: true, urgent: urgent, code: code, reason: reason}
		if urgent {
			s.giveUpQueue()
		}
		s.wakeOutput()
	}
}

// nearlySent reports whether what waits is so little that a Close frame can wait behind it, though the peer may not read:
// at most a batch, and no blob, which may be what failed. Call with mu held.
func (s *Socket) nearlySent() bool {
	for i := range s.queue.n {
		if s.queue.at(i).blob != nil {
			return false
		}
	}
	return s.buffered <= batchSize
}

// closeSent notes that our Close frame was written. Call with mu held.
func (s *Socket) closeSent() {
	s.closing.Send()
	if s.closing.Complete() || s.closing.Failed() {
		s.linger()
	} else {
		s.armTimer(s.settings.limits.CloseTimeout)
	}
}

// endsWithClose reports whether our half of the stream ends as soon as our Close frame is written. Call with mu held.
func (s *Socket) endsWithClose() bool {
	return s.sender.Role() == protocol.Server && (s.closing.Received() || s.closing.Failed())
}

// linger ends our half of the stream and waits, for a bounded time, until the peer has ended the
// other: closing with unread input would reset the stream and destroy our Close frame on its way. Call
// with mu held.
func (s *Socket) linger() {
	if s.lingering {
		return
	}
	s.lingering = true
	after := s.settings.limits.LingerTime
	switch {
	case after < 0:
		s.shutdownWrite()
		s.cut()
		return
	case s.sender.Role() == protocol.Client && s.closing.Complete(): // the server ends its half first (RFC 6455 §7.1.1)
		after /= 2
	default:
		s.shutdownWrite()
	}
	s.lingerFor(after)
}

// lingerFor has tick called after d, in which what comes is discarded. Call with mu held.
func (s *Socket) lingerFor(d time.Duration) {
	s.ends().lingerBy = engine.Since() + d
	s.armTimer(d)
}

// lingerRest is how long a peer that goes on sending is left alone between two pieces of what is read of it while lingering: most
// stop when they see our Close frame, and until then it is all for nothing.
const lingerRest = 20 * time.Millisecond

// lingerPiece returns how much is read at a time of most octets.
func lingerPiece(most int64) int64 { return max(most/16, largeRead) }

// shutdownWrite ends our half of the stream. Call with mu held.
func (s *Socket) shutdownWrite() {
	s.shutDown = true
	s.driver().shutdownWrite()
}

// lingerOver counts what is discarded while lingering, and reports whether the socket lingers. When it was
// enough nothing more is read, so that TCP's window holds the peer back: a reset now could reach it, or a
// proxy before it, ahead of our Close frame.
func (s *Socket) lingerOver(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lingering {
		return false
	}
	e := s.ends()
	before := e.lingered
	e.lingered += int64(n)
	switch max := s.settings.limits.LingerBytes; {
	case s.cutOff: // TLS has some left after that
	case max < 0:
	case e.lingered > max:
		s.flag(readEnough, true)
	case e.lingered/lingerPiece(max) > before/lingerPiece(max) && e.lingerBy-engine.Since() > lingerRest:
		s.flag(readEnough, true)
		e.resting = true
		s.armTimer(lingerRest)
	}
	return true
}

// cut ends the stream from this end, without more ado. Call with mu held.
func (s *Socket) cut() {
	s.cutOff = true
	s.flag(readEnough, false)
	s.cancelContext()
	if s.driver() != nil {
		s.driver().cut()
	}
}

// end is the driver's last call: the stream is closed, and nothing is read or written any more. Err is
// what ended the input. The caller holds the delivery token and releases it afterwards.
func (s *Socket) end(err error) {
	if s.arrival != &noArrival {
		s.receiver.Stop()
		s.receiver.Release()
		s.assembly.drop()
		s.holdInput()
	}
	s.endLocked(err)
	s.leaveGroups()
}

func (s *Socket) endLocked(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setState(Closed)
	s.refuseOutput()
	s.giveUpQueue()
	if s.closeWant.wanted {
		s.closeWant = closeRequest{}
	}
	s.restOutput()
	s.compressor.abandon()
	s.endTaps()
	if s.driver() != nil {
		s.driver().setTimer(0)
	}
	if r := s.rating; r != nil && r.throttle != nil {
		r.throttle.Stop()
	}
	code, clean := s.closing.Outcome()
	reason := ""
	if s.ending != nil && code != CloseAbnormal {
		reason = s.ending.reason
	}
	if err != nil && err != io.EOF && !clean && !s.cutOff {
		s.postError(err)
	}
	s.cancelContext()
	s.post(event{kind: eventClose, close: CloseEvent{Code: code, Reason: reason, WasClean: clean}})
	s.ended = true
}

// setState moves ReadyState forward; it never goes back. Call with mu held.
func (s *Socket) setState(r ReadyState) {
	if before := s.ReadyState(); r > before {
		s.state.Add(uint32(r - before))
	}
}

// armTimer has tick called after d, or never if d is negative. Call with mu held.
func (s *Socket) armTimer(d time.Duration) {
	if d <= 0 {
		s.timed = false
		s.driver().setTimer(0)
		return
	}
	s.timed = true
	s.driver().setTimer(d)
}

// tick is called by the driver when the timer ran out: for the heartbeat of an open socket, else for
// what a closing one waits for.
func (s *Socket) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended || !s.timed || s.driver().timerRuns(): // it was set anew meanwhile
	case s.lingering && s.ends().resting:
		s.ending.resting = false
		s.flag(readEnough, false)
		s.armTimer(max(s.ending.lingerBy-engine.Since(), 1))
		s.resumeReading()
	case s.lingering && !s.shutDown && !s.outputOver: // the server keeps us waiting
		s.shutdownWrite()
		s.lingerFor(s.settings.limits.LingerTime / 2)
	case s.lingering || s.outputOver:
		s.cut()
	case s.ReadyState() == Open:
		s.beat()
	case s.ReadyState() == Closing:
		still := engine.Since() - s.ends().movedAt
		if left := s.settings.limits.CloseTimeout - still; left > 0 && !s.closing.Sent() {
			s.armTimer(left) // the queue ahead of our Close frame moves
			return
		}
		if !s.closing.Received() {
			s.postError(ErrCloseTimeout)
		}
		s.cut()
	}
}
