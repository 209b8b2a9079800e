package nats

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The buckets are key-value buckets as NATS' tools know them.
const (
	headerOperation = "KV-Operation"
	headerTTL       = "Nats-TTL"

	// A removed member leaves a marker, which watchers are told of like of any other change, for so long.
	markerTTL = 10 * time.Second

	listBatch = 512
)

func (p *presence) bucket(name string) string { return p.b.opts.Prefix + "_" + name }

// stream is what a bucket is to JetStream; key is the subject of a key.
func (p *presence) stream(bucket string) string   { return "KV_" + p.bucket(bucket) }
func (p *presence) key(bucket, key string) string { return "$KV." + p.bucket(bucket) + "." + key }

const (
	memberBucket = "presence"
	nodeBucket   = "nodes"
)

// make makes the buckets, if they are not there.
func (p *presence) make(ctx context.Context) error {
	for _, name := range []string{nodeBucket, memberBucket} {
		want := jetstream.StreamConfig{
			Name:              p.stream(name),
			Description:       "presence of Everwire",
			Subjects:          []string{p.key(name, ">")},
			Discard:           jetstream.DiscardNew,
			MaxMsgs:           -1,
			MaxBytes:          -1,
			MaxMsgSize:        -1,
			MaxConsumers:      -1,
			MaxMsgsPerSubject: 1,
			Storage:           jetstream.MemoryStorage,
			Replicas:          min(p.b.opts.Replicas, 3),
			AllowDirect:       true,
			AllowRollup:       true,
			AllowMsgTTL:       true,
		}
		if name == memberBucket {
			want.RePublish = &jetstream.RePublish{Source: p.key(name, ">"), Destination: p.b.opts.Prefix + ".m.>"}
		}
		if err := p.makeOne(ctx, want); err != nil {
			return fmt.Errorf("bucket %s: %w", p.bucket(name), err)
		}
	}
	return nil
}

func (p *presence) makeOne(ctx context.Context, want jetstream.StreamConfig) error {
	s, err := p.b.makeStream(ctx, want)
	if err != nil {
		return err
	}
	have := s.CachedInfo().Config
	if !have.AllowMsgTTL || !have.AllowDirect || have.MaxMsgsPerSubject != 1 || republished(have.RePublish) != republished(want.RePublish) {
		return refuse("the stream %s is there with other settings; delete it, or use another prefix", want.Name)
	}
	if have.Replicas < want.Replicas {
		have.Replicas = want.Replicas
		_, err = p.b.js.UpdateStream(ctx, have)
	}
	return err
}

// put writes a member, and returns at which sequence.
func (p *presence) put(ctx context.Context, ses *session, s *standing) (uint64, error) {
	data, err := encodeMember(s.member)
	if err != nil {
		return 0, err
	}
	return p.write(ctx, p.key(memberBucket, ses.name+"."+s.room+"."+s.id), nil, data)
}

// remove writes that a member is there no more.
func (p *presence) remove(ctx context.Context, ses *session, s *standing) error {
	_, err := p.write(ctx, p.key(memberBucket, ses.name+"."+s.room+"."+s.id), natsgo.Header{
		headerOperation: {"DEL"},
		headerTTL:       {markerTTL.String()},
	}, nil)
	return err
}

// write writes a key, and returns at which sequence.
func (p *presence) write(ctx context.Context, subject string, header natsgo.Header, data []byte) (uint64, error) {
	ack, err := p.b.js.PublishMsg(ctx, &natsgo.Msg{Subject: subject, Header: header, Data: data})
	if err != nil {
		return 0, fmt.Errorf("presence: %w", err)
	}
	return ack.Sequence, nil
}

// purge removes all keys that a subject matches, without a word.
func (p *presence) purge(ctx context.Context, bucket, key string) error {
	s, err := p.b.js.Stream(ctx, p.stream(bucket))
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(p.key(bucket, key)))
}

// A listing is what a bucket has of a room, what was removed a moment ago included.
type listing struct {
	since   uint64 // the clock of presence when it was begun
	records []presenceRecord
}

// list reads the members of a room, of all sessions.
func (p *presence) list(ctx context.Context, tokens string) (listing, error) {
	p.mu.Lock()
	l := listing{since: p.sessions.tick()}
	p.mu.Unlock()
	err := p.each(ctx, memberBucket, "*."+tokens+".*", func(key string, e entry) {
		if r, ok := record(key, e); ok {
			l.records = append(l.records, r)
		}
	})
	return l, err
}

// record makes one of a key, session.room.id, and its value.
func record(key string, e entry) (r presenceRecord, ok bool) {
	first, end := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
	if first < 0 || first == end {
		return r, false
	}
	r = presenceRecord{session: key[:first], id: key[end+1:], seq: e.seq}
	if last(e.header, headerOperation) != "" {
		r.gone = true
		return r, true
	}
	r.member, ok = decodeMember(r.id, e.data)
	return r, ok
}

// each reads all keys of a bucket that a pattern matches, from any replica.
func (p *presence) each(ctx context.Context, bucket, pattern string, f func(key string, e entry)) error {
	r := request{Seq: 1, Next: p.key(bucket, pattern), Batch: listBatch, MaxBytes: batchOctets}
	for {
		entries, end, err := p.b.direct(ctx, p.stream(bucket), r)
		if err != nil {
			return fmt.Errorf("bucket %s: %w", p.bucket(bucket), err)
		}
		for _, e := range entries {
			f(strings.TrimPrefix(last(e.header, headerSubject), p.key(bucket, "")), e)
		}
		if pending, _ := sequence(end, headerPending); len(entries) == 0 || end != nil && pending == 0 {
			return nil
		}
		r.Seq = entries[len(entries)-1].seq + 1
	}
}

// leads asks the leader whether a key is there.
func (p *presence) leads(ctx context.Context, bucket, key string) (bool, error) {
	body, err := json.Marshal(request{Last: p.key(bucket, key)})
	if err != nil {
		return false, err
	}
	m, err := p.b.ask(ctx, "$JS.API.STREAM.MSG.GET."+p.stream(bucket), body)
	if err != nil {
		return false, err
	}
	var answer struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return false, err
	}
	switch e := answer.Error; {
	case e == nil:
		return true, nil
	case e.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return false, nil
	default:
		return false, e
	}
}
