package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// There are two ways to ask for messages of a stream. Any replica answers a direct get, with many messages at
// once, but it may not have the last ones yet: what it gives is the beginning of the truth. The leader
// answers for all that was acknowledged, one message at a time.

// How much one answer holds.
const (
	batchMessages = 256
	batchOctets   = 1 << 20
)

// An entry is a message of a stream.
type entry struct {
	seq    uint64
	header natsgo.Header
	data   []byte
}

// request is what both understand.
type request struct {
	Seq       uint64   `json:"seq,omitempty"`
	Last      string   `json:"last_by_subj,omitempty"`
	Next      string   `json:"next_by_subj,omitempty"`
	MultiLast []string `json:"multi_last,omitempty"`
	Batch     int      `json:"batch,omitempty"`
	MaxBytes  int      `json:"max_bytes,omitempty"`
}

// leader asks the leader for one message; nil means that there is none.
func (c *class) leader(ctx context.Context, r request) (*entry, error) {
	var answer struct {
		Message *struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Header  []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	err := c.call(ctx, "MSG.GET", r, &answer)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, streamError(c.stream, err)
	}
	m := answer.Message
	if m == nil || m.Seq == 0 {
		return nil, streamError(c.stream, errors.New("an answer with no message"))
	}
	found := &entry{seq: m.Seq, header: storedHeader(m.Header), data: m.Data}
	found.header[headerSubject] = []string{m.Subject}
	found.header[headerTimeStamp] = []string{m.Time.Format(time.RFC3339Nano)}
	return found, nil
}

// info asks the leader for the stream's state, and how many messages a subject has.
func (c *class) info(ctx context.Context, subject string) (state jetstream.StreamState, messages uint64, err error) {
	var answer jetstream.StreamInfo
	ask := struct {
		Filter string `json:"subjects_filter"`
	}{subject}
	if err := c.call(ctx, "INFO", ask, &answer); err != nil {
		return state, 0, streamError(c.stream, err)
	}
	return answer.State, answer.State.Subjects[subject], nil
}

// call asks JetStream's API about the stream.
func (c *class) call(ctx context.Context, verb string, ask, answer any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	err = patiently(ctx, func() error {
		m, err := c.b.ask(ctx, "$JS.API.STREAM."+verb+"."+c.stream, body)
		if err != nil {
			return err
		}
		var failed struct {
			Error *jetstream.APIError `json:"error"`
		}
		if err := json.Unmarshal(m.Data, &failed); err != nil {
			return err
		}
		if failed.Error != nil {
			return failed.Error
		}
		return json.Unmarshal(m.Data, answer)
	})
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		c.doubt()
	}
	return err
}

// How long an answer is waited for before the question is asked again, the first time.
const answerTime = 500 * time.Millisecond

// ask asks a question until there is an answer: one that reaches a stream whose leader is just being elected gets none, ever.
func (b *Broker) ask(ctx context.Context, subject string, body []byte) (*natsgo.Msg, error) {
	for wait := answerTime; ; wait *= 2 {
		once, cancel := context.WithTimeout(ctx, wait)
		m, err := b.nc.RequestWithContext(once, subject, body)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return m, err
		}
	}
}

// direct asks any replica of the class's stream.
func (c *class) direct(ctx context.Context, r request) (entries []entry, end natsgo.Header, err error) {
	if entries, end, err = c.b.direct(ctx, c.stream, r); err != nil {
		err = streamError(c.stream, err)
	}
	return entries, end, err
}

// direct asks any replica of a stream, and returns the messages and the headers of the end of the answer: nil if
// there is no message, or if the rest got lost on its way.
func (b *Broker) direct(ctx context.Context, stream string, r request) (entries []entry, end natsgo.Header, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, nil, err
	}
	sub, err := b.nc.SubscribeSync(b.nc.NewInbox())
	if err != nil {
		return nil, nil, err
	}
	defer sub.Unsubscribe()
	if err := b.nc.PublishRequest("$JS.API.DIRECT.GET."+stream, sub.Subject, body); err != nil {
		return nil, nil, err
	}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, nil, err
		}
		if seq, ok := sequence(m.Header, headerSequence); ok {
			// Each says which was before it: one that got lost on its way ends what may be used.
			before, ok := sequence(m.Header, headerLastSequence)
			if n := len(entries); ok && n > 0 && before != entries[n-1].seq {
				return entries, nil, nil
			}
			entries = append(entries, entry{seq, m.Header, m.Data})
			continue
		}
		switch status := m.Header.Get(headerStatus); status {
		case "204": // the end
			return entries, m.Header, nil
		case "404":
			return entries, nil, nil
		default:
			return nil, nil, fmt.Errorf("direct get: %s %s", status, m.Header.Get("Description"))
		}
	}
}

// lasts asks which of the subjects have a last message after a sequence, and up to where the replica that
// answers has the stream; zero if it does not say.
func (c *class) lasts(ctx context.Context, subjects []string, after uint64) (lastOf map[string]uint64, upTo uint64, err error) {
	lastOf = make(map[string]uint64)
	for {
		entries, end, err := c.direct(ctx, request{Seq: after + 1, MultiLast: subjects, MaxBytes: 4 * batchOctets})
		if err != nil {
			return nil, 0, err
		}
		for _, e := range entries {
			lastOf[last(e.header, headerSubject)] = e.seq
			after = max(after, e.seq)
		}
		if end == nil {
			return lastOf, 0, nil
		}
		if n, ok := sequence(end, headerUpTo); ok && (upTo == 0 || n < upTo) {
			upTo = n
		}
		if pending, _ := sequence(end, headerPending); pending == 0 || len(entries) == 0 {
			return lastOf, upTo, nil
		}
	}
}
