package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publish implements [hub.Broker]. In a logged room it waits for JetStream's acknowledgement, for
// [Options.Timeout] at most. It tries again by itself only where the message cannot have been taken: while
// the stream has no leader. ID, Publisher and Node may have 4,096 octets together with what escapes them;
// Data what the server allows (1 MiB unless it is told otherwise), else an error says so that does not wrap
// [hub.ErrUnavailable].
func (b *Broker) Publish(ctx context.Context, r hub.Room, m *hub.Message) (hub.Position, error) {
	if err := checkName(r.Name); err != nil {
		return hub.Position{}, err
	}
	inner, cancel, err := b.enter(ctx)
	if err != nil {
		return hub.Position{}, err
	}
	defer cancel()
	if !r.Logged {
		return hub.Position{}, b.leave(ctx, b.pass(r.Name, m))
	}
	c := b.class(r.History)
	if _, err := c.open(inner); err != nil {
		return hub.Position{}, b.leave(ctx, err)
	}
	c.used.Store(true)
	position, err := c.append(inner, encode(c.stored(r.Name), m, true))
	if err == nil {
		b.health.Store(nil)
	}
	return position, b.leave(ctx, err)
}

// pass publishes in a plain room.
func (b *Broker) pass(room string, m *hub.Message) error {
	return b.publishError(b.nc.PublishMsg(encode(b.plain(room), m, false)), len(m.Data))
}

func (b *Broker) plain(room string) string { return b.opts.Prefix + ".p." + encodeRoom(room) }

// publishError tells what can never be published from what could not now.
func (b *Broker) publishError(err error, size int) error {
	if errors.Is(err, natsgo.ErrMaxPayload) {
		return refuse("a message of %d octets: NATS takes %d with their headers (max_payload)", size, b.nc.MaxPayload())
	}
	return err
}

// append publishes in a logged room.
func (c *class) append(ctx context.Context, m *natsgo.Msg) (hub.Position, error) {
	for pause := 25 * time.Millisecond; ; pause = min(2*pause, 400*time.Millisecond) {
		e := c.era.Load()
		known := e.known.Load()
		answer, err := c.b.nc.RequestMsgWithContext(ctx, m)
		var again error
		switch {
		case errors.Is(err, natsgo.ErrNoResponders):
			// The stream has no leader at the moment, or is gone.
			again = streamError(c.stream, errors.New("nobody takes the message: the stream has no leader"))
			if _, _, err := c.look(ctx, time.Second); err != nil && errors.As(err, new(*refusal)) {
				return hub.Position{}, err
			}
		case err != nil:
			return hub.Position{}, c.b.publishError(err, len(m.Data))
		default:
			ack, err := c.acknowledged(answer.Data)
			switch {
			case err == nil && !ack.Duplicate && ack.Sequence <= known:
				// Sequences only grow while the stream is the same.
				if e, _, err = c.look(ctx, 0); err != nil {
					return hub.Position{}, err
				}
				return e.message(ack.Sequence), nil
			case err == nil:
				e.saw(ack.Sequence)
				return e.message(ack.Sequence), nil
			case !errors.Is(err, errInProcess):
				return hub.Position{}, err
			}
			again = err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return hub.Position{}, fmt.Errorf("%w: %w", hub.ErrUnavailable, again)
		}
	}
}

// errInProcess is for a message that was published before and is not appended yet.
var errInProcess = errors.New("a message with this ID is on its way into the stream")

const codeInProcess = 10158 // JSStreamDuplicateMessageConflict

// What JetStream says of messages that it will never take: too large for the stream, or with headers of more
// than 64 KiB.
const (
	codeTooLarge        = 10054 // JSStreamMessageExceedsMaximumErr
	codeHeadersTooLarge = 10097 // JSStreamHeaderExceedsMaximumErr
)

// acknowledged reads the answer to a publish.
func (c *class) acknowledged(answer []byte) (*jetstream.PubAck, error) {
	var response struct {
		Error *jetstream.APIError `json:"error"`
		jetstream.PubAck
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, streamError(c.stream, fmt.Errorf("the answer to a publish: %w", err))
	}
	switch e := response.Error; {
	case e != nil && e.ErrorCode == codeInProcess:
		return nil, errInProcess
	case e != nil && (e.ErrorCode == codeTooLarge || e.ErrorCode == codeHeadersTooLarge):
		return nil, refuse("stream %s: %s", c.stream, e.Description)
	case e != nil:
		return nil, streamError(c.stream, e)
	case response.Stream != c.stream:
		return nil, refuse("stream %s took a message that belongs into %s: their subjects overlap", response.Stream, c.stream)
	case response.Sequence == 0:
		return nil, streamError(c.stream, errors.New("the answer to a publish has no sequence"))
	}
	return &response.PubAck, nil
}
