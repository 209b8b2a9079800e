package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"
)

// A loss is how a connection, or an attempt at one, ended.
type loss struct {
	cause    error
	close    CloseEvent
	opened   time.Time // zero if it never was
	lasted   time.Duration
	hopeless bool // no further attempt can be made
}

// run makes one connection after the other.
func (rs *ReconnectingSocket) run() {
	losses := 0
	for attempt := 1; ; attempt++ {
		l := rs.connect(attempt)
		rs.disconnected()
		if !l.opened.IsZero() && l.lasted >= rs.opts.StableAfter {
			attempt, losses = 0, 0
		}
		losses++
		next := rs.decide(&l, attempt, losses)
		hurry := rs.announce(&l, next)
		if next.Final || !rs.pause(next.Delay, hurry) {
			rs.end(next.Cause)
			return
		}
	}
}

// connect makes one attempt, and returns when its connection, if it comes to one, has ended.
func (rs *ReconnectingSocket) connect(attempt int) loss {
	url, opts, err := rs.prepare(attempt)
	if err != nil {
		return rs.failed(err, false)
	}
	var l loss
	var errorEvent error
	ended := make(chan struct{})
	_, err = New(url, rs.opts.socketOptions(opts), func(s *Socket) {
		rs.adopt(s, ended)
		s.OnOpen(func(s *Socket) {
			l.opened = time.Now()
			rs.opened(s)
		})
		s.OnMessage(func(_ *Socket, m Message) { rs.message(m) })
		s.OnError(func(_ *Socket, err error) {
			errorEvent = err
			rs.errorBelow(err, !l.opened.IsZero())
		})
		s.OnClose(func(_ *Socket, e CloseEvent) {
			l.close = e
			close(ended)
		})
	})
	if err != nil {
		return rs.failed(err, true)
	}
	<-ended
	l.lasted = time.Since(l.opened)
	l.cause = causeOf(l.close, errorEvent)
	return l
}

// causeOf makes one error of a Socket's last events.
func causeOf(e CloseEvent, errorEvent error) error {
	switch {
	case errorEvent != nil && e.Code == CloseAbnormal:
		return errorEvent
	case e.Code == CloseAbnormal:
		return io.ErrUnexpectedEOF
	}
	return &CloseError{Code: e.Code, Reason: e.Reason}
}

// failed is the loss of an attempt that did not come to a Socket.
func (rs *ReconnectingSocket) failed(err error, hopeless bool) loss {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.state < Closing {
		rs.postError(err)
	}
	return loss{cause: err, hopeless: hopeless}
}

// prepare has the program say where to connect to, and how.
func (rs *ReconnectingSocket) prepare(attempt int) (url string, opts *DialOptions, err error) {
	if rs.dialing.Err() != nil {
		return "", nil, ErrClosed
	}
	if rs.opts.Prepare == nil {
		return rs.url, nil, nil
	}
	type prepared struct {
		url  string
		opts *DialOptions
		err  error
	}
	result := make(chan prepared, 1)
	go func() {
		p := prepared{err: errors.New("websocket: Prepare ended its goroutine")} // by runtime.Goexit
		defer func() {
			if v := recover(); v != nil {
				p.err = &PanicError{Value: v, Stack: debug.Stack()}
			}
			result <- p
		}()
		p.url, p.opts, p.err = rs.opts.Prepare(rs.dialing, attempt)
	}()
	select {
	case p := <-result:
		if p.url == "" {
			p.url = rs.url
		}
		return p.url, p.opts, p.err
	case <-rs.dialing.Done():
		return "", nil, context.Cause(rs.dialing)
	}
}

// adopt takes a Socket that begins to connect.
func (rs *ReconnectingSocket) adopt(s *Socket, gone chan struct{}) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.socket, rs.gone = s, gone
	if rs.state >= Closing {
		s.Terminate()
	}
}

// opened is the open event of the Socket below.
func (rs *ReconnectingSocket) opened(s *Socket) {
	defer rs.flow() // also if a listener ends its goroutine
	rs.during(func() {
		rs.mu.Lock()
		if rs.state >= Closing {
			rs.mu.Unlock()
			return
		}
		rs.state, rs.up = Open, true
		rs.mu.Unlock()
		eachHearer(rs.onOpen.now(), func(f func(*ReconnectingSocket, *Socket)) { f(rs, s) })
	})
}

// message is a message event of the Socket below.
func (rs *ReconnectingSocket) message(m Message) {
	rs.during(func() {
		if rs.ReadyState() == Open {
			eachHearer(rs.onMessage.now(), func(f func(*ReconnectingSocket, Message)) { f(rs, m) })
		}
	})
}

// errorBelow is the error event of the Socket below. That an attempt was given up by Close is none.
func (rs *ReconnectingSocket) errorBelow(err error, opened bool) {
	rs.during(func() {
		if opened || rs.ReadyState() < Closing {
			eachHearer(rs.onError.now(), func(f func(*ReconnectingSocket, error)) { f(rs, err) })
		}
	})
}

// disconnected notes that the Socket below has ended.
func (rs *ReconnectingSocket) disconnected() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for rs.pumping {
		rs.changed.Wait()
	}
	rs.socket, rs.up, rs.flowing = nil, false, false
	if rs.state == Open {
		rs.state = Connecting
	}
}

// decide says what follows a loss.
func (rs *ReconnectingSocket) decide(l *loss, attempt, losses int) Reconnect {
	next := Reconnect{Cause: l.cause, Attempt: attempt + 1}
	var panicked *PanicError
	if errors.As(l.cause, &panicked) {
		rs.panickedBelow(panicked)
	}
	switch {
	case rs.dialing.Err() != nil || l.hopeless:
		next.Final = true
	case rs.opts.MaxAttempts > 0 && attempt >= rs.opts.MaxAttempts:
		next.Final = true
		next.Cause = fmt.Errorf("websocket: given up after %d attempts: %w", attempt, l.cause)
	case !rs.retryable(l.cause):
		next.Final = true
	default:
		next.Delay = rs.opts.waitAfter(l.cause, losses)
	}
	if next.Final {
		next.Attempt = 0
	}
	return next
}

// panickedBelow makes a panic in a function of the options final. It has had its error event.
func (rs *ReconnectingSocket) panickedBelow(err *PanicError) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.fatal == nil {
		rs.fatal = err
		rs.stop()
	}
}

// retryable asks the program whether to go on, if it wants to be asked.
func (rs *ReconnectingSocket) retryable(cause error) bool {
	retry := Retryable(cause)
	if rs.opts.Retry != nil {
		rs.waitFor(func() { retry = rs.opts.Retry(cause) })
	}
	return retry && rs.dialing.Err() == nil
}

// announce tells the listeners of a loss, and what follows. What it returns is closed when the wait for that is to end.
func (rs *ReconnectingSocket) announce(l *loss, next Reconnect) (hurry <-chan struct{}) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if !l.opened.IsZero() {
		rs.post(func() {
			eachHearer(rs.onClose.now(), func(f func(*ReconnectingSocket, CloseEvent, Reconnect)) { f(rs, l.close, next) })
		})
	}
	if next.Final {
		return nil
	}
	rs.hurry = make(chan struct{})
	rs.post(func() {
		if rs.ReadyState() < Closing { // a listener before may have closed it
			eachHearer(rs.onReconnecting.now(), func(f func(*ReconnectingSocket, Reconnect)) { f(rs, next) })
		}
	})
	return rs.hurry
}
