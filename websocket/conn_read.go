package websocket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/everwire/everwire/internal/protocol"
)

// incoming is the message being read. It is owned by who holds readLock.
type incoming struct {
	typ    MessageType // 0 between messages
	piece  []byte      // what is there of it, unmasked, and not yet read
	own    bool        // piece was gathered by a read whose context ended
	lent   bool        // piece was inflated, and is the receiver's memory
	last   bool        // the message ends with piece
	shown  bool        // a Reader of it was returned
	number uint64      // of the message, so that a Reader knows its own
}

// Read waits for the next message and returns it whole. The bytes are the caller's. After a
// [Conn.Reader] that was not read to its end, Read returns the rest of that message, if there is any.
//
// If ctx ends first, Read returns its error, and the next Read goes on with the same message. Any other
// error is the connection's end: a [*CloseError] once the peer's Close frame came, a [*ProtocolError]
// if it broke the protocol or a limit, [ErrHeartbeat], [ErrClosed] after Terminate, or a network error.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	if err := c.beginRead(ctx); err != nil {
		return 0, nil, err
	}
	defer c.readLock.release()
	return c.gather(ctx)
}

// ReadJSON reads the next message, of either type, and unmarshals it into v. If it is no JSON, or does
// not fit v, ReadJSON returns that error, the message is gone and the connection stays usable. Other
// errors are those of Read.
func (c *Conn) ReadJSON(ctx context.Context, v any) error {
	m, buf, err := c.borrow(ctx)
	if err != nil {
		return err
	}
	defer c.giveBack(buf)
	if err := json.Unmarshal(m.data, v); err != nil {
		return fmt.Errorf("websocket: message is not the JSON expected: %w", err)
	}
	return nil
}

// CloseRead reads on a goroutine of its own from now on, for a program that only writes: Pings are
// answered, Pongs and the peer's Close frame are seen, and the heartbeat runs. A message that arrives,
// or is being read, is a breach of the program's protocol and ends the connection with 1008.
//
// The context returned ends when the connection does, or with ctx, which stops the reading as well. Its
// cause is the error that Read would have returned.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		err := c.beginRead(ctx)
		if err == nil {
			c.readLock.release()
			err = c.fail(&ProtocolError{
				Code: ClosePolicyViolation, Section: "RFC 6455 §7.4.1", Detail: "a message came where none is expected",
			}, ClosePolicyViolation, "no messages expected")
		}
		cancel(err)
	}()
	return ctx
}

// gather reads the message in progress to its end. What it has got when ctx ends it leaves there.
func (c *Conn) gather(ctx context.Context) (MessageType, []byte, error) {
	m := &c.message
	data := m.piece
	if !m.own {
		data = append([]byte{}, m.piece...)
	}
	for m.piece = nil; !m.last; m.piece = nil {
		data = slices.Grow(data, c.roomFor(len(data)))
		n, err := c.readInto(ctx, data[len(data):cap(data)])
		if err != nil {
			m.piece, m.own = data, true
			return 0, nil, err
		}
		data = append(data[:len(data)+n], m.piece...)
	}
	typ := m.typ
	c.proven = len(data)
	c.endMessage()
	return typ, data, nil
}

// roomFor returns how much more to make room for when have octets of a message are there: by what has
// come, never just by what a header claims.
func (c *Conn) roomFor(have int) int {
	return int(min(c.receiver.Remaining(), int64(max(have, largeRead))))
}

// endMessage ends the message that was read, whose piece is not used any more.
func (c *Conn) endMessage() {
	c.message = incoming{number: c.message.number}
	c.receiver.Release()
}

// beginRead takes readLock and waits until there is a message to read.
func (c *Conn) beginRead(ctx context.Context) error {
	if err := c.acquireRead(ctx); err != nil {
		return err
	}
	m := &c.message
	for {
		usedUp := m.shown && len(m.piece) == 0 // a Reader has had it all, as far as it came
		switch {
		case usedUp && m.last:
			c.endMessage()
		case usedUp || m.typ == 0:
			if err := c.nextPiece(ctx); err != nil {
				c.readLock.release()
				return err
			}
		default:
			return nil
		}
	}
}

// acquireRead takes readLock, unless the connection has ended.
func (c *Conn) acquireRead(ctx context.Context) error {
	if err := c.failure(); err != nil {
		return err
	}
	err := c.readLock.acquire(ctx, c.ended)
	if err == ErrClosed {
		return c.failure()
	}
	if err == nil {
		c.applyReadLimit()
	}
	return err
}

// nextPiece reads the next piece of the message in progress, or the first of the next.
func (c *Conn) nextPiece(ctx context.Context) error {
	ev, err := c.next(ctx)
	if err != nil {
		return err
	}
	m := &c.message
	if ev.First {
		m.number++
	}
	m.typ, m.piece, m.last = MessageType(ev.Opcode), ev.Payload, ev.Last
	m.own, m.lent = false, !c.receiver.InPlace()
	return nil
}

// readInto reads more of the message in progress. Inside a frame of which much is left, so that nothing
// else is buffered, it reads straight into p and returns how many octets it put there, so that a large
// message is copied but once; else it sets piece.
func (c *Conn) readInto(ctx context.Context, p []byte) (int, error) {
	left := c.receiver.Remaining()
	if left < smallRead || len(p) < smallRead || !c.receiver.InPlace() {
		return 0, c.nextPiece(ctx)
	}
	n, err := c.fill(ctx, p[:min(int64(len(p)), left)])
	if n == 0 {
		return 0, err
	}
	ev, _ := c.receiver.Next(p[:n]) // within a data frame there is one event
	if ev.Kind == protocol.Failure {
		return 0, c.broke(ev.Failure)
	}
	if c.settings.observer != nil {
		c.tellPiece(&ev)
	}
	c.message.last = ev.Last
	return n, nil
}

// next returns the next event of kind Data, and sees to all others. Call with readLock held.
func (c *Conn) next(ctx context.Context) (protocol.Event, error) {
	if c.meter != nil {
		if err := c.awaitThrottle(ctx); err != nil {
			return protocol.Event{}, err
		}
	}
	for {
		var ev protocol.Event
		ev, c.in = c.receiver.Next(c.in)
		switch ev.Kind {
		case protocol.Data:
			if ev.First && c.meter != nil {
				if err := c.obey(c.meter.message()); err != nil {
					return ev, err
				}
			}
			if c.settings.observer != nil {
				c.tellPiece(&ev)
			}
			return ev, nil
		case protocol.Ping, protocol.Pong, protocol.Close:
			if err := c.receiveControl(ev); err != nil {
				return ev, err
			}
		case protocol.Failure:
			return ev, c.broke(ev.Failure)
		case protocol.None:
			if err := c.refill(ctx); err != nil {
				return ev, err
			}
		}
	}
}

// refill reads into c.in, which is used up: as much as a small message takes, unless more is to come or the message before was
// larger and waiting takes no memory.
func (c *Conn) refill(ctx context.Context) error {
	size := smallRead
	if c.receiver.Remaining() > smallRead || c.proven > smallRead && c.raw.works() {
		size = largeRead
	}
	if c.raw.works() {
		c.raw.size = size
		n, err := c.fill(ctx, nil)
		if c.in = nil; n > 0 {
			c.in = c.buf.b[:n]
		}
		return err
	}
	c.newInput(size)
	n, err := c.fill(ctx, c.buf.b[:size])
	c.in = c.buf.b[:n]
	return err
}

// fill reads from the stream, without p by c.raw, and sorts out why it could not.
func (c *Conn) fill(ctx context.Context, p []byte) (int, error) {
	if c.meter != nil {
		if err := c.awaitThrottle(ctx); err != nil {
			return 0, err
		}
	}
	if err := c.readDeadline.watch(ctx); err != nil {
		return 0, err
	}
	if err := c.waiting(); err != nil {
		return 0, err
	}
	inMessage := c.awaitProgress()
	var n int
	var err error
	if p == nil {
		n, err = c.raw.read()
	} else {
		n, err = c.nc.Read(p)
	}
	c.turn.read(n)
	if inMessage {
		c.awaitedProgress()
	}
	c.waited(n > 0)
	if n > 0 {
		if c.meter != nil {
			c.obey(c.meter.read(n)) // if that is too much the next wait finds the connection ended
		}
		return n, nil // an error beside octets comes again
	}
	if cause := ctx.Err(); cause != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, cause
	}
	if err != nil {
		err = c.lost(err)
	}
	return 0, err
}
