package terminal

import (
	"context"
	"sync"

	"github.com/everwire/everwire/websocket"
)

// A link makes connections, one at a time, and has their events put into the inbox.
type link struct {
	open  func(ctx context.Context, setup func(*websocket.Socket)) error
	inbox *inbox
	ctx   context.Context
	stop  context.CancelFunc
	wait  sync.WaitGroup // for Open, and for files that are being sent

	mu     sync.Mutex
	socket *websocket.Socket // the latest
	ended  bool
}

func newLink(ctx context.Context, c Config, b *inbox) *link {
	l := &link{open: c.Open, inbox: b}
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// connect starts a connection: there will be an opened, a failure or an unopened event.
func (l *link) connect() {
	l.wait.Go(func() {
		if err := l.open(l.ctx, l.setup); err != nil {
			l.inbox.put(nil, unopened{err})
		}
	})
}

func (l *link) setup(s *websocket.Socket) {
	b := l.inbox
	s.OnOpen(func(s *websocket.Socket) { b.put(s, opened{s}) })
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
		b.put(s, arrival{m.Type(), append([]byte(nil), m.Bytes()...)})
	})
	s.OnPing(func(s *websocket.Socket, _ []byte) { b.put(s, pinged{}) })
	s.OnPong(func(s *websocket.Socket, payload []byte) { b.put(s, pong(payload)) })
	s.OnError(func(s *websocket.Socket, err error) { b.put(s, failure{err}) })
	s.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) { b.put(s, e) })

	l.mu.Lock()
	l.socket = s
	ended := l.ended
	l.mu.Unlock()
	if ended {
		s.Terminate()
	}
}

// cut ends what there is at once, and waits for what was started.
func (l *link) cut() {
	l.mu.Lock()
	l.ended = true
	s := l.socket
	l.mu.Unlock()
	l.stop()
	if s != nil {
		s.Terminate()
	}
	l.wait.Wait()
}
