package websocket

import "sync/atomic"

// A CloseEvent tells how a socket's connection ended (WHATWG, CloseEvent).
type CloseEvent struct {
	// Code and Reason are those of the first Close frame that came from the peer. Code is 1005 if that
	// frame had none, and 1006 if no Close frame came or this end failed the connection.
	Code   CloseCode
	Reason string

	// WasClean is true exactly if both ends sent a Close frame and this end did not fail the connection.
	WasClean bool
}

// A Drop is a message that was taken for sending and then given up because the queue was full, or a
// broadcast that a full queue refused.
type Drop struct {
	Message Message // valid until the last listener has returned; empty for a SendBlob
	Key     string
	Topic   *Topic
	Reason  error // ErrQueueFull or ErrReplaced

	// Untold is how many more were dropped after it of which nobody is told, since listeners did not keep up. What waits for
	// them is bounded by [Queue.Bytes] and [Queue.Messages], or by 64 KiB and 1,024 messages where those are less.
	Untold int
}

// A Listener is a function that was added to a Socket's events.
type Listener struct {
	socket *Socket // whose node it is
	node   *listenerNode
	remove func() // of a ReconnectingSocket's
}

// Remove takes the function off. If called in a listener of the same Socket, the function is not
// called again; if called from elsewhere, it may be running right now. Removing twice is harmless.
func (l Listener) Remove() {
	switch {
	case l.node != nil:
		l.socket.removeListener(l.node)
	case l.remove != nil:
		l.remove()
	}
}

// What a listener is for, its type says.
type (
	openListener    func(*Socket)
	messageListener func(*Socket, Message)
	errorListener   func(*Socket, error)
	closeListener   func(*Socket, CloseEvent)
	pingListener    func(*Socket, []byte)
	pongListener    func(*Socket, []byte)
	drainListener   func(*Socket)
	dropListener    func(*Socket, Drop)
)

// A listenerNode is one function, in the list of all that a socket has, the youngest first. Who runs through it from
// its head calls the oldest first, and none that was added meanwhile. Most sockets have one or two: this is all that
// they take.
//
// One that was removed is not in the list any more, but there may be who runs through it. For them a node is put between it and the
// next one, with gone in it.
type listenerNode struct {
	older atomic.Pointer[listenerNode]
	f     any // a listener, or gone
}

type gone struct{}

// next returns the node behind, and whether this one was removed.
func (n *listenerNode) next() (older *listenerNode, removed bool) {
	older = n.older.Load()
	if older != nil {
		if _, removed = older.f.(gone); removed {
			older = older.older.Load()
		}
	}
	return older, removed
}

// each calls the listeners of one type.
func each[F any](n *listenerNode, call func(F)) {
	if n == nil {
		return
	}
	older, _ := n.next()
	each(older, call)
	if f, ok := n.f.(F); ok {
		if _, removed := n.next(); !removed { // by now
			call(f)
		}
	}
}

// message calls the listeners for messages.
func (n *listenerNode) message(s *Socket, m Message) {
	if older, _ := n.next(); older != nil {
		older.message(s, m)
	}
	if f, ok := n.f.(messageListener); ok {
		if _, removed := n.next(); !removed {
			f(s, m)
		}
	}
}

// hears reports whether a socket has listeners of a type.
func hears[F any](s *Socket) bool {
	n := s.listeners.Load()
	for removed := false; n != nil; {
		_, ok := n.f.(F)
		if n, removed = n.next(); ok && !removed {
			return true
		}
	}
	return false
}

func (s *Socket) addListener(f any) Listener {
	n := &listenerNode{f: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.older.Store(s.listeners.Load())
	s.listeners.Store(n)
	return Listener{socket: s, node: n}
}

func (s *Socket) removeListener(n *listenerNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	older, removed := n.next()
	if removed {
		return
	}
	mark := &listenerNode{f: gone{}}
	mark.older.Store(older)
	n.older.Store(mark)
	at := &s.listeners
	for at.Load() != n {
		at = &at.Load().older
	}
	at.Store(older)
}

// OnOpen adds a listener for the open event: the connection is made, and messages may be sent. At a
// server's end it comes when setup has returned, and messages may be sent in setup already.
func (s *Socket) OnOpen(f func(s *Socket)) Listener {
	return s.addListener(openListener(f))
}

// OnMessage adds a listener for messages. The message's bytes are valid until the last listener has
// returned. Messages are not delivered any more once ReadyState is not OPEN, even if they arrived
// before (WHATWG, "a WebSocket message has been received", step 1).
func (s *Socket) OnMessage(f func(s *Socket, m Message)) Listener {
	return s.addListener(messageListener(f))
}

// OnError adds a listener for the error event, which comes at most once, and before the close event:
// a [HandshakeError] if the connection could not be made; a [ProtocolError] if the peer broke the
// protocol; [ErrHeartbeat], [ErrCloseTimeout], a [PanicError]; or the network's error. A stream that just
// ends without a Close frame is no error event, nor is Terminate: the close event has code 1006.
func (s *Socket) OnError(f func(s *Socket, err error)) Listener {
	return s.addListener(errorListener(f))
}

// OnClose adds a listener for the close event: the connection is gone. It comes exactly once and is the
// last event. A listener added after it is not called.
func (s *Socket) OnClose(f func(s *Socket, e CloseEvent)) Listener {
	return s.addListener(closeListener(f))
}

// OnPing adds a listener for Pings from the peer, which are answered without it. The payload is valid
// until the last listener has returned.
func (s *Socket) OnPing(f func(s *Socket, payload []byte)) Listener {
	return s.addListener(pingListener(f))
}

// OnPong adds a listener for Pongs from the peer, also those that answer the heartbeat. The payload is
// valid until the last listener has returned.
func (s *Socket) OnPong(f func(s *Socket, payload []byte)) Listener {
	return s.addListener(pongListener(f))
}

// OnDrain adds a listener for the moment when BufferedAmount falls to 0 on an open socket: the
// operating system has taken all that was sent.
func (s *Socket) OnDrain(f func(s *Socket)) Listener {
	return s.addListener(drainListener(f))
}

// OnDrop adds a listener for messages that a full queue gave up, and for broadcasts that it refused,
// as [Queue.Full] says.
func (s *Socket) OnDrop(f func(s *Socket, d Drop)) Listener {
	return s.addListener(dropListener(f))
}
