package interop

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// An end is our end of a connection. What happens to it goes into its mailbox: open, message, ping, pong,
// error (err says which) and close, and of a Socket also drain.
type end struct {
	connection
	*mailbox
	asked  http.Header   // of a server's end: the request's header
	below  *tap          // if terms.tapped
	tokens chan struct{} // one for each message it may take; nil means it takes all
	over   chan struct{} // closed once it is closed and all is told
}

// connection is what a scenario does with our end, whichever type it has.
type connection interface {
	Close(code websocket.CloseCode, reason string) error
	Terminate()
	Subprotocol() string
	Extensions() string
	URL() string
	TLS() *tls.ConnectionState

	write(typ websocket.MessageType, data string) error // may wait, if the type's does
	stream(r io.ReaderAt, size int64) error             // sends a binary message in fragments
	ping() error                                        // sends a Ping of the type's choice, and may wait
}

func newEnd(name string, tm terms) *end {
	e := &end{mailbox: newMailbox("our " + name), over: make(chan struct{})}
	if tm.slow {
		e.tokens = make(chan struct{}, 100)
	}
	return e
}

// stop drops the connection and waits until that is done.
func (e *end) stop() {
	if e.tokens != nil {
		close(e.tokens)
	}
	e.Terminate()
	<-e.over
}

// take lets an end of slow terms take some messages.
func (e *end) take(messages int) {
	for range messages {
		e.tokens <- struct{}{}
	}
}

// took puts a message into the mailbox, as soon as the terms allow.
func (e *end) took(typ websocket.MessageType, data []byte) {
	if e.tokens != nil {
		<-e.tokens
	}
	e.put(message(typ, string(data)))
}

func (e *end) send(t *testing.T, typ websocket.MessageType, data string) {
	t.Helper()
	if err := e.write(typ, data); err != nil {
		t.Fatalf("%s cannot send: %v", e.whose, err)
	}
}

func (e *end) failed(err error) { e.put(event{Event: "error", Error: err.Error(), err: err}) }

// wantProtocolError waits until our end has failed the connection because the peer broke a rule.
func (e *end) wantProtocolError(t *testing.T, code websocket.CloseCode) {
	t.Helper()
	got := e.wantAny(t, "error")
	var broke *websocket.ProtocolError
	if !errors.As(got.err, &broke) || broke.Code != code {
		t.Fatalf("%s: %v; want a ProtocolError with code %d", e.whose, got, code)
	}
	e.want(t, lost())
}

// socketEnd is an end that is a Socket.
type socketEnd struct{ *websocket.Socket }

// follow has a Socket tell what happens to it.
func (e *end) follow(s *websocket.Socket) {
	e.connection = socketEnd{s}
	s.OnOpen(func(*websocket.Socket) { e.put(event{Event: "open"}) })
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { e.took(m.Type(), m.Bytes()) })
	s.OnPing(func(_ *websocket.Socket, payload []byte) { e.put(ping(string(payload))) })
	s.OnPong(func(_ *websocket.Socket, payload []byte) { e.put(pong(string(payload))) })
	s.OnError(func(_ *websocket.Socket, err error) { e.failed(err) })
	s.OnClose(func(_ *websocket.Socket, c websocket.CloseEvent) {
		e.put(closed(c.Code, c.Reason, c.WasClean))
		close(e.over)
	})
}

func (s socketEnd) write(typ websocket.MessageType, data string) error {
	return s.SendWith(websocket.Outgoing{Type: typ, Data: []byte(data)})
}

func (s socketEnd) stream(r io.ReaderAt, size int64) error { return s.SendBlob(r, size) }

func (s socketEnd) ping() error { return s.Ping([]byte("ours")) }

// connEnd is an end that is a Conn.
type connEnd struct{ *websocket.Conn }

// read reads from a Conn from now on, and tells what happens to it as a Socket would, but for Pings and Pongs.
func (e *end) read(c *websocket.Conn) {
	e.connection = connEnd{c}
	e.put(event{Event: "open"})
	go e.reading(c)
}

func (e *end) reading(c *websocket.Conn) {
	defer close(e.over)
	for {
		typ, data, err := c.Read(context.Background())
		if err == nil {
			e.took(typ, data)
			continue
		}
		outcome := c.Close(websocket.CloseNormal, "") // it is closed: this waits until that is done
		var bye *websocket.CloseError
		switch {
		case errors.As(err, &bye):
			e.put(closed(bye.Code, bye.Reason, outcome == nil))
		case err == websocket.ErrClosed: // by Terminate
			e.put(lost())
		default:
			e.failed(err)
			e.put(lost())
		}
		return
	}
}

func (c connEnd) write(typ websocket.MessageType, data string) error {
	return c.Write(context.Background(), typ, []byte(data))
}

func (c connEnd) stream(r io.ReaderAt, size int64) error {
	w, err := c.Writer(context.Background(), websocket.Binary)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.NewSectionReader(r, 0, size)); err != nil {
		return err
	}
	return w.Close()
}

func (c connEnd) ping() error { return c.Ping(context.Background()) }

// seesControl reports whether Pings and Pongs come into the mailbox.
func (e *end) seesControl() bool {
	_, sees := e.connection.(socketEnd)
	return sees
}
