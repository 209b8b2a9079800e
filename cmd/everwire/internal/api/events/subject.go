package events

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// SubjectOptions are for [NewSubject].
type SubjectOptions struct {
	// Publish publishes on a subject, as the method of a NATS connection does. It must be there.
	Publish func(subject string, data []byte) error

	// Request publishes on a subject and waits for one reply. Default: connections are not asked about, and
	// nobody is refused.
	Request func(ctx context.Context, subject string, data []byte) ([]byte, error)

	// Prefix is what the subjects begin with: Prefix.connect, Prefix.message, Prefix.disconnect. Default
	// "everwire.events".
	Prefix string

	// Node is what events call this server.
	Node string

	// Timeout is how long a reply may take. Default 5 s.
	Timeout time.Duration

	// Queue and QueueOctets are as in [WebhookOptions].
	Queue       int
	QueueOctets int64

	Retries Retries

	// Log is told of events that could not be published, at most every ten seconds. Default: nobody is.
	Log *slog.Logger
}

// A Subject tells of events on subjects of NATS, to whoever listens, at most once; those of one connection
// in order. The reply to a connect is empty, or JSON: a [Welcome], or {"status":403,"text":"…"} to refuse.
type Subject struct {
	request   func(ctx context.Context, subject string, data []byte) ([]byte, error)
	prefix    string
	timeout   time.Duration
	writer    *writer
	lanes     lanes
	log       *slog.Logger
	complaint seldom

	refused, unasked atomic.Int64
}

// NewSubject returns a Subject, which has a goroutine until Close.
func NewSubject(o SubjectOptions) (*Subject, error) {
	if o.Publish == nil {
		return nil, errors.New("events: Publish must be there")
	}
	s := &Subject{
		request: o.Request, prefix: cmp.Or(o.Prefix, "everwire.events") + ".", timeout: cmp.Or(o.Timeout, defaultTimeout),
		writer: newWriter(o.Node), log: o.Log,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.lanes = lanes{
		deliver: func(_ context.Context, e *event) error { return o.Publish(s.prefix+e.kind, e.body) },
		retries: o.Retries.withDefaults(), log: s.log,
		most: int64(cmp.Or(o.Queue, defaultQueue)), octets: cmp.Or(o.QueueOctets, defaultQueueOctets),
	}
	s.lanes.start(1) // publishing waits for nobody
	return s, nil
}

// Connect is of [Events].
func (s *Subject) Connect(ctx context.Context, c *Connection) (Welcome, error) {
	e := s.writer.write(typeConnect, c, data{})
	if s.request == nil {
		s.lanes.add(c.ID, e)
		return Welcome{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	welcome, err := s.ask(ctx, e)
	var r *Refusal
	switch {
	case errors.As(err, &r):
		s.refused.Add(1)
	case err != nil:
		n := s.unasked.Add(1)
		s.complaint.log(s.log, "the backend could not be asked who may connect", "subject", s.prefix+typeConnect, "error", err, "in all", n)
	}
	return welcome, err
}

func (s *Subject) ask(ctx context.Context, e *event) (Welcome, error) {
	reply, err := s.request(ctx, s.prefix+e.kind, e.body)
	switch {
	case err != nil:
		return Welcome{}, err
	case len(reply) == 0:
		return Welcome{}, nil
	case len(reply) > mostReply:
		return Welcome{}, errReply
	}
	var said struct {
		Status int    `json:"status"`
		Text   string `json:"text"`
	}
	if err := json.Unmarshal(reply, &said); err != nil {
		return Welcome{}, errors.Join(errReply, err)
	}
	switch r := refusal(said.Status, said.Text); {
	case r != nil:
		return Welcome{}, r
	case said.Status != 0 && said.Status/100 != 2:
		return Welcome{}, errReply
	}
	return readWelcome(reply)
}

// Message is of [Events].
func (s *Subject) Message(c *Connection, m *hub.Message) {
	s.writer.tell(&s.lanes, typeMessage, c, data{Message: messageOf(m)})
}

// Disconnect is of [Events].
func (s *Subject) Disconnect(c *Connection, e websocket.CloseEvent) {
	s.writer.tell(&s.lanes, typeDisconnect, c, data{Close: endingOf(e)})
}

// Figures counts what has become of events. Delivered are those that NATS took.
func (s *Subject) Figures() Figures {
	f := s.lanes.figures()
	f.Refused, f.Unasked = s.refused.Load(), s.unasked.Load()
	return f
}

// Close publishes what waits, until ctx ends, and takes nothing new.
func (s *Subject) Close(ctx context.Context) error { return s.lanes.close(ctx) }
