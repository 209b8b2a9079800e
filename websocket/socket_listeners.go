package websocket

import (
	"slices"
	"sync/atomic"
)

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
	Reason  error // ErrQueueFull or ErrReplaced
}

// A Listener is a function that was added to a Socket's events.
type Listener struct {
	remove func()
}

// Remove takes the function off. If called in a listener of the same Socket, the function is not
// called again; if called from elsewhere, it may be running right now. Removing twice is harmless.
func (l Listener) Remove() {
	if l.remove != nil {
		l.remove()
	}
}

// listener is one function in a list; removed takes effect also on a list already being run through.
type listener[F any] struct {
	f       F
	removed atomic.Bool
}

// listeners holds a socket's functions. It is never changed: adding and removing put a copy in place.
type listeners struct {
	message     []*listener[func(*Socket, Message)]
	open, drain []*listener[func(*Socket)]
	error       []*listener[func(*Socket, error)]
	close       []*listener[func(*Socket, CloseEvent)]
	ping, pong  []*listener[func(*Socket, []byte)]
	drop        []*listener[func(*Socket, Drop)]
}

func each[F any](list []*listener[F], call func(F)) {
	for _, x := range list {
		if !x.removed.Load() {
			call(x.f)
		}
	}
}

// addListener adds f to the list that which picks out of a socket's listeners.
func addListener[F any](s *Socket, f F, which func(*listeners) *[]*listener[F]) Listener {
	x := &listener[F]{f: f}
	s.changeListeners(func(l *listeners) {
		list := which(l)
		*list = append(slices.Clip(*list), x)
	})
	return Listener{remove: func() {
		if x.removed.Swap(true) {
			return
		}
		s.changeListeners(func(l *listeners) {
			list := which(l)
			*list = slices.DeleteFunc(slices.Clone(*list), func(y *listener[F]) bool { return y == x })
		})
	}}
}

func (s *Socket) changeListeners(change func(*listeners)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var l listeners
	if old := s.listeners.Load(); old != nil {
		l = *old
	}
	change(&l)
	s.listeners.Store(&l)
}

// OnOpen adds a listener for the open event: the connection is made, and messages may be sent. At a
// server's end it comes when setup has returned, and messages may be sent in setup already.
func (s *Socket) OnOpen(f func(s *Socket)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket)] { return &l.open })
}

// OnMessage adds a listener for messages. The message's bytes are valid until the last listener has
// returned. Messages are not delivered any more once ReadyState is not OPEN, even if they arrived
// before (WHATWG, "a WebSocket message has been received", step 1).
func (s *Socket) OnMessage(f func(s *Socket, m Message)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, Message)] { return &l.message })
}

// OnError adds a listener for the error event, which comes at most once, and before the close event:
// a [HandshakeError] if the connection could not be made; a [ProtocolError] if the peer broke the
// protocol; [ErrHeartbeat], [ErrCloseTimeout], a [PanicError]; or the network's error. A stream that just
// ends without a Close frame is no error event, nor is Terminate: the close event has code 1006.
func (s *Socket) OnError(f func(s *Socket, err error)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, error)] { return &l.error })
}

// OnClose adds a listener for the close event: the connection is gone. It comes exactly once and is the
// last event. A listener added after it is not called.
func (s *Socket) OnClose(f func(s *Socket, e CloseEvent)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, CloseEvent)] { return &l.close })
}

// OnPing adds a listener for Pings from the peer, which are answered without it. The payload is valid
// until the last listener has returned.
func (s *Socket) OnPing(f func(s *Socket, payload []byte)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, []byte)] { return &l.ping })
}

// OnPong adds a listener for Pongs from the peer, also those that answer the heartbeat. The payload is
// valid until the last listener has returned.
func (s *Socket) OnPong(f func(s *Socket, payload []byte)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, []byte)] { return &l.pong })
}

// OnDrain adds a listener for the moment when BufferedAmount falls to 0 on an open socket: the
// operating system has taken all that was sent.
func (s *Socket) OnDrain(f func(s *Socket)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket)] { return &l.drain })
}

// OnDrop adds a listener for messages that a full queue gave up, and for broadcasts that it refused,
// as [Queue.Full] says.
func (s *Socket) OnDrop(f func(s *Socket, d Drop)) Listener {
	return addListener(s, f, func(l *listeners) *[]*listener[func(*Socket, Drop)] { return &l.drop })
}
