package chat

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/websocket"
)

const (
	// firstMessageTime is how long a client without a token may take to send one, and how long judging one
	// may take.
	firstMessageTime = 5 * time.Second

	// requestTime is how long a request may take, from when it came, the wait behind others of its room
	// included.
	requestTime = 10 * time.Second
)

// A session is one connection of everwire.chat.v1.
type session struct {
	*arrival
	chat    *chat
	s       *websocket.Socket
	waiting *time.Timer // for the token; nil if none is waited for

	mu       sync.Mutex
	over     bool   // the connection has ended
	farewell func() // what is to be done then when no lane is at work any more
	warning  *time.Timer
	seat     *auth.Seat
	rooms    map[string]*membership
	lanes    map[string][]request // a room with a lane has somebody at work on it
	inFlight int                  // requests in lanes, those that are being done included
	paused   bool
}

func (c *chat) converse(s *websocket.Socket, a *arrival) {
	v := &session{
		arrival: a, chat: c, s: s,
		rooms: make(map[string]*membership), lanes: make(map[string][]request),
	}
	sessions.Set(s, v)
	if c.Talks != nil {
		c.Talks.Add(1)
	}
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { v.hear(m) })
	s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { v.ended(e) })
	if a.known {
		v.admitted()
		return
	}
	v.waiting = time.AfterFunc(firstMessageTime, func() {
		v.s.Close(auth.CloseExpired, "no token came")
	})
}

func (v *session) hear(m websocket.Message) {
	if m.Type() != websocket.Text {
		v.s.Close(websocket.CloseUnsupportedData, Subprotocol+" is text only")
		return
	}
	q, err := parse(m.Bytes(), v.chat.DataSize)
	switch {
	case !v.known && (err != nil || q.kind != doAuth):
		v.fail(q, &fault{unauthorized, "the first message has to be auth, with a token"})
		v.s.Close(auth.CloseExpired, "not authenticated")
	case err != nil:
		v.fail(q, err)
	case q.kind == doAuth:
		v.authenticate(q)
	default:
		q.deadline = time.Now().Add(requestTime)
		v.enqueue(q)
	}
}

// do does a request, on the goroutine of its lane. A panic ends the connection, as one in a listener does,
// and no other.
func (v *session) do(q request) {
	defer func() {
		if value := recover(); value != nil {
			v.chat.Log.Error("chat: a request panicked", "type", string(q.kind), "panic", value, "stack", string(debug.Stack()))
			v.s.Close(websocket.CloseInternalError, "")
		}
	}()
	ctx, cancel := context.WithDeadline(v.s.Context(), q.deadline)
	defer cancel()
	var err error
	switch q.kind {
	case doJoin:
		err = v.join(ctx, q)
	case doLeave:
		err = v.leave(q)
	case doPublish:
		err = v.publish(ctx, q)
	}
	if err != nil && v.s.Context().Err() == nil {
		v.fail(q, err)
	}
}

// ended is told that the connection has. Events are told when all is told that was done on it.
func (v *session) ended(e websocket.CloseEvent) {
	if v.waiting != nil {
		v.waiting.Stop()
	}
	v.mu.Lock()
	v.over = true
	seat := v.seat
	if v.warning != nil {
		v.warning.Stop()
	}
	tells := v.chat.Events != nil && v.known
	v.farewell = func() {
		if tells {
			v.chat.Events.Disconnect(v.conn, e)
		}
		if v.chat.Talks != nil {
			v.chat.Talks.Done()
		}
	}
	idle := len(v.lanes) == 0
	v.mu.Unlock()
	seat.Leave()
	if idle {
		v.farewell()
	}
}
