package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// duplicates is how long JetStream knows an ID.
const duplicates = 2 * time.Minute

// The shortest age that JetStream has.
const minAge = 100 * time.Millisecond

// config is how the class's stream is to be.
func (c *class) config() jetstream.StreamConfig {
	prefix := c.b.opts.Prefix
	config := jetstream.StreamConfig{
		Name:              c.stream,
		Description:       "rooms of Everwire",
		Subjects:          []string{prefix + ".h." + c.token + ".>"},
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxMsgSize:        -1,
		MaxConsumers:      -1,
		MaxMsgsPerSubject: int64(c.history.Messages),
		Storage:           jetstream.FileStorage,
		Replicas:          c.b.opts.Replicas,
		Duplicates:        duplicates,
		AllowDirect:       true,
		RePublish: &jetstream.RePublish{
			Source:      prefix + ".h." + c.token + ".>",
			Destination: prefix + ".l." + c.token + ".>",
		},
	}
	if c.history.Age > 0 {
		config.MaxAge = max(c.history.Age, minAge)
		config.Duplicates = min(duplicates, config.MaxAge)
	}
	return config
}

// exists reports whether there is a stream already.
func (c *class) exists(ctx context.Context) bool {
	_, err := c.b.js.Stream(ctx, c.stream)
	return err == nil
}

// ensure returns what JetStream says of the stream, which it makes if there is none.
func (c *class) ensure(ctx context.Context) (*jetstream.StreamInfo, error) {
	want := c.config()
	s, err := c.b.makeStream(ctx, want)
	if err != nil {
		return nil, streamError(c.stream, err)
	}
	info := s.CachedInfo()
	have := info.Config
	if diff := differences(&have, &want); len(diff) > 0 {
		return nil, refuse("the stream %s is there with other settings: %s; delete or change it, or use another prefix", c.stream, strings.Join(diff, ", "))
	}
	if have.Replicas < want.Replicas {
		have.Replicas = want.Replicas
		if s, err = c.b.js.UpdateStream(ctx, have); err != nil {
			return nil, streamError(c.stream, fmt.Errorf("%d replicas are asked for: %w", want.Replicas, err))
		}
		info = s.CachedInfo()
	}
	return info, nil
}

// makeStream returns the stream of that name, which it makes if there is none.
func (b *Broker) makeStream(ctx context.Context, want jetstream.StreamConfig) (s jetstream.Stream, err error) {
	err = patiently(ctx, func() (err error) {
		s, err = b.js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			s, err = b.js.CreateStream(ctx, want)
			if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another node was faster, with other replicas
				s, err = b.js.Stream(ctx, want.Name)
			}
		}
		return err
	})
	return s, err
}

// A node may seem to be offline for a moment, to a leader that has not heard of it yet: so it is asked again for a while.
const (
	noSuitablePeers = 10005
	peersPatience   = 5 * time.Second
)

// patiently asks again while JetStream says that there is no leader at the moment, until ctx ends, or, for peersPatience,
// that there are not enough nodes for a stream.
func patiently(ctx context.Context, ask func() error) error {
	began := time.Now()
	for pause := minPause; ; pause = min(2*pause, maxPause/2) {
		err := ask()
		var refused *jetstream.APIError
		if !errors.As(err, &refused) ||
			refused.Code != 503 && (refused.ErrorCode != noSuitablePeers || time.Since(began) > peersPatience) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

func streamError(stream string, err error) error {
	if errors.Is(err, natsgo.ErrNoResponders) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
		return fmt.Errorf("stream %s: JetStream does not answer: it is starting, or not turned on (nats-server -js)", stream)
	}
	return fmt.Errorf("stream %s: %w", stream, err)
}

// differences says what of a stream's settings is not as it must be. Operators may limit its size, compress
// it and place it.
func differences(have, want *jetstream.StreamConfig) (diff []string) {
	add := func(name string, have, want any) {
		if have != want {
			diff = append(diff, fmt.Sprintf("%s is %v instead of %v", name, have, want))
		}
	}
	if !slices.Equal(have.Subjects, want.Subjects) {
		add("subjects", strings.Join(have.Subjects, " "), strings.Join(want.Subjects, " "))
	}
	add("max_msgs_per_subject", have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	add("max_age", have.MaxAge, want.MaxAge)
	add("retention", have.Retention, want.Retention)
	add("discard", have.Discard, want.Discard)
	add("discard_new_per_subject", have.DiscardNewPerSubject, false)
	add("storage", have.Storage, want.Storage)
	add("no_ack", have.NoAck, false)
	add("sealed", have.Sealed, false)
	add("allow_direct", have.AllowDirect, true)
	if have.Duplicates < want.Duplicates {
		add("duplicate_window", have.Duplicates, want.Duplicates)
	}
	if have.SubjectTransform != nil {
		add("subject_transform", "set", "none")
	}
	if have.Mirror != nil {
		add("mirror", have.Mirror.Name, "none")
	}
	add("republish", republished(have.RePublish), republished(want.RePublish))
	return diff
}

func republished(r *jetstream.RePublish) string {
	switch {
	case r == nil:
		return "off"
	case r.HeadersOnly:
		return fmt.Sprintf("headers of %s to %s", r.Source, r.Destination)
	}
	return fmt.Sprintf("%s to %s", r.Source, r.Destination)
}
