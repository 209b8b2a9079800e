package websocket

import (
	"context"
	"runtime/debug"
	"sync"
	"time"
)

// A ReconnectingSocket is a client's [Socket] that is always there: when its connection is lost it dials again, after
// waits that grow, until it is closed or there is no use in trying. [Reconnecting] makes one. What is sent while
// there is no connection waits for the next one.
//
// # Events
//
// Listeners are added by OnOpen, OnMessage, OnError, OnClose, OnReconnecting, OnDrop and OnEnd, and work as those of a
// Socket do: none runs before setup has returned, never do two run at the same time, [Outgoing].Done functions and
// [ReconnectOptions].Retry included, and no method runs one before it returns. For each connection come open, messages, at
// most one error, close; for an attempt that fails, an error. After each loss or failure comes either reconnecting
// or, exactly once and as the last event of all, end.
//
// While a listener runs nothing is read, and a connection that is lost is not replaced.
//
// A panic in a listener, or in a function of the options, is final: the server is sent code 1011, and the end event has a
// [*PanicError], as has an error event before it.
//
// # What becomes of a message
//
// A message that Send and the like took leaves at most once, in the order of sending, on whichever connection there
// is. It is given to a connection when the one before it has left. If that connection is lost before the operating
// system has taken the message's last octet, then the server cannot have received it whole: it stays at the head of the
// queue for the next connection. If the system has taken it, it is never sent again; whether it arrived
// is not known then, to nobody below an application that has its messages acknowledged.
//
// Nothing that was taken is lost in silence. What the queue's policy drops, and what has not left when the end comes,
// is reported to OnDrop, of much at once the number only ([Drop.Untold]), and Done functions are told.
//
// # Concurrency
//
// All methods are safe for concurrent use.
type ReconnectingSocket struct {
	url  string
	opts ReconnectOptions

	onOpen         hearers[func(*ReconnectingSocket, *Socket)]
	onMessage      hearers[func(*ReconnectingSocket, Message)]
	onError        hearers[func(*ReconnectingSocket, error)]
	onClose        hearers[func(*ReconnectingSocket, CloseEvent, Reconnect)]
	onReconnecting hearers[func(*ReconnectingSocket, Reconnect)]
	onDrop         hearers[func(*ReconnectingSocket, Drop)]
	onEnd          hearers[func(*ReconnectingSocket, error)]

	dialing context.Context // ends when there is to be no further connection
	giveUp  context.CancelFunc
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex // guards what follows; taken before Socket.mu
	changed sync.Cond  // delivering or pumping became false, or passed true

	// delivery
	delivering bool
	acquiring  int  // how many wait for the token
	passed     bool // to one of them
	mailbox    []func()

	// life
	state      ReadyState
	socket     *Socket       // of the connection, or the attempt at one
	up         bool          // it is a connection's
	gone       chan struct{} // closed by its close event
	fatal      error         // the panic that ends it
	terminated bool          // by Terminate
	ended      bool          // the end event is in the mailbox or was delivered
	hurry      chan struct{} // closed, it ends the wait for the next attempt; nil if there is none

	// sending
	queue    sendQueue
	buffered int64
	drops    drops               // of which listeners are to be told
	untold   *int                // how many were left out after the last of them
	accepted uint64              // messages ever taken
	inFlight uint64              // the message that the socket has, 0 if there is none
	flowing  bool                // the socket is open, and takes what the queue has
	pumping  bool                // a goroutine gives it to the socket
	handed   *Socket             // has all that waited, and is being closed
	given    map[uint64]outgoing // what it has, by number
	lostFrom uint64              // the first message that was given up at the end, 0 if there is none
	flushers []flusher
}

// Reconnecting makes a [ReconnectingSocket] and starts connecting at once. See [Dial] for the URL; as with [New],
// a server that chooses none of the subprotocols offered is refused. It returns an error only for a URL or options
// that cannot work; with [ReconnectOptions].Prepare the URL may be empty. An attempt that fails, the first one included,
// is an error event, and what follows from it.
//
// Setup, which may be nil, is called on the caller's goroutine before anything is delivered: add listeners there.
// If it panics, no connection is made, and the panic goes on.
//
// Close or Terminate it when it is not needed any more: it keeps itself alive.
func Reconnecting(url string, opts *ReconnectOptions, setup func(*ReconnectingSocket)) (*ReconnectingSocket, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if url != "" || o.Prepare == nil {
		if _, err := newDialer(url, &o.Dial); err != nil {
			return nil, err
		}
	}
	rs := &ReconnectingSocket{url: url, opts: o, delivering: true}
	rs.changed.L = &rs.mu
	rs.dialing, rs.giveUp = context.WithCancel(context.Background())
	rs.ctx, rs.cancel = context.WithCancel(context.Background())
	defer func() { // also if setup panics: it may have told others of rs
		go rs.deliver()
		go rs.run()
	}()
	if setup != nil {
		rs.setUp(setup)
	}
	return rs, nil
}

func (rs *ReconnectingSocket) setUp(setup func(*ReconnectingSocket)) {
	defer func() {
		if v := recover(); v != nil {
			rs.panicked(&PanicError{Value: v, Stack: debug.Stack()})
			panic(v)
		}
	}()
	setup(rs)
}

// ReadyState returns CONNECTING while there is no connection, also between two; OPEN while there is one; CLOSING
// after Close and Terminate; CLOSED once it has ended.
func (rs *ReconnectingSocket) ReadyState() ReadyState {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.state
}

// Socket returns the Socket of the connection, for what concerns just this one, such as RTT, Ping or RemoteAddr; nil
// while there is none. What is sent on it directly goes out beside the queue, and is lost with its connection. (Should
// the connection break within one write that has a message of the queue and, behind it, one that was sent directly, then
// that of the queue may come twice. What OnOpen's listeners send is ahead of the queue and does no harm.)
//
// Terminate on it has a new connection dialed. After Close on it the code in the server's answer decides, as if the
// server had closed.
func (rs *ReconnectingSocket) Socket() *Socket {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if !rs.up {
		return nil
	}
	return rs.socket
}

// Context returns the ReconnectingSocket's own context, which is cancelled when it has ended, before the end event is
// delivered. It outlives every connection.
func (rs *ReconnectingSocket) Context() context.Context { return rs.ctx }

// RetryNow ends the wait for the next attempt, if there is one: because the user asks for it, or the network is
// back.
func (rs *ReconnectingSocket) RetryNow() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.hurry != nil {
		close(rs.hurry)
		rs.hurry = nil
	}
}

// Close ends it for good, and returns at once. If there is a connection, what waits in the queue goes first, then
// the closing handshake begins, as [Socket.Close] says. If there is none, no further attempt is made, and what
// waits is given up: call Flush before, where it matters.
//
// Code and reason are as for Socket.Close; those that may not be sent are [ErrInvalidClose], and nothing changes. In
// CLOSING and CLOSED nothing happens and the result is nil.
func (rs *ReconnectingSocket) Close(code CloseCode, reason string) error {
	if err := checkCloseFrom(rs.opts.Dial.inPage(), code, reason); err != nil {
		return err
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.state >= Closing {
		return nil
	}
	if rs.state == Open {
		rs.handOver()
	}
	rs.stop()
	if rs.socket != nil {
		rs.socket.Close(code, reason)
	}
	return nil
}

// Terminate ends it for good and at once: the connection is reset, and what waits is given up. The end event has
// [ErrClosed]. In CLOSED nothing happens.
func (rs *ReconnectingSocket) Terminate() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.terminated = true
	rs.stop()
	if rs.socket != nil {
		rs.socket.Terminate()
	}
}

// stop makes the connection there is the last one. Call with mu held.
func (rs *ReconnectingSocket) stop() {
	rs.state = max(rs.state, Closing)
	rs.flowing = false
	rs.giveUp()
	rs.wakeFlushers()
}

// end is the end. Reason is the last connection's, or attempt's.
func (rs *ReconnectingSocket) end(reason error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	switch {
	case rs.fatal != nil:
		reason = rs.fatal
	case rs.terminated:
		reason = ErrClosed
	case rs.state == Closing: // by Close
		reason = nil
	}
	rs.stop()
	rs.state, rs.ended = Closed, true
	rs.giveUpQueue()
	rs.cancel()
	rs.post(func() {
		eachHearer(rs.onEnd.now(), func(f func(*ReconnectingSocket, error)) { f(rs, reason) })
	})
}

// pause waits before the next attempt, at most until hurry is closed, and reports false if there is to be none.
func (rs *ReconnectingSocket) pause(d time.Duration, hurry <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-rs.dialing.Done():
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.hurry = nil
	return rs.state < Closing
}
