package connect

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// slowest is how long a client of a crowd may take for a message. Meanwhile the others wait.
const slowest = 10 * time.Second

// A crowd is any number of connections over which one standard input goes to all, and all come to one standard
// output. While nobody is there, the input waits.
type crowd struct {
	mu      sync.Mutex
	members map[*member]bool
	arrived chan struct{} // closed, and made anew, when somebody comes
	over    bool          // all of the input was sent
}

// A member is a connection of a crowd.
type member struct {
	input
	conn *websocket.Conn
	gone chan struct{} // closed at its end
}

// crowd serves until ctx ends, the goal is reached, or all of the input was sent and all have been closed.
func (d *door) crowd(served <-chan error) error {
	defer close(d.closed)
	ctx, disperse := context.WithCancel(d.ctx)
	var talks sync.WaitGroup
	defer talks.Wait()
	defer disperse()

	l, g := d.standard(), d.newGoal()
	cr := &crowd{members: map[*member]bool{}, arrived: make(chan struct{})}
	distributed := make(chan error, 1)
	go func() { distributed <- cr.distribute(read(l.source, ctx.Done()), ctx.Done()) }()
	ended := make(chan error)
	last := false // those who are there are the last
	for {
		select {
		case conn := <-d.conns:
			m := cr.join(conn)
			talks.Go(func() {
				s := d.newSession(l, g)
				s.in = &m.input
				err := s.talk(ctx, conn)
				cr.leave(m)
				select {
				case ended <- err:
				case <-ctx.Done():
				}
			})
		case err := <-ended:
			var fatal *ExitError
			if errors.As(err, &fatal) {
				return err
			}
			if err = (&session{goal: &goal{}}).conclude(err); err != nil {
				d.say("%v", err)
			}
		case err := <-distributed:
			if err != nil {
				return exit(Failed, "cannot read the input: "+err.Error())
			}
			g.inputSent()
			last = l.closeAfterInput
		case err := <-served:
			return exit(Failed, "cannot accept connections: "+err.Error())
		case <-ctx.Done():
			return d.listened(ctx, g)
		}
		if g.done() || last && cr.empty() {
			return nil
		}
	}
}

func (cr *crowd) join(conn *websocket.Conn) *member {
	m := &member{input: input{messages: make(chan message)}, conn: conn, gone: make(chan struct{})}
	cr.mu.Lock()
	defer cr.mu.Unlock()
	if cr.over {
		close(m.messages)
	}
	cr.members[m] = true
	close(cr.arrived)
	cr.arrived = make(chan struct{})
	return m
}

func (cr *crowd) leave(m *member) {
	close(m.gone)
	cr.mu.Lock()
	defer cr.mu.Unlock()
	delete(cr.members, m)
}

func (cr *crowd) empty() bool {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	return len(cr.members) == 0
}

// distribute sends what in has to all, and returns why it ended, nil for its end. Stop ends it as well.
func (cr *crowd) distribute(in *input, stop <-chan struct{}) error {
	defer func() {
		for _, m := range cr.finish() {
			close(m.messages)
		}
	}()
	for {
		cr.whoIsThere(stop) // before that nothing is taken
		select {
		case m, ok := <-in.messages:
			if !ok {
				return in.err
			}
			m.data = bytes.Clone(m.data) // all have it at different times
			for _, to := range cr.whoIsThere(stop) {
				to.give(m, stop)
			}
		case <-stop:
			return nil
		}
	}
}

// whoIsThere waits until there is somebody.
func (cr *crowd) whoIsThere(stop <-chan struct{}) []*member {
	for {
		cr.mu.Lock()
		members, arrived := cr.list(), cr.arrived
		cr.mu.Unlock()
		if len(members) > 0 {
			return members
		}
		select {
		case <-arrived:
		case <-stop:
			return nil
		}
	}
}

// list needs mu.
func (cr *crowd) list() []*member {
	var list []*member
	for m := range cr.members {
		list = append(list, m)
	}
	return list
}

// finish says that nothing more will be sent, and returns who was there.
func (cr *crowd) finish() []*member {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	cr.over = true
	return cr.list()
}

// give hands a member a message, or gives the member up if it does not take it.
func (m *member) give(msg message, stop <-chan struct{}) {
	late := time.NewTimer(slowest)
	defer late.Stop()
	select {
	case m.messages <- msg:
	case <-m.gone:
	case <-stop:
	case <-late.C:
		m.conn.Terminate()
	}
}
