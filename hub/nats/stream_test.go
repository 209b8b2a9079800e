package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/nats-io/nats.go/jetstream"
)

func TestNodesThatMakeTheStreamAtOnceHaveOne(t *testing.T) {
	s := startServer(t, t.TempDir())
	const nodes = 8
	positions := make([]hub.Position, nodes)
	var wg sync.WaitGroup
	for i := range positions {
		b := newBroker(t, connect(t, s), nil)
		wg.Go(func() {
			var err error
			if positions[i], err = b.Publish(t.Context(), logged("blue", 100), &hub.Message{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	offsets := make(map[uint64]bool)
	for _, p := range positions {
		offsets[p.Offset] = true
		if p.Epoch != positions[0].Epoch {
			t.Errorf("epochs are %q and %q", p.Epoch, positions[0].Epoch)
		}
	}
	if len(offsets) != nodes {
		t.Errorf("%d messages have %d offsets", nodes, len(offsets))
	}
}

func TestRoomsWithEqualHistoryShareAStream(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), &Options{Prefix: "two"})
	rooms := []hub.Room{
		logged("a", 10), logged("b", 10), logged("c", 20),
		{Name: "d", Logged: true, History: hub.History{Messages: 10, Age: time.Hour}},
		{Name: "e", Logged: true}, {Name: "f", Logged: true}, {Name: "g"},
	}
	for _, r := range rooms {
		publish(t, b, r, "x")
	}
	var names []string
	list := b.js.StreamNames(t.Context())
	for name := range list.Name() {
		names = append(names, name)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(len(names), names), "4 [two_h_10-3600s two_h_10-forever two_h_20-forever two_h_ordered]"; got != want {
		t.Errorf("there are %s streams, want %s", got, want)
	}
}

func TestAStreamWithOtherSettingsIsNotUsed(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*jetstream.StreamConfig)
		says   string // "": it is used
	}{
		{"none", func(c *jetstream.StreamConfig) {}, ""},
		{"messages", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 7 }, "max_msgs_per_subject is 7 instead of 10"},
		{"age", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, "max_age is 1h0m0s instead of 0s"},
		{"storage", func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }, "storage is Memory instead of File"},
		{"republish off", func(c *jetstream.StreamConfig) { c.RePublish = nil }, "republish is off instead of everwire.h.10-forever.>"},
		{"republish elsewhere", func(c *jetstream.StreamConfig) { c.RePublish.Destination = "x.>" }, "republish is everwire.h.10-forever.> to x.>"},
		{"only headers", func(c *jetstream.StreamConfig) { c.RePublish.HeadersOnly = true }, "republish is headers of"},
		{"subjects", func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "x.>") }, "subjects is everwire.h.10-forever.> x.>"},
		{"no direct get", func(c *jetstream.StreamConfig) { c.AllowDirect = false }, "allow_direct is false instead of true"},
		{"duplicates for less", func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }, "duplicate_window is 1s instead of 2m0s"},
		{"duplicates for more", func(c *jetstream.StreamConfig) { c.Duplicates = time.Hour }, ""},
		{"no more than so many octets", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 }, ""},
		{"compressed", func(c *jetstream.StreamConfig) { c.Compression = jetstream.S2Compression }, ""},
		{"refuses what is too much", func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew }, "discard is DiscardNew instead of DiscardOld"},
		{"no acknowledgement", func(c *jetstream.StreamConfig) { c.NoAck = true }, "no_ack is true instead of false"},
		{"two", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject, c.AllowDirect = 7, false }, "instead of 10, allow_direct"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, t.TempDir())
			b := newBroker(t, connect(t, s), nil)
			config := b.class(hub.History{Messages: 10}).config()
			test.change(&config)
			if _, err := b.js.CreateStream(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			_, err := b.Publish(t.Context(), logged("blue", 10), &hub.Message{})
			switch {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), config.Name)):
				t.Errorf("the error is %v, want one that says %q", err, test.says)
			case test.says != "" && errors.Is(err, hub.ErrUnavailable):
				t.Errorf("%v wraps ErrUnavailable, but trying again does not help", err)
			}
		})
	}
}

func TestAMessageThatIsTooLargeIsRefused(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), nil)
	large := &hub.Message{Data: make([]byte, 1<<20)} // and headers
	for name, r := range map[string]hub.Room{"plain": {Name: "blue"}, "logged": logged("blue", 10)} {
		_, err := b.Publish(t.Context(), r, large)
		if err == nil || errors.Is(err, hub.ErrUnavailable) || !strings.Contains(err.Error(), "max_payload") {
			t.Errorf("%s: the error is %v, want one that names max_payload and not ErrUnavailable", name, err)
		}
	}
}

func TestHeadersThatAreTooLargeAreRefused(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), nil)
	_, err := b.Publish(t.Context(), logged("blue", 10), &hub.Message{Publisher: strings.Repeat("x", 64<<10)})
	if err == nil || errors.Is(err, hub.ErrUnavailable) || !strings.Contains(err.Error(), "header") {
		t.Errorf("the error is %v, want one that names headers and not ErrUnavailable", err)
	}
}

func TestWithoutJetStreamLoggedRoomsAreUnavailable(t *testing.T) {
	s := startBare(t)
	b := newBroker(t, connect(t, s), &Options{Timeout: time.Second})
	if _, err := b.Publish(t.Context(), logged("blue", 10), &hub.Message{}); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Publish: %v, want ErrUnavailable", err)
	}
	if _, err := b.Read(t.Context(), logged("blue", 10), hub.Position{}); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("Read: %v, want ErrUnavailable", err)
	}
	if err := b.Err(); !errors.Is(err, hub.ErrUnavailable) || !strings.Contains(err.Error(), "JetStream") {
		t.Errorf("Err: %v, want one that names JetStream", err)
	}
	plain := hub.Room{Name: "blue"}
	rec, _ := follow(t, b, plain)
	publish(t, b, plain, "x")
	rec.isTold(t, "x")
}

// Who is told that there are not enough nodes asks again for a while, and then is told so.
func TestPatienceWithNodesThatSeemOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &jetstream.APIError{Code: 400, ErrorCode: noSuitablePeers, Description: "no suitable peers for placement, peer offline"}
		asked := 0
		if err := patiently(t.Context(), func() error {
			if asked++; asked <= 3 {
				return refused
			}
			return nil
		}); err != nil {
			t.Errorf("the fourth time: %v", err)
		}
		began := time.Now()
		err := patiently(t.Context(), func() error { return refused })
		if took := time.Since(began); err != error(refused) || took < peersPatience || took > peersPatience+maxPause {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// shy is a JetStream whose nodes seem offline when the first streams are to be made.
type shy struct {
	jetstream.JetStream
	refusals atomic.Int64
}

func (s *shy) CreateStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	if s.refusals.Add(-1) >= 0 {
		return nil, &jetstream.APIError{Code: 400, ErrorCode: noSuitablePeers, Description: "no suitable peers for placement, peer offline"}
	}
	return s.JetStream.CreateStream(ctx, c)
}

// Rooms and presence wait for nodes that seem offline.
func TestStreamsAreMadeOfNodesThatSeemOffline(t *testing.T) {
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), nil)
	js := &shy{JetStream: b.js}
	b.js = js
	js.refusals.Store(2)
	publish(t, b, logged("blue", 10), "x")
	js.refusals.Store(2)
	if err := b.Enter(t.Context(), "blue", hub.Member{ID: "ada"}); err != nil {
		t.Errorf("Enter: %v", err)
	}
	if n := js.refusals.Load(); n > 0 {
		t.Errorf("%d refusals are left", n)
	}
}
